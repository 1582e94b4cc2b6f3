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
  const isAnnounced = look.how === 'announced';
  const newest = before.digests.at(-1)!;
  const isNews = ({ since, sure }: Sighting) =>
    isAnnounced ? !sure || since < time : digest !== newest.digest && !isDoubted(newest, time);
  if (known && !isNews(known)) return before;
  const others = before.digests.filter((one) => one !== known);
  const firstSeen = known?.firstSeen ?? now.toISOString();
  // What is read for the first time may have been pushed before.
  const next = { ...known, digest, firstSeen, since: time, sure: isAnnounced || known !== undefined };
  const digests = [...others, next].sort((one, other) => Date.parse(one.since) - Date.parse(other.since));
  return { image, digests: thinned(digests) };
}

/** Whether a replica may still answer what the tag stood for before. */
const isDoubted = ({ since }: Sighting, time: string) => Date.parse(time) - Date.parse(since) < replicaLagMs;

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
  return thinned(digests.toSpliced(least, 1));
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

type Parts = Pick<Sighting, 'manifests' | 'contents'>;

/** What an image is known to hold, by manifest and by content: for a platform, or for any. */
export const partsOf = ({ manifests = {}, contents = {} }: Parts, platform?: string): string[] =>
  [manifests, contents].flatMap((of) =>
    platform === undefined ? Object.values<string | string[]>(of).flat() : (of[platform] ?? of['*'] ?? []),
  );

/** With what a registry has answered of some digests. */
export const withContents = ({ image, digests }: Sightings, read: Map<string, Answered>): Sightings => ({
  image,
  digests: digests.map((one) => {
    const { contents, manifests } = read.get(one.digest) ?? {};
    return {
      ...one,
      ...(contents && { contents: { ...one.contents, ...contents } }),
      ...(manifests && { manifests: { ...one.manifests, ...manifests } }),
    };
  }),
});
