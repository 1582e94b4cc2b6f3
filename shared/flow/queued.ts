import type { Run } from '../model/run.ts';
import type { Place } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { ringReady } from './ready.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'settings'>;

/** Why a queued run does not start now. */
export interface Wait {
  /** The runs that must end first, `registry/runId`; none where it waits for something else. */
  runs: string[];
  reason: string;
  /** The base images over which it waits: looked at again before it starts. */
  images: string[];
}

/** An automatic run has something that triggered it; ACR's "Manual" is a run without. */
export const isAutomatic = ({ imageUpdateTrigger, timerTrigger, sourceTrigger }: Run) =>
  (imageUpdateTrigger ?? timerTrigger ?? sourceTrigger) !== undefined;

/** Started for nothing but its base images: with the same ones there is nothing to build. */
export const isOnlyImageUpdate = ({ imageUpdateTrigger, timerTrigger, sourceTrigger }: Run) =>
  imageUpdateTrigger !== undefined && !timerTrigger && !sourceTrigger;

/** A queued run's place in the queue, as its row says. */
export const placeOf = (run: Run): Place => ({
  registry: run.registry,
  runId: run.runId,
  automatic: isAutomatic(run),
  ...(run.waitingFor && { waitsFor: run.waitingFor.runs }),
});

/**
 * Lets a queued run wait, and the next in the queue go before it. The run says why.
 * @param againAfter seconds until it is looked at again, besides when one of the runs ends
 * @throws ConflictError
 */
export async function letWait(
  run: Stored<Run>,
  wait: Wait,
  againAfter: number,
  ports: Flow,
  more: Partial<Run> = {},
): Promise<void> {
  const { registry, runId, waitingFor } = run.value;
  if (waitingFor?.reason !== wait.reason || Object.keys(more).length > 0) {
    const value: Run = { ...run.value, ...more, waitingFor: wait };
    const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
    if (!waitingFor) writes.push({ remove: 'place', value: placeOf(run.value) });
    writes.push({ put: 'place', value: placeOf(value), replace: true });
    await ports.store.commit(registry, writes);
    // Who is waited for may have ended between the reading and the writing, and then rang too early.
    await ports.queue.ringStart([{ registry, runId }], againAfter);
  }
  await ringReady(registry, ports);
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
