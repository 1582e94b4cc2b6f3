import { unknownDigest } from '../../model/run.ts';
import type { NewerDigest, Push, TaskState, TrackedBase } from '../../model/state.ts';
import { without } from '../../model/without.ts';

/*
 * What a task was notified of and is not built on yet: `newer` of its base images, so that "stale, and since when"
 * is read with the state. Set with the decision on a push and with the digests that a run read, taken away with the
 * success that is built on it. A task that never succeeded has none. Pure.
 */

/** The state with the newest digest of an image among what is newer; the same object where that says nothing new. */
export function withTold(state: TaskState, push: Push): TaskState {
  const base = state.bases.find(({ image }) => image === push.image);
  if (!base || !state.built) return state;
  const newer = toldOf(base, push, builtOn(state.built, push.image));
  if (newer === base.newer) return state;
  return { ...state, bases: state.bases.map((one) => (one === base ? withNewer(base, newer) : one)) };
}

function toldOf(base: TrackedBase, push: Push, built: string | undefined): NewerDigest | undefined {
  const { newer, pinnedAt } = base;
  if (push.digest === built) return undefined;
  if (newer?.digest === push.digest) return newer.push === undefined ? withPush(newer, push) : newer;
  // What comes after the digests were read is newer than they are, whatever time the push has.
  const at = [push.timestamp, pinnedAt].sort()[1]!;
  return { digest: push.digest, since: newer?.since ?? push.timestamp, at, push: push.id };
}

/** The run that found it came before its event. */
const withPush = (newer: NewerDigest, { id, timestamp }: Push): NewerDigest => ({
  ...newer,
  push: id,
  since: [timestamp, newer.since].sort()[0]!,
});

/**
 * Base images that a run has read, with what stays newer than its newest success.
 * @param before the state's own until now
 * @param built the newest success, of this run where it is one
 */
export function carryNewer(
  bases: TrackedBase[],
  before: TrackedBase[],
  built: TaskState['built'],
): TrackedBase[] {
  const known = new Map(before.map(({ image, newer }) => [image, newer]));
  return bases.map((base) =>
    withNewer(base, built && carriedOf(base, known.get(base.image), builtOn(built, base.image))),
  );
}

function carriedOf(
  { digest, pinnedAt }: TrackedBase,
  newer: NewerDigest | undefined,
  built: string | undefined,
): NewerDigest | undefined {
  if (newer && newer.digest !== built && newer.at >= pinnedAt) return newer;
  if (digest === built || digest === unknownDigest) return undefined;
  if (newer?.digest === digest) return newer;
  return { digest, since: newer?.since ?? pinnedAt, at: pinnedAt };
}

const builtOn = ({ pins }: NonNullable<TaskState['built']>, image: string) =>
  pins.find((pin) => pin.image === image)?.digest;

function withNewer(base: TrackedBase, newer: NewerDigest | undefined): TrackedBase {
  return newer ? { ...base, newer } : without(base, 'newer');
}
