import type { Run } from '../../model/run.ts';
import type { Trouble, Waiting } from '../../model/waiting.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Stored, UnreadableError, type Write } from '../../ports/store.ts';
import { isAsking } from '../../rules/queue/asking.ts';
import { letsOthersFirst } from '../../rules/queue/mayStart.ts';
import { callNext } from './nextInQueue.ts';
import { backWrites, queueEntryOf, waitingPlace } from './places.ts';
import { isOver, letGoOn } from './waiters.ts';

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
  { againAfter, trouble, writes: others = [] }: { againAfter?: number; trouble?: Trouble; writes?: Write[] },
  ports: Flow,
): Promise<void> {
  const { preparing, ...kept } = without(run.value, 'trouble');
  const { registry, runId, waitingFor } = kept;
  if (waitingFor?.reason === wait.reason && !preparing && !trouble) return callNext(registry, ports, runId);
  const value: Run = { ...kept, ...(trouble && { trouble }), waitingFor: wait };
  const writes: Write[] = [{ put: 'run', value, etag: run.etag }, ...others];
  if (!waitingFor) writes.push({ remove: 'place', value: queueEntryOf(run.value) });
  writes.push(...waitingPlace(value));
  // Before the writing: where the worker dies in between, the message that it handles comes again before the time, and
  // does nothing.
  if (againAfter !== undefined) await ports.queue.sendStart([{ registry, runId }], againAfter);
  await ports.store.commit(registry, writes);
  // A run that it waits for may have ended between the reading and the writing, and its message came too early.
  if (await isOver(wait, ports)) await ports.queue.sendStart([{ registry, runId }]);
  await askedBy(run.value, value, ports);
  await callNext(registry, ports, runId);
}

/**
 * Those that wait until a run has asked a server take their places in the queue again, once it asks no more.
 * @returns whether there was one
 */
export async function askedBy(before: Run, after: Run, ports: Flow): Promise<boolean> {
  const { server, nextTry } = before.waitingFor ?? {};
  const now = ports.clock.now();
  if (server === undefined || nextTry === undefined || isAsking(after, server, now)) return false;
  return letGoOn(before.registry, `${before.registry}/${before.runId}`, [], ports);
}

/** What the run waited for is over: it takes its place in the queue again. @throws ConflictError */
export async function backInQueue(run: Stored<Run>, ports: Flow): Promise<void> {
  const { registry, runId } = run.value;
  await ports.store.commit(registry, backWrites(run));
  await askedBy(run.value, without(run.value, 'waitingFor'), ports);
  await callNext(registry, ports, runId);
}

/**
 * The queued runs of a task that was changed wait no more for a time or for who asks a server: they may not need it any
 * more. One that is changed meanwhile is left as it is.
 */
export async function tryAnew(
  registry: string,
  runIds: string[],
  ports: Flow & Pick<Ports, 'log'>,
): Promise<void> {
  const now = ports.clock.now();
  for (const run of runIds.length > 0 ? await ports.store.runsOf(registry, runIds) : []) {
    if (!run || run instanceof UnreadableError) continue;
    const { runId, status, preparing } = run.value;
    if (status !== 'Queued' || preparing || !letsOthersFirst(run.value, now)) continue;
    await backInQueue(run, ports).catch((error) =>
      ports.log('warning', `run ${runId} is tried later: ${error.message}`, { registry, runId }),
    );
  }
}
