import { numbersFrom } from '../workers.ts';

/** One thing that happens to a tag in an hour, or is said of a digest. Digests and contents are names of the replay. */
export type Happening = { hour: number; tag: string } & (
  | { kind: 'push'; digest: string; contents: Record<string, string> }
  | { kind: 'say'; verdict: 'quarantined' | 'admitted' | 'released'; digest: string }
);

export const platforms = { amd64: 'linux/amd64', arm64: 'linux/arm64' } as const;
type Arch = keyof typeof platforms;

/** Where tags are: those of Docker Hub announce no push. */
const servers = ['docker.io/library', 'baseacr.azurecr.io/os'];

/** What a tag is made of while its history is written. */
interface Writer {
  /** A push of a digest that is new, with what differs for a platform from the one before. */
  push(hour: number, changed: Arch[]): string;
  /** The tag moves back to a digest. */
  back(hour: number, digest: string): void;
  say(hour: number, verdict: 'quarantined' | 'admitted' | 'released', digest: string): void;
  draw(below: number): number;
}

const both: Arch[] = ['amd64', 'arm64'];
const changedIn = ({ draw }: Writer, percent: number): Arch[] => (draw(100) < percent ? both : []);

/** How tags are kept, as those of public registries are. */
const habits: Record<string, (tag: Writer, days: number) => void> = {
  /** Each night one architecture, and hours later the other: two indexes a night. */
  'each architecture by itself'(tag, days) {
    for (let day = 1; day < days; day++) {
      tag.push(day * 24 + 2, changedIn(tag, 40).slice(0, 1));
      tag.push(day * 24 + 5, changedIn(tag, 40).slice(1));
    }
  },
  /** Each night, mostly for nothing but a new attestation. */
  nightly(tag, days) {
    for (let day = 1; day < days; day++) tag.push(day * 24 + 3, changedIn(tag, 15));
  },
  /** Back to the digest before for some hours, every few days. */
  'back and forth'(tag, days) {
    let before = tag.push(20, both);
    for (let day = 2; day < days; day += 2 + tag.draw(5)) {
      const next = tag.push(day * 24 + 6, both);
      if (tag.draw(2) === 0) tag.back(day * 24 + 9 + tag.draw(12), before);
      before = next;
    }
  },
  /** A bad digest that is replaced after 3 hours, one that is found after more than its age, a fix that is let through. */
  attacked(tag, days) {
    let fix = '';
    for (let day = 1; day < days; day++) {
      const hour = day * 24 + 4;
      if (day % 30 === 10) {
        const bad = tag.push(hour, both);
        tag.push(hour + 3, both);
        if (tag.draw(2) === 0) tag.say(hour + 2, 'quarantined', bad);
      } else if (day % 30 === 15) {
        const bad = tag.push(hour, both);
        tag.say(hour + 84, 'quarantined', bad);
        fix = tag.push(hour + 96, both);
        day += 4;
      } else if (day % 30 === 20 && fix) tag.say(hour, 'admitted', tag.push(hour - 1, both));
      else tag.push(hour, changedIn(tag, 30));
    }
  },
};

/**
 * What happens to some tags in some days, the same for the same seed, by the hour.
 * @returns the tags, each pushed once before the first hour
 */
export function historyOf(seed: number, { days, tags }: { days: number; tags: number }) {
  const draw = numbersFrom(seed);
  const happenings: Happening[] = [];
  const names: string[] = [];
  for (let at = 0; at < tags; at++) {
    const tag = `${servers[at % servers.length]}/base${at}:1`;
    names.push(tag);
    let serial = 0;
    let contents: Record<string, string> = {};
    const writer: Writer = {
      draw,
      push(hour, changed) {
        const digest = `${tag}#${++serial}`;
        contents = { ...contents };
        for (const arch of changed) contents[platforms[arch]] = `${digest} for ${arch}`;
        happenings.push({ hour, tag, kind: 'push', digest, contents });
        return digest;
      },
      back(hour, digest) {
        const pushed = happenings.find((one) => one.kind === 'push' && one.digest === digest);
        if (pushed?.kind !== 'push') return;
        contents = pushed.contents;
        happenings.push({ ...pushed, hour });
      },
      say: (hour, verdict, digest) => void happenings.push({ hour, tag, kind: 'say', verdict, digest }),
    };
    writer.push(-1, both);
    const habit = Object.values(habits)[Math.floor(at / servers.length) % Object.keys(habits).length]!;
    habit(writer, days);
  }
  return { tags: names, happenings: happenings.filter(({ hour }) => hour < days * 24) };
}
