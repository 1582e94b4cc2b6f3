import { ageMs } from '../../model/bases/age.ts';
import type { Judgement, Policy } from '../../model/bases/policy.ts';
import type { Sighting, Sightings } from '../../model/bases/sightings.ts';
import { platformText } from '../../model/platform.ts';
import type { Push, TaskState } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import { type Choice, decideOnPush } from '../decideOnPush.ts';
import { watchedBases } from '../freshness/watched.ts';
import { pausedBy, pausedTask, policyFor } from './policies.ts';
import { isSameFor, partsOf } from './sightings.ts';

/*
 * Which digest of a base image may be built on. Nothing else decides that. Pure.
 */

/** What is known beside the digests themselves. */
export interface Terms {
  policies: Policy[];
  judgements: Judgement[];
  now: Date;
}

/** Why a digest is not built on, in words after its name, and until when where time mends it. */
interface Held {
  digest: string;
  reason: string;
  until?: string;
}

/** What a base image is for those that build on it. */
export interface Standing {
  seen: Sightings;
  newest: Sighting;
  /** The newest digest that may be built on; undefined where none may. */
  admissible?: Sighting;
  /** Set where that is not the newest one. */
  held?: Held;
  /** Nothing automatic starts from it, and why. */
  paused?: string;
  terms: Terms;
  /** `linux/arm64`: what an index holds for others does not count. Undefined: what it holds for any does. */
  platform?: string;
}

/** @param seen at least one digest */
export function standingOf(seen: Sightings, terms: Terms, platform?: string): Standing {
  const policy = policyFor(seen.image, terms.policies);
  const paused = pausedBy(seen.image, terms.policies);
  const heldBy = (sighting: Sighting) => holdOn(sighting, policy, terms, platform);
  const newest = seen.digests.at(-1)!;
  const admissible = seen.digests.findLast((sighting) => !heldBy(sighting));
  const held = heldBy(newest);
  return {
    seen,
    newest,
    ...(admissible && { admissible }),
    ...(held && { held }),
    ...(paused !== undefined && { paused }),
    terms,
    ...(platform !== undefined && { platform }),
  };
}

/** The newest judgement on each digest, where it is not taken back; the newest first. */
export function inForce(judgements: Judgement[]): Judgement[] {
  const newest = new Map(judgements.map((judgement) => [judgement.digest, judgement]));
  return [...newest.values()].filter(({ verdict }) => verdict !== 'released').reverse();
}

/** By image, manifest, content and digest; made once for each list. */
const quarantines = new WeakMap<Judgement[], Map<string, Judgement>>();

function quarantinesOf(judgements: Judgement[]): Map<string, Judgement> {
  const known = quarantines.get(judgements);
  if (known) return known;
  const bad = inForce(judgements).filter(({ verdict }) => verdict === 'quarantined');
  const held = bad.flatMap((one) => [one.image, ...(one.holds ?? [])].map((text) => [text, one] as const));
  const made = new Map([...held, ...bad.map((one) => [one.digest, one] as const)]);
  quarantines.set(judgements, made);
  return made;
}

/** Whether anything was ever quarantined: without that it does not matter what digests hold. */
export const hasQuarantines = ({ judgements }: Pick<Terms, 'judgements'>) =>
  judgements.some(({ verdict }) => verdict === 'quarantined');

/** Whether a quarantine names an image. */
export const isNamed = (image: string, { judgements }: Pick<Terms, 'judgements'>) =>
  quarantinesOf(judgements).has(image);

/**
 * Whether a digest is quarantined, or a manifest that it is known to hold, or what has the same config and layers.
 * @param known what was seen of its image; without it the digest alone counts
 */
export function isQuarantined(
  digest: string,
  { judgements }: Pick<Terms, 'judgements'>,
  known?: Pick<Standing, 'seen' | 'platform'>,
): boolean {
  const sighting = known?.seen.digests.find((one) => one.digest === digest);
  return quarantineOn(sighting ?? { digest }, judgements, known?.platform) !== undefined;
}

/** Whether what may be built on may not be the same for all platforms. */
export const isMixed = ({ seen, terms }: Standing) =>
  seen.digests.some((one) => one.contents && quarantineOn(one, terms.judgements) !== undefined);

/** What was said against a digest, or against what it holds for a platform, or for any. */
export function quarantineOn(
  known: Omit<Sighting, 'firstSeen' | 'since' | 'sure'>,
  judgements: Judgement[],
  platform?: string,
): Judgement | undefined {
  const bad = quarantinesOf(judgements);
  if (bad.size === 0) return undefined;
  return [known.digest, ...partsOf(known, platform)].map((text) => bad.get(text)).find(Boolean);
}

/** Why a digest is held; undefined where it may be built on. */
export function holdOn(
  sighting: Omit<Sighting, 'since' | 'sure'>,
  policy: Policy | undefined,
  { judgements, now }: Terms,
  platform?: string,
): Held | undefined {
  const { digest, firstSeen } = sighting;
  const bad = quarantineOn(sighting, judgements, platform);
  if (bad) return { digest, reason: `${saysBad(sighting, bad.digest)} quarantined: ${bad.reason}` };
  const said = judgements.findLast((judgement) => judgement.digest === digest);
  if (said?.verdict === 'admitted' || policy?.minimumAge === undefined) return undefined;
  const until = new Date(Date.parse(firstSeen) + ageMs(policy.minimumAge)!);
  if (until <= now) return undefined;
  const reason = `is held until ${until.toISOString()}: ${policy.images} has a minimum age of ${policy.minimumAge}`;
  return { digest, reason, until: until.toISOString() };
}

