import type { KnownRegistry } from '../../model/registry.ts';
import type { Decision } from '../../model/state.ts';
import { imagePushedEvent } from '../../names/azureNames.ts';
import type { Ports } from '../../ports/ports.ts';
import { noTask, Refusal } from '../refusal.ts';
import { nextQuery, pagingOf } from './paging.ts';

const pageSize = 100;

/**
 * What pushes meant for a task, newest first, by `$top` and `$skipToken`: one storage call, whichever page it is.
 * @returns `next`: the query of the next page, where there may be one
 * @throws Refusal 400 404
 */
export async function listDecisions(
  registry: KnownRegistry,
  task: string,
  query: URLSearchParams,
  { store }: Pick<Ports, 'store'>,
): Promise<{ decisions: Decision[]; next?: string }> {
  const paging = pagingOf(query, pageSize);
  const { values: decisions, next } = await store.decisionsPart(registry.name, task, paging);
  if (decisions.length === 0 && !(await store.state(registry.name, task))) throw noTask(registry.name, task);
  const nextPage = nextQuery(query, next);
  return { decisions, ...(nextPage && { next: nextPage }) };
}

/** The decisions on one push, one for each dependent of its image. @throws Refusal 404 */
export async function listPushDecisions(id: string, { store }: Pick<Ports, 'store'>): Promise<Decision[]> {
  const decisions = await store.push(id);
  if (decisions.length > 0) return decisions;
  throw new Refusal(
    404,
    'PushNotFound',
    `No decision is recorded for '${id}'. It is the id of an ${imagePushedEvent} event, no task was built on its image, or it is older than the ledger.`,
  );
}
