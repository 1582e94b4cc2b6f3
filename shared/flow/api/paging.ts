import { z } from 'zod';
import { taskName } from '../../model/task.ts';
import type { Paging } from '../../ports/store.ts';
import { Refusal } from '../refusal.ts';

const maxAtOnce = 1000;

/** Keys are made of these. */
const keyText = /^[\x21-\x7e]{1,300}$/;

/**
 * The part of a list that a call asks for: `$top` of them, and those behind a key.
 * @param name of the parameter that has the key
 * @throws Refusal 400
 */
export function pagingOf(query: URLSearchParams, most: number, name = '$skipToken'): Paging {
  const text = query.get('$top');
  const top = text === null ? most : Number(text);
  if (!Number.isInteger(top) || top < 1 || top > maxAtOnce)
    throw new Refusal(400, 'InvalidQuery', `$top is a whole number from 1 to ${maxAtOnce}.`);
  const after = query.get(name) ?? undefined;
  if (after !== undefined && !keyText.test(after))
    throw new Refusal(400, 'InvalidQuery', `${name} is taken from the answer before, as it is.`);
  return { top, after };
}

/** The query of the next page, undefined where there is none. */
export function nextQuery(query: URLSearchParams, next: string | undefined): string | undefined {
  if (next === undefined) return undefined;
  const changed = new URLSearchParams(query);
  changed.set('$skipToken', next);
  return changed.toString();
}

/** Most tasks that a call for the graph may name: each is a storage call. */
const maxNamed = 50;

/** The tasks that a call names, none where it asks for a page. @throws Refusal 400 */
export function namedTasks(query: URLSearchParams): string[] {
  // The Functions host hands values of one name on as one text with commas.
  const tasks = query.getAll('task').flatMap((names) => names.split(','));
  if (tasks.length <= maxNamed && tasks.every((task) => taskName.safeParse(task).success)) return tasks;
  throw new Refusal(400, 'InvalidQuery', `task is the name of a task, given ${maxNamed} times at most.`);
}

/** The day that a call asks for, today where it names none. @throws Refusal 400 */
export function dayOf(query: URLSearchParams, now: Date): string {
  const day = query.get('day') ?? now.toISOString().slice(0, 10);
  if (z.iso.date().safeParse(day).success) return day;
  throw new Refusal(400, 'InvalidQuery', 'day is a day in UTC, as 2026-11-23.');
}
