import { buildsTaskAsDefined, type Pin, type Run } from '../../model/run.ts';
import type { Slots, TaskState } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import { formatImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, type Write } from '../../ports/store.ts';
import { freeSlots } from '../../rules/queue/dispatch.ts';
import { withPinned, withRunning } from '../../rules/taskState.ts';
import { claimSeconds, maxSlotConflicts } from '../../rules/timing.ts';
import type { Prepared } from '../prepare/prepare.ts';
import { slotsOf } from '../queue/nextInQueue.ts';
import { queueEntryOf } from '../queue/places.ts';

/**
 * Queued → Started, its digests recorded: one transaction, so that only one worker asks the engine.
 * @returns undefined when the last free slot was taken meanwhile; the run that frees one sends its start message
 * @throws ConflictError when the run or its task was changed
 */
export async function claim(
  run: Stored<Run>,
  state: Stored<TaskState> | undefined,
  prepared: Prepared | undefined,
  ports: Ports,
): Promise<Run | undefined> {
  const { registry, runId } = run.value;
  const expected = state?.value.built?.seconds;
  const value: Run = {
    ...claimed(run.value, prepared, ports.clock.now()),
    ...(expected !== undefined && { expectedSeconds: expected }),
  };
  for (let turn = 1; ; turn++) {
    const pace = await slotsOf(registry, ports);
    if (freeSlots(pace.value, ports.settings.runsPerRegistry) === 0) return undefined;
    try {
      await ports.store.commit(registry, claimWrites(run, value, { state, pace }, prepared));
      return value;
    } catch (error) {
      if (!(error instanceof ConflictError) || turn === maxSlotConflicts) throw error;
      // Most often it was the slots that another wrote.
      if (turn === 1) continue;
      if ((await ports.store.run(registry, runId))?.etag !== run.etag) throw error;
      if (state && (await ports.store.state(registry, state.value.task))?.etag !== state.etag) throw error;
    }
  }
}

function claimed(run: Run, prepared: Prepared | undefined, now: Date): Run {
  const time = now.toISOString();
  const queued = without(run, 'waitingFor', 'trouble');
  return {
    ...queued,
    status: 'Started',
    startTime: time,
    lastUpdatedTime: time,
    claimedUntil: new Date(now.getTime() + claimSeconds * 1000).toISOString(),
    ...(prepared?.pins && { pins: prepared.pins }),
    ...(prepared && { pinnedAt: prepared.pinnedAt, notes: prepared.notes }),
    ...(prepared?.commit && { commit: prepared.commit }),
    ...(prepared?.branch && { branch: prepared.branch }),
    ...(prepared?.standsOn && { standsOn: prepared.standsOn }),
    ...(queued.imageUpdateTrigger &&
      prepared?.pins && { imageUpdateTrigger: withPinnedDigests(queued, prepared.pins) }),
  };
}

function claimWrites(
  run: Stored<Run>,
  value: Run,
  { state, pace }: { state: Stored<TaskState> | undefined; pace: { value: Slots; etag: string | undefined } },
  prepared: Prepared | undefined,
): Write[] {
  const { runId } = value;
  const writes: Write[] = [
    { put: 'run', value, etag: run.etag },
    { put: 'pace', value: withRunning(pace.value, runId), ...(pace.etag && { etag: pace.etag }) },
    { remove: 'place', value: queueEntryOf(run.value) },
  ];
  if (!state) return writes;
  const reading = prepared?.pins && { pins: prepared.pins, pinnedAt: prepared.pinnedAt };
  const pinned = withPinned(state.value, runId, reading);
  // What the state has counts as written to the edges, and only a run of the task as it is defined writes those.
  const made = buildsTaskAsDefined(value) ? (prepared?.outputs ?? []) : [];
  const outputs = [...new Set([...pinned.outputs, ...made])];
  return [...writes, { put: 'state', value: { ...pinned, outputs }, etag: state.etag }];
}

/** The trigger names what was pushed; the run was built on what the tag stood for when it started. */
function withPinnedDigests(run: Run, pins: Pin[]) {
  const images = run.imageUpdateTrigger!.images.map((image) => {
    const reference = formatImageRef({
      registry: image.registry,
      repository: image.repository,
      ...(image.tag && { tag: image.tag }),
    });
    const pin = pins.find((candidate) => candidate.image === reference);
    return pin ? { ...image, digest: pin.digest } : image;
  });
  return { ...run.imageUpdateTrigger!, images };
}
