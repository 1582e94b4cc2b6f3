import type { HeldAnswer, HeldBase, PlanAnswer } from '../../shared/graph/answers.ts';
import type { Judgement } from '../../shared/model/bases/policy.ts';
import { aboutTime, at, duration } from './times.ts';

/** Why a digest is held, in the few words of a mark. Every cause has its row, or this does not compile. */
export const heldWords: Record<HeldBase['because'], (held: HeldBase, now: number) => string> = {
  tooYoung: ({ until = '' }, now) => `held until ${at(until, now)}, for ${duration(Date.parse(until) - now)}`,
  quarantined: () => 'held: quarantined',
  paused: () => 'paused',
};

/** How a digest stands: what was said of it, or that it is too young. */
export type Standing = 'quarantined' | 'admitted' | 'tooYoung' | 'free';

/** @param isTooYoung whether it is held for its age */
export function standingOf(digest: string, held: HeldAnswer | undefined, isTooYoung: boolean): Standing {
  const said = held?.judgements.find((one) => one.digest === digest)?.verdict;
  if (said === 'quarantined' || said === 'admitted') return said;
  return isTooYoung ? 'tooYoung' : 'free';
}

export interface Act {
  title: string;
  /** The operation, below a registry. */
  path: string;
  role: string;
  fits: readonly Standing[];
  says: string;
}

/** What may be said of a digest, and when. Every verdict has its row, or this does not compile. */
export const acts: Record<Judgement['verdict'], Act> = {
  admitted: {
    title: 'Admit',
    path: 'admit',
    role: 'Bases.Judge',
    fits: ['tooYoung'],
    says: 'It is built on now, before its age.',
  },
  quarantined: {
    title: 'Quarantine',
    path: 'quarantine',
    role: 'Bases.Judge',
    fits: ['free', 'tooYoung', 'admitted'],
    says: 'No run is pinned to it any more, and what is built on it goes back.',
  },
  released: {
    title: 'Release',
    path: 'release',
    role: 'Tasks.Write',
    fits: ['quarantined', 'admitted'],
    says: 'What was said of it is taken back.',
  },
};

const counted = (count: number) => (count === 1 ? '1 image' : `${count} images`);

/** A plan in a sentence. */
export function planWords({ waves, held = [], seconds }: PlanAnswer): string {
  const total = waves.reduce((sum, { tasks }) => sum + tasks.length, 0);
  const inWaves = waves.length === 1 ? '1 wave' : `${waves.length} waves`;
  const time = seconds === undefined ? '' : `, ${aboutTime(seconds)}`;
  const rebuilt =
    total === 0 ? 'Nothing would be rebuilt' : `${counted(total)} in ${inWaves} would be rebuilt${time}`;
  const stay = held.length === 0 ? '' : `; ${counted(held.length)} would be held`;
  return `${rebuilt}${stay}.`;
}
