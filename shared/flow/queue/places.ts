import { isAutomatic } from '../../model/cause.ts';
import type { Run } from '../../model/run.ts';
import type { QueueEntry } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import type { Stored, Write } from '../../ports/store.ts';

/** A queued run's place in the queue, from its row. */
export const queueEntryOf = (run: Run): QueueEntry => ({
  registry: run.registry,
  runId: run.runId,
  automatic: isAutomatic(run),
  // One of them is enough: if each sent a message, each waiting run would be read as often as there are others.
  ...(run.waitingFor && { waitsFor: run.waitingFor.runs.slice(-1) }),
});

/** The rows by which a queued run waits: its place among those that do, and what the awaited run finds it by. */
export function waitingPlace(run: Run): Write[] {
  const { registry, runId, waitingFor } = run;
  const awaited = waitingFor?.runs.at(-1);
  return [
    { put: 'place', value: queueEntryOf(run), replace: true },
    ...(awaited
      ? [{ put: 'waiter' as const, value: { registry, runId, awaited }, replace: true as const }]
      : []),
  ];
}

/** The rows with which a run that waited takes its place in the queue again. */
export function backWrites({ value: run, etag }: Stored<Run>): Write[] {
  const value = without(run, 'waitingFor');
  return [
    { put: 'run', value, etag },
    { remove: 'place', value: queueEntryOf(run) },
    { put: 'place', value: queueEntryOf(value), replace: true },
  ];
}
