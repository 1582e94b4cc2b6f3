import { platformText, usualPlatform } from '../model/platform.ts';
import type { PlanState, TrackedBase } from '../model/state.ts';
import { watchedBases } from '../rules/freshness/watched.ts';
import type { HeldBase } from './answers.ts';
import { cut } from './compact.ts';

/** Why the newest digest of a base image is not built on. */
export const heldBecause = ['tooYoung', 'quarantined', 'paused'] as const;

/** A base image of a task that is held for it. */
export interface HeldFor {
  base: TrackedBase;
  held: HeldBase;
  /** It is built on the held digest itself, and there is none to go back to. */
  isOnIt: boolean;
}

/**
 * The base image over which a task is not built on the newest digest; undefined where there is none. One that is built
 * on a quarantined digest comes first. Pure, for the server and for a browser.
 * @param held by image
 */
export function heldOf(state: PlanState, held: ReadonlyMap<string, HeldBase>): HeldFor | undefined {
  if (!state.bases.some(({ image }) => held.has(image))) return undefined;
  const all = watchedBases(state).flatMap((base): HeldFor[] => {
    const one = held.get(base.image);
    if (!one || !isHeldFor(state, one)) return [];
    // A browser has the digests of tasks cut.
    const isOnIt = [one.digest, cut(one.digest)].includes(base.digest);
    // Who is built on the newest has nothing to wait for; who can go back from it does so by a run.
    if (isOnIt && (one.because !== 'quarantined' || one.admissible)) return [];
    return [{ base, held: one, isOnIt }];
  });
  return all.sort((one, other) => Number(other.isOnIt) - Number(one.isOnIt))[0];
}

const isHeldFor = ({ platform }: PlanState, { platforms }: HeldBase) =>
  platforms === undefined || platforms.includes(platform ? platformText(platform) : usualPlatform);

/** A sentence on what is held for a task and what it is built on meanwhile. */
export const saysHeld = ({ base, held, isOnIt }: HeldFor) =>
  isOnIt
    ? `it is built on ${cut(base.digest)} of ${base.image}, and there is no other digest to go back to: ${held.reason}`
    : `${base.image}: ${held.reason}; meanwhile it is built on ${cut(base.digest)}`;
