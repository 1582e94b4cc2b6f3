import type { Ports } from '../../ports/ports.ts';
import type { StartMessage } from '../../ports/queue.ts';
import { messageOf } from './postpone.ts';
import { startRun } from './startRun.ts';

/** Starts a run that was kept while a message was handled. Where the store fails it is sent a start message after all. */
export async function startKept(run: StartMessage, ports: Ports): Promise<void> {
  try {
    await startRun(run, ports);
  } catch (error) {
    ports.log('warning', `run ${run.runId} is sent a start message: ${messageOf(error)}`, { ...run });
    await ports.queue.sendStart([run]);
  }
}
