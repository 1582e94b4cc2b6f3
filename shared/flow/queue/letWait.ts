import type { Run } from '../../model/run.ts';
import type { Trouble, Waiting } from '../../model/waiting.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Stored, Write } from '../../ports/store.ts';
import { callNext } from './nextInQueue.ts';
import { backWrites, queueEntryOf, waitingPlace } from './places.ts';
import { endedAmong } from './waiters.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings'>;

/**
 * Lets a queued run wait; the next in the queue goes before it where it left its place there. The reason is in the
 * run. One that waits for the same already is left as it is, and it is sent no message: messages between waiting runs
 * would multiply.
 * @param againAfter seconds until it is looked at again, where no end of a run brings that about
 * @throws ConflictError
 */
export async function letWait(
  run: Stored<Run>,
  wait: Waiting,
  { againAfter, trouble }: { againAfter?: number; trouble?: Trouble },
  ports: Flow,
): Promise<void> {
  const { preparing, ...kept } = without(run.value, 'trouble');
  const { registry, runId, waitingFor } = kept;
  if (waitingFor?.reason === wait.reason && !preparing && !trouble) return callNext(registry, ports, runId);
  const value: Run = { ...kept, ...(trouble && { trouble }), waitingFor: wait };
  const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
  if (!waitingFor) writes.push({ remove: 'place', value: queueEntryOf(run.value) });
  writes.push(...waitingPlace(value));
  // Before the writing: where the worker dies in between, the message that it handles comes again before the time, and
  // does nothing.
  if (againAfter !== undefined) await ports.queue.sendStart([{ registry, runId }], againAfter);
  await ports.store.commit(registry, writes);
  // A run that it waits for may have ended between the reading and the writing, and its message came too early.
  if ((await endedAmong(wait.runs, ports)).length > 0) await ports.queue.sendStart([{ registry, runId }]);
  await callNext(registry, ports, runId);
}

/** What the run waited for is over: it takes its place in the queue again. @throws ConflictError */
export async function backInQueue(run: Stored<Run>, ports: Flow): Promise<void> {
  const { registry, runId } = run.value;
  await ports.store.commit(registry, backWrites(run));
  await callNext(registry, ports, runId);
}
