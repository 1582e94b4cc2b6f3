import { isAutomatic } from '../../model/cause.ts';
import type { Run } from '../../model/run.ts';
import type { QueueEntry } from '../../model/state.ts';
import type { Trouble, Waiting } from '../../model/waiting.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Stored, Write } from '../../ports/store.ts';
import { wakeNext } from './nextInQueue.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'settings'>;

/** A queued run's place in the queue, from its row. */
export const queueEntryOf = (run: Run): QueueEntry => ({
  registry: run.registry,
  runId: run.runId,
  automatic: isAutomatic(run),
  // One of them is enough: if each sent a message, each waiting run would be read as often as there are others.
  ...(run.waitingFor && { waitsFor: run.waitingFor.runs.slice(-1) }),
});

/**
 * Lets a queued run wait; the next in the queue goes before it where it left its place there. The reason is in the
 * run. One that waits for the same already is left as it is, and no message is sent: messages between waiting runs
 * would multiply.
 * @param againAfter seconds until it is looked at again, besides when one of the runs ends
 * @throws ConflictError
 */
export async function letWait(
  run: Stored<Run>,
  wait: Waiting,
  { againAfter, trouble }: { againAfter: number; trouble?: Trouble },
  ports: Flow,
): Promise<void> {
  const { preparing, ...kept } = without(run.value, 'trouble');
  const { registry, runId, waitingFor } = kept;
  if (waitingFor?.reason === wait.reason && !preparing && !trouble) return;
  const value: Run = { ...kept, ...(trouble && { trouble }), waitingFor: wait };
  const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
  if (!waitingFor) writes.push({ remove: 'place', value: queueEntryOf(run.value) });
  writes.push({ put: 'place', value: queueEntryOf(value), replace: true });
  // The awaited run may have ended between the reading and the writing, and its message came too early. Sent before the
  // writing: where the worker dies in between, the message that it handles comes again before the time, and does nothing.
  await ports.queue.sendStart([{ registry, runId }], againAfter);
  await ports.store.commit(registry, writes);
  if (!waitingFor) await wakeNext(registry, ports);
}

/** What the run waited for is over: it takes its place in the queue again. @throws ConflictError */
export async function backInQueue(run: Stored<Run>, ports: Flow): Promise<void> {
  const { registry, runId } = run.value;
  const value = without(run.value, 'waitingFor');
  await ports.store.commit(registry, [
    { put: 'run', value, etag: run.etag },
    { remove: 'place', value: queueEntryOf(run.value) },
    { put: 'place', value: queueEntryOf(value), replace: true },
  ]);
  await ports.queue.sendStart([{ registry, runId }]);
}
