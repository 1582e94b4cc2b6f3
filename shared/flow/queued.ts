import { isAutomatic, type Run } from '../model/run.ts';
import type { Place } from '../model/state.ts';
import type { Trouble, Waiting } from '../model/waiting.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { ringReady } from './ready.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'settings'>;

/** Started for nothing but its base images: with the same ones there is nothing to build. */
export const isOnlyImageUpdate = ({ imageUpdateTrigger, timerTrigger, sourceTrigger }: Run) =>
  imageUpdateTrigger !== undefined && !timerTrigger && !sourceTrigger;

/** A queued run's place in the queue, as its row says. */
export const placeOf = (run: Run): Place => ({
  registry: run.registry,
  runId: run.runId,
  automatic: isAutomatic(run),
  // One of them is enough: rung by every one, each waiting run would be looked at as often as there are others.
  ...(run.waitingFor && { waitsFor: run.waitingFor.runs.slice(-1) }),
});

/** Whether a run waits for a time that has not come. */
export const isBeforeItsTime = ({ waitingFor }: Run, { clock }: Pick<Ports, 'clock'>) =>
  waitingFor?.nextTry !== undefined && Date.parse(waitingFor.nextTry) > clock.now().getTime();

/**
 * Lets a queued run wait; the next in the queue goes before it where it left its place there. The run says why. One that
 * waits for the same already is left as it is, and nobody is rung: waiting runs that rang for one another would multiply.
 * @param againAfter seconds until it is looked at again, besides when one of the runs ends
 * @throws ConflictError
 */
export async function letWait(
  run: Stored<Run>,
  wait: Waiting,
  againAfter: number,
  ports: Flow,
  trouble?: Trouble,
): Promise<void> {
  const { preparing, trouble: _, ...kept } = run.value;
  const { registry, runId, waitingFor } = kept;
  if (waitingFor?.reason === wait.reason && !preparing && !trouble) return;
  const value: Run = { ...kept, ...(trouble && { trouble }), waitingFor: wait };
  const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
  if (!waitingFor) writes.push({ remove: 'place', value: placeOf(run.value) });
  writes.push({ put: 'place', value: placeOf(value), replace: true });
  await ports.store.commit(registry, writes);
  // Who is waited for may have ended between the reading and the writing, and then rang too early.
  await ports.queue.ringStart([{ registry, runId }], againAfter);
  if (!waitingFor) await ringReady(registry, ports);
}

/** What the run waited for is over: it takes its place in the queue again. @throws ConflictError */
export async function backInQueue(run: Stored<Run>, ports: Flow): Promise<void> {
  const { registry, runId } = run.value;
  const { waitingFor: _, ...value } = run.value;
  await ports.store.commit(registry, [
    { put: 'run', value, etag: run.etag },
    { remove: 'place', value: placeOf(run.value) },
    { put: 'place', value: placeOf(value), replace: true },
  ]);
  await ports.queue.ringStart([{ registry, runId }]);
}
