import { posix } from 'node:path';
import type { Pusher } from '../build/pushImage.ts';
import type { PushedImage, TaskWork } from '../types.ts';

/** What all steps of a run share. */
export interface StepWorld extends Pusher {
  work: TaskWork;
  /** The source on this machine; every step sees it as `/workspace`. */
  workspace: string;
  /** Values that no log may show. */
  secrets: string[];
  storageDriver: string;
  /** What was pushed so far. */
  pushed: PushedImage[];
}

/** The absolute working directory of a step, as the step sees it. */
export const inWorkspace = (workingDirectory = '') => posix.resolve('/workspace', workingDirectory);
