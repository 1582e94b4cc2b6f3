import type { Decision } from '../model/state.ts';
import { imagePushedEvent } from '../names.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { noTask, Refusal } from './refusal.ts';

const pageSize = 100;
const mostAtOnce = 1000;

/**
 * What pushes meant for a task, newest first, by `$top` and `$skipToken` (how many came before).
 * @returns `next`: the query of the next page, where there is one
 * @throws Refusal 400 404
 */
export async function decisionPage(
  own: KnownRegistry,
  task: string,
  query: URLSearchParams,
  { store }: Pick<Ports, 'store'>,
): Promise<{ decisions: Decision[]; next?: string }> {
  const wanted = wholeNumber(query, '$top', pageSize);
  const skipped = wholeNumber(query, '$skipToken', 0);
  const decisions: Decision[] = [];
  let at = 0;
  for await (const decision of store.decisions(own.name, task)) {
    if (at++ < skipped) continue;
    if (decisions.length < wanted) {
      decisions.push(decision);
      continue;
    }
    const next = new URLSearchParams(query);
    next.set('$skipToken', String(skipped + wanted));
    return { decisions, next: next.toString() };
  }
  if (decisions.length === 0 && !(await store.state(own.name, task))) throw noTask(own.name, task);
  return { decisions };
}

function wholeNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  const number = text === null ? otherwise : Number(text);
  if (Number.isInteger(number) && number >= 0 && (name !== '$top' || (number > 0 && number <= mostAtOnce)))
    return number;
  throw new Refusal(400, 'InvalidQuery', `${name} is a whole number, and $top from 1 to ${mostAtOnce}.`);
}

/** What one push meant for each task that stands on its image. @throws Refusal 404 */
export async function pushDecisions(id: string, { store }: Pick<Ports, 'store'>): Promise<Decision[]> {
  const decisions = await store.push(id);
  if (decisions.length > 0) return decisions;
  throw new Refusal(
    404,
    'PushNotFound',
    `No decision is recorded for '${id}'. It is the id of an ${imagePushedEvent} event, nobody stood on its image, or it is older than the ledger.`,
  );
}
