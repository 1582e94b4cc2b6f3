import { PlinthError } from '../names/plinthError.ts';
/** The run cannot be built as it is; the message is for people. Another try would end the same. */
export class BuildFault extends PlinthError {}
