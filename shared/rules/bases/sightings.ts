import type { Answered, Sighting, Sightings } from '../../model/bases/sightings.ts';
import { clockToleranceMs, replicaLagMs } from '../timing.ts';

/**
 * What was seen of a tag: a digest, by an event of its push (announced) or by asking a registry (read). Where the digest
 * is only spoken of (named), it counts as seen only if nothing else is.
 */
export interface Look {
  image: string;
  digest: string;
  /** When it was pushed, or the instant before the registry was asked. */
  time: string;
  how: 'announced' | 'read' | 'named';
}

/** More are thinned out: the steps of a tag that is pushed all the time become larger the older they are, and it never starves. */
const maxDigests = 100;

/** The digest that a tag stands for, as far as it is known. */
const newestSeen = (seen: Sightings | undefined): Sighting | undefined => seen?.digests.at(-1);

/**
 * What is known of a tag after one more look. Replicas of a registry disagree for minutes after a push, so which of two
 * digests is the newer is not taken from a single answer: what was announced counts by its event's time, what is met for
 * the first time is the newest, and an answer that was the tag's before is doubted for as long as a replica may lag.
 * After that it is a tag that was moved back. Pure.
 * @param now by the app's clock; an event cannot be from later
 * @returns the same object where nothing new was seen
 */
export function withSeen(seen: Sightings | undefined, look: Look, now: Date): Sightings {
  const { image, digest } = look;
  const time = new Date(Math.min(Date.parse(look.time), now.getTime())).toISOString();
  const before = seen ? withoutFuture(seen, time, now) : { image, digests: [] };
  if (look.how === 'named' && before.digests.length > 0) return before;
  const known = before.digests.find((one) => one.digest === digest);
  const next = look.how === 'announced' ? announced(known, time) : read(known, time, newestSeen(before));
  if (!next) return before;
  const firstSeen = known?.firstSeen ?? now.toISOString();
  const others = before.digests.filter((one) => one !== known);
  const digests = [...others, { ...known, digest, firstSeen, ...next }];
  return {
    image,
    digests: thinned(digests.sort((a, b) => (a.since < b.since ? -1 : Number(a.since > b.since)))),
  };
}

/**
 * What is from later than now was seen by a clock that was ahead: before this look, and after all that is not. Without
 * that, what is pushed until that time would count as older.
 * @returns the same object where nothing is from later
 */
function withoutFuture(seen: Sightings, time: string, now: Date): Sightings {
  const latest = now.getTime() + clockToleranceMs;
  const ahead = seen.digests.findIndex(({ since }) => Date.parse(since) > latest);
  if (ahead < 0) return seen;
  const before = seen.digests[ahead - 1]?.since ?? time;
  const since = before > time ? before : time;
  const digests = seen.digests.map((one, at) => (at < ahead ? one : { ...one, since }));
  return { ...seen, digests };
}

type Since = Pick<Sighting, 'since' | 'sure'>;

function announced(known: Sighting | undefined, time: string): Since | undefined {
  if (known?.sure && known.since >= time) return undefined;
  return { since: time, sure: true };
}

function read(known: Sighting | undefined, time: string, newest: Sighting | undefined): Since | undefined {
  if (!known) return { since: time, sure: false };
  if (known === newest || isDoubted(newest!, time)) return undefined;
  return { since: time, sure: true };
}

/** Whether a replica may still answer what the tag stood for before. */
const isDoubted = ({ since }: Sighting, time: string) => Date.parse(time) - Date.parse(since) < replicaLagMs;

/**
 * Without the one whose neighbours are nearest for its age, where there are too many; the first and the last stay. What is
 * new, and may have to grow old first, is thinned last.
 */
function thinned(digests: Sighting[]): Sighting[] {
  if (digests.length <= maxDigests) return digests;
  const times = digests.map(({ since }) => Date.parse(since));
  const newest = times.at(-1)!;
  const step = (at: number) => (times[at + 1]! - times[at - 1]!) / (newest - times[at]! + 1);
  let least = 1;
  for (let at = 2; at < digests.length - 1; at++) if (step(at) < step(least)) least = at;
  return thinned(digests.filter((_, at) => at !== least));
}

/** What a digest is for a platform; undefined where it is not known. */
export function contentFor(seen: Sightings, digest: string, platform: string): string | undefined {
  const contents = seen.digests.find((one) => one.digest === digest)?.contents;
  return contents?.[platform] ?? contents?.['*'];
}

/** Whether two digests are known to be the same for a platform. */
export function isSameFor(seen: Sightings, [one, other]: [string, string], platform: string): boolean {
  const content = contentFor(seen, one, platform);
  return content !== undefined && content === contentFor(seen, other, platform);
}

/** With what a registry has answered of some digests. */
export const withContents = ({ image, digests }: Sightings, read: Map<string, Answered>): Sightings => ({
  image,
  digests: digests.map((one) => {
    const answered = read.get(one.digest);
    if (!answered) return one;
    const contents = { ...one.contents, ...answered.contents };
    return {
      ...one,
      contents,
      ...(answered.manifests && { manifests: { ...one.manifests, ...answered.manifests } }),
    };
  }),
});
