import type { Decision } from '../../shared/model/state.ts';

/** What is listed together on the page of a push. */
export const groups = [
  { id: 'rebuilt', title: 'Rebuilt', says: 'that stand on it directly' },
  { id: 'held', title: 'Held', says: 'that stay on a digest before it' },
  { id: 'not', title: 'Not rebuilt', says: '' },
] as const;

interface VerdictRow {
  shape: string;
  word: string;
  group: (typeof groups)[number]['id'];
}

/** Every verdict has its row, or this does not compile. */
const verdicts: Record<Decision['verdict'], VerdictRow> = {
  started: { shape: '▶', word: 'started', group: 'rebuilt' },
  merged: { shape: '⇉', word: 'merged', group: 'rebuilt' },
  waits: { shape: '◌', word: 'waits', group: 'rebuilt' },
  held: { shape: '◧', word: 'held', group: 'held' },
  skipped: { shape: '–', word: 'skipped', group: 'not' },
};

/** One that a newer app answers is shown by its name. */
export const verdictOf = (verdict: string): VerdictRow =>
  Object.hasOwn(verdicts, verdict)
    ? verdicts[verdict as Decision['verdict']]
    : { shape: '·', word: verdict, group: 'not' };
