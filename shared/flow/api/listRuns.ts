import { parseRunFilter, RunFilterError } from '../../api/runFilter.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { Run } from '../../model/run.ts';
import type { Ports } from '../../ports/ports.ts';
import { Refusal } from '../refusal.ts';
import { nextQuery } from './paging.ts';

/** Runs in one answer where the client sets no bound. */
const pageSize = 100;
const maxAtOnce = 1000;
/** Runs read for one answer: where a filter lets few of many pass, the next page goes on from there. */
const mostRead = 15_000;

/**
 * A registry's runs, newest first, by `$top`, `$filter` and `$skipToken` (the last run of the page before).
 * @returns `next`: the query of the next page, which may follow a short one. Not with `$top`: az takes all pages, and
 * asked for so many only.
 * @throws Refusal 400
 */
export async function listRuns(
  registry: KnownRegistry,
  query: URLSearchParams,
  { store, log }: Pick<Ports, 'store' | 'log'>,
) {
  const filterText = query.get('$filter');
  const filter = filterText ? readFilter(filterText) : undefined;
  const top = query.get('$top');
  const wanted = top === null ? pageSize : Number(top);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > maxAtOnce)
    throw new Refusal(400, 'InvalidTop', `$top is a whole number from 1 to ${maxAtOnce}.`);
  const before = query.get('$skipToken');

  const only = {
    unread: ({ message }: Error) => log('warning', message, { registry: registry.name }),
    ...(filter?.task && { task: filter.task }),
    ...(filter?.status && { status: filter.status }),
    ...(before && { before }),
    // One more shows whether there is a next page. Where the store cannot filter all of it, large pages are read.
    ...((!filter || filter.whole) && { atOnce: wanted + 1 }),
  };
  const runs: Run[] = [];
  let read = 0;
  let last: string | undefined;
  for await (const run of store.runs(registry.name, only)) {
    if (runs.length === wanted || (top === null && read === mostRead))
      return { runs, next: nextQuery(query, last) };
    read++;
    last = run.runId;
    if (filter && !filter.matches(run)) continue;
    runs.push(run);
    if (top !== null && runs.length === wanted) return { runs };
  }
  return { runs };
}

function readFilter(text: string) {
  try {
    return parseRunFilter(text);
  } catch (error) {
    if (error instanceof RunFilterError) throw new Refusal(400, 'InvalidFilter', error.message);
    throw error;
  }
}
