import type { RunEngine } from '../../ports/runEngine.ts';

/** One of ACR's two ways to start a build. */
export type Starter = Pick<RunEngine, 'keepsKeys' | 'schedule' | 'find' | 'forget' | 'keys'>;

/** Lets seconds pass. */
export type Wait = (seconds: number) => Promise<void>;