function saysBad({ digest, manifests = {} }: Pick<Sighting, 'digest' | 'manifests'>, bad: string): string {
  if (bad === digest) return 'is';
  const isManifest = Object.values(manifests).flat().includes(bad);
  return `${isManifest ? 'holds' : 'holds the same as'} ${short(bad)}, which is`;
}

/** Why a digest that is pushed now would be held, and until when. */
export function wouldHold(image: string, policies: Policy[], now: Date): Omit<Held, 'digest'> | undefined {
  const pushed = { digest: 'a new digest', firstSeen: now.toISOString() };
  const held = holdOn(pushed, policyFor(image, policies), { policies, judgements: [], now });
  return held && without(held, 'digest');
}

/**
 * What a look at a base image means for a task: as a push of its newest admissible digest, or why there is nothing to
 * build on. A task that is built on a newer digest than that (its first build takes what there is) stays on it, unless
 * it is quarantined.
 */
export function decideOnBase(push: Push, state: TaskState, given: Standing): Choice {
  const isOwn = given.platform !== undefined || !isMixed(given);
  const standing = isOwn ? given : standingOf(given.seen, given.terms, platformText(state.platform));
  const { newest, admissible, held, terms } = standing;
  const paused = standing.paused ?? pausedTask(state, terms.policies);
  const digest = state.bases.find(({ image }) => image === push.image)?.digest ?? '';
  const isBad = isQuarantined(digest, terms, standing);
  const decide = (to: string): Choice => {
    const choice = decideOnPush({ ...push, digest: to }, state, true, freedAt(to, state, standing));
    if (choice.do !== 'start') return choice;
    if (isBad) return { ...choice, reason: `${short(digest)} is quarantined: ${choice.reason}` };
    return digest !== to && isUnchanged(push.image, [digest, to], state, standing)
      ? { do: 'skip', reason: unchangedText(push.image, state), sameAs: digest }
      : choice;
  };
  const onNewest = decide(newest.digest);
  const isWatched = watchedBases(state).some(({ image }) => image === push.image);
  if (onNewest.do === 'skip' && !isWatched) return onNewest;
  const onAdmissible =
    admissible && (isBad || !isNewer(digest, admissible, standing)) ? decide(admissible.digest) : undefined;
  const wants = onAdmissible?.do === 'start' || onAdmissible?.do === 'merge';
  if (paused && (wants || onNewest.do !== 'skip')) return { do: 'hold', reason: paused };
  if (!held || wants || (onNewest.do === 'skip' && !isBad)) return onAdmissible ?? onNewest;
  const noWayBack = isBad ? '. There is no older digest to go back to' : '';
  return { do: 'hold', reason: `${short(held.digest)} ${held.reason}${noWayBack}` };
}

/** When a digest, or what it holds for a task's platform, was last released from a quarantine. */
function freedAt(digest: string, { platform }: TaskState, { seen, terms }: Standing): string | undefined {
  const sighting = seen.digests.find((one) => one.digest === digest);
  const texts = sighting ? [digest, ...partsOf(sighting, platformText(platform))] : [digest];
  const isOfIt = (one: Judgement) => [one.digest, ...(one.holds ?? [])].some((text) => texts.includes(text));
  const said = terms.judgements.filter(isOfIt);
  const isFreeing = ({ verdict, digest: of }: Judgement, at: number) =>
    verdict === 'released' &&
    said.slice(0, at).findLast((one) => one.digest === of)?.verdict === 'quarantined';
  return said.filter(isFreeing).at(-1)?.time;
}

/** Whether what a task is built on, or being built on, is the same for its platform. */
function isUnchanged(image: string, [digest, to]: [string, string], state: TaskState, { seen }: Standing) {
  const { built, open, unsure, platform } = state;
  const isBuilt = !unsure && built?.pins.some((pin) => pin.image === image && pin.digest === digest);
  const isBeingBuilt = open.some((run) => run.phase === 'Pinned' && run.canonical);
  return (isBuilt || isBeingBuilt) && isSameFor(seen, [digest, to], platformText(platform));
}

/** That nothing is to be built, in words. */
export const unchangedText = (image: string, { platform }: Pick<TaskState, 'platform'>) =>
  `${platformText(platform)} of ${image} is unchanged`;

const isNewer = (digest: string, than: Sighting, { seen }: Standing) =>
  seen.digests.findIndex((one) => one.digest === digest) > seen.digests.indexOf(than);

/**
 * What a run may be pinned to while the newest digest is held, the best first, each with the reason: a digest that is
 * gone from the registry is passed over.
 * @param builtOn the digest that the task is built on; undefined where it was never built
 */
export function pinsOn(standing: Standing, builtOn: string | undefined) {
  const { seen, newest, held, terms, platform } = standing;
  const policy = policyFor(seen.image, terms.policies);
  const why = `${newest.digest} ${held?.reason}`;
  const inOrder = seen.digests.toReversed();
  const mayBe = inOrder.filter((sighting) => {
    const hold = holdOn(sighting, policy, terms, platform);
    // What is only too young has a time, and its task stays on it.
    return !hold || (hold.until !== undefined && sighting.digest === builtOn);
  });
  const pins = mayBe.map(({ digest }) => ({ digest, notNewest: why }));
  if (pins.length > 0 || builtOn !== undefined || !held?.until) return pins;
  return [
    { digest: newest.digest, notNewest: `${why}. It is the task's first build, which takes what there is` },
  ];
}

const short = (digest: string) => digest.slice(0, 19);
