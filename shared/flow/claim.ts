import { formatImageRef } from '../imageRef.ts';
import type { Pin, Run } from '../model/run.ts';
import type { Pace, TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { withPinned, withRunning } from '../transitions.ts';
import { placeOf } from './endRun.ts';
import type { Prepared } from './prepare.ts';

/** Queued → Started, its digests recorded: one transaction, so that only one worker asks the engine. */
export async function claim(
  run: Stored<Run>,
  state: Stored<TaskState> | undefined,
  pace: { value: Pace; etag: string | undefined },
  prepared: Prepared | undefined,
  ports: Ports,
): Promise<Run> {
  const { registry, runId } = run.value;
  const time = ports.clock.now().toISOString();
  const { waitingFor: _, ...queued } = run.value;
  const value: Run = {
    ...queued,
    status: 'Started',
    startTime: time,
    lastUpdatedTime: time,
    ...(prepared?.pins && { pins: prepared.pins }),
    ...(prepared && { pinnedAt: prepared.pinnedAt, notes: prepared.notes }),
    ...(prepared?.commit && { commit: prepared.commit }),
    ...(prepared?.branch && { branch: prepared.branch }),
    ...(prepared?.standsOn && { standsOn: prepared.standsOn }),
    ...(queued.imageUpdateTrigger &&
      prepared?.pins && { imageUpdateTrigger: withPinnedDigests(queued, prepared.pins) }),
  };
  const writes: Write[] = [
    { put: 'run', value, etag: run.etag },
    { put: 'pace', value: withRunning(pace.value, runId), ...(pace.etag && { etag: pace.etag }) },
    { remove: 'place', value: placeOf(run.value) },
  ];
  if (state) {
    const reading = prepared?.pins && { pins: prepared.pins, pinnedAt: prepared.pinnedAt };
    const pinned = withPinned(state.value, runId, reading);
    const outputs = [...new Set([...pinned.outputs, ...(prepared?.outputs ?? [])])];
    writes.push({ put: 'state', value: { ...pinned, outputs }, etag: state.etag });
  }
  await ports.store.commit(registry, writes);
  return value;
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
