import type { RunRecord } from '../run/runRecord.ts';
import { badRequest } from './armError.ts';

type Test = (run: RunRecord) => boolean;

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

const fields = new Map<string, (value: string) => Test>([
  ['runid', (value) => (run) => same(run.runId, value)],
  ['status', (value) => (run) => same(run.status, value)],
  // The engine runs no tasks, so no run has a task's name.
  ['taskname', () => () => false],
]);

const term =
  /^\s*(?:(\w+)\s+eq\s+'((?:[^']|'')*)'|contains\(\s*OutputImageManifests\s*,\s*'((?:[^']|'')*)'\s*\))\s*(?:and\s+(?=\S)|$)/i;

/**
 * Reads an OData `$filter` of the runs list: `TaskName|Status|RunId eq '…'` and
 * `contains(OutputImageManifests, 'repository@sha256:…')`, joined by `and`.
 * @throws ArmError 400 for anything else
 */
function parseRunFilter(text: string): Test {
  const tests: Test[] = [];
  for (let rest = text.trim(); rest !== ''; ) {
    const [whole, field, value, manifest] = term.exec(rest) ?? [];
    const test = field === undefined ? undefined : fields.get(field.toLowerCase());
    if (whole === undefined || (field !== undefined && test === undefined))
      throw badRequest(
        `The $filter '${text}' is not understood. There are TaskName, Status and RunId, each eq '…', joined by and.`,
        '$filter',
      );
    if (test) tests.push(test(value!.replaceAll("''", "'")));
    else {
      const wanted = manifest!.replaceAll("''", "'");
      tests.push((run) =>
        run.outputImages.some(({ repository, digest }) => `${repository}@${digest}`.includes(wanted)),
      );
    }
    rest = rest.slice(whole.length);
  }
  return (run) => tests.every((test) => test(run));
}

const pageSize = 100;

/**
 * A page of runs, newest first.
 * @param top the most runs in all; undefined for a page's worth and a token for the next
 * @param skipToken the last run id of the page before
 * @throws ArmError 400
 */
export function pageOfRuns(
  runs: ReadonlyMap<string, RunRecord>,
  query: { filter: string | null; top: string | null; skipToken: string | null },
): { page: RunRecord[]; next?: { skipToken: string; top?: number } } {
  const test = parseRunFilter(query.filter ?? '');
  if (query.top !== null && !/^[1-9]\d{0,8}$/.test(query.top))
    throw badRequest(`The $top '${query.top}' is not a whole number above 0.`, '$top');
  const top = query.top === null ? undefined : Number(query.top);
  const newest = [...runs.values()].reverse();
  const from = query.skipToken === null ? 0 : newest.findIndex(({ runId }) => runId === query.skipToken) + 1;
  const found = newest.slice(from).filter(test);
  const page = found.slice(0, Math.min(top ?? pageSize, pageSize));
  const left = top === undefined ? undefined : top - page.length;
  if (found.length === page.length || left === 0) return { page };
  return { page, next: { skipToken: page.at(-1)!.runId, ...(left === undefined ? {} : { top: left }) } };
}
