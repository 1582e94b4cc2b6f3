import type { Run } from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { parseRunFilter, RunFilterError } from '../runFilter.ts';
import { Refusal } from './refusal.ts';

/** Runs in one answer where the client sets no bound. */
const pageSize = 100;
const mostAtOnce = 1000;

/**
 * A registry's runs, newest first, by `$top`, `$filter` and `$skipToken` (the last run of the page before).
 * @returns `next`: the query of the next page. Not with `$top`: az takes all pages, and asked for so many only.
 * @throws Refusal 400
 */
export async function runPage(
  own: KnownRegistry,
  query: URLSearchParams,
  { store, log }: Pick<Ports, 'store' | 'log'>,
) {
  const filterText = query.get('$filter');
  const filter = filterText ? readFilter(filterText) : undefined;
  const top = query.get('$top');
  const wanted = top === null ? pageSize : Number(top);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > mostAtOnce)
    throw new Refusal(400, 'InvalidTop', `$top is a whole number from 1 to ${mostAtOnce}.`);
  const before = query.get('$skipToken');

  const runs: Run[] = [];
  const only = {
    unread: ({ message }: Error) => log('warning', message, { registry: own.name }),
    ...(filter?.task && { task: filter.task }),
    ...(before && { before }),
    // One more tells whether there is a next page. What only we can filter is read in large pages.
    ...((!filter || filter.task) && { atOnce: wanted + 1 }),
  };
  for await (const run of store.runs(own.name, only)) {
    if (filter && !filter.matches(run)) continue;
    if (runs.length < wanted) {
      runs.push(run);
      if (runs.length < wanted || top === null) continue;
      return { runs };
    }
    const next = new URLSearchParams(query);
    next.set('$skipToken', runs.at(-1)!.runId);
    return { runs, next: next.toString() };
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
