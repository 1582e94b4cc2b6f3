import { type Run, runTypeOf } from './model/run.ts';

/** A `$filter` that cannot be read, or asks for what a run does not have. */
export class RunFilterError extends Error {
  override name = 'RunFilterError';
}

export interface RunFilter {
  matches(run: Run): boolean;
  /** Set when every match belongs to this task, so that a store can look only there. */
  task: string | undefined;
}

type Value = string | boolean | undefined;

/** The properties that ACR lets a filter name, by their lower-case names. */
const properties: Record<string, (run: Run) => Value> = {
  runid: (run) => run.runId,
  runtype: runTypeOf,
  status: (run) => run.status,
  taskname: (run) => run.task,
  createtime: (run) => run.createTime,
  finishtime: (run) => run.finishTime,
  isarchiveenabled: (run) => run.isArchiveEnabled,
  agentpoolname: (run) => run.agentPoolName,
  outputimagemanifests: (run) =>
    run.outputImages?.map(({ repository, digest }) => `${repository}@${digest}`).join(' ') ?? '',
};

const token = /\s*(?:(\(|\)|,)|'((?:[^']|'')*)'|([A-Za-z0-9_.:+-]+))/y;

/**
 * Reads the OData subset that ACR takes: eq ne gt ge lt le, contains(property, 'text'), and, or, parentheses. Names and
 * texts are compared without case.
 * @throws RunFilterError
 */
export function parseRunFilter(text: string): RunFilter {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at];
  const next = () => tokens[at++];
  const fail = (wanted: string) =>
    new RunFilterError(
      `$filter: ${wanted} expected${peek() ? ` at '${peek()!.text}'` : ' at the end'} in ${text}`,
    );
  const expect = (symbol: string) => {
    if (next()?.text !== symbol) throw fail(`'${symbol}'`);
  };
  const isWord = (word: string) => peek()?.kind === 'word' && peek()!.text.toLowerCase() === word;

  function either(depth: number): RunFilter {
    let left = both(depth);
    while (isWord('or')) {
      next();
      const [one, other] = [left, both(depth)];
      left = { matches: (run) => one.matches(run) || other.matches(run), task: undefined };
    }
    return left;
  }
  function both(depth: number): RunFilter {
    let left = single(depth);
    while (isWord('and')) {
      next();
      const [one, other] = [left, single(depth)];
      left = { matches: (run) => one.matches(run) && other.matches(run), task: one.task ?? other.task };
    }
    return left;
  }
  function single(depth: number): RunFilter {
    if (depth > 20) throw new RunFilterError('$filter: too many parentheses');
    if (peek()?.text === '(' && peek()!.kind === 'symbol') {
      next();
      const inner = either(depth + 1);
      expect(')');
      return inner;
    }
    if (isWord('contains')) {
      next();
      expect('(');
      const read = property();
      expect(',');
      const part = value().toLowerCase();
      expect(')');
      return {
        matches: (run) =>
          String(read(run) ?? '')
            .toLowerCase()
            .includes(part),
        task: undefined,
      };
    }
    return comparison();
  }
  function property() {
    const name = next();
    const read = name?.kind === 'word' ? properties[name.text.toLowerCase()] : undefined;
    if (!read)
      throw new RunFilterError(
        `$filter: runs have no '${name?.text ?? ''}'; there are ${Object.keys(properties).join(', ')}`,
      );
    return read;
  }
  function value(): string {
    const given = next();
    if (!given || given.kind === 'symbol') throw fail('a value');
    return given.text;
  }
  function comparison(): RunFilter {
    const read = property();
    const compare = comparisons[next()?.text.toLowerCase() ?? ''];
    if (!compare) throw fail('eq, ne, gt, ge, lt or le');
    const wanted = value();
    const task = read === properties.taskname && compare === comparisons.eq ? wanted : undefined;
    return { matches: (run) => compare(order(read(run), wanted)), task };
  }

  const filter = either(0);
  if (at < tokens.length) throw fail('the end');
  return filter;
}

const comparisons: Record<string, (order: number | undefined) => boolean> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order !== undefined && order > 0,
  ge: (order) => order !== undefined && order >= 0,
  lt: (order) => order !== undefined && order < 0,
  le: (order) => order !== undefined && order <= 0,
};

/** Instants by time, anything else as text without case; undefined where the run has no such property. */
function order(given: Value, wanted: string): number | undefined {
  if (given === undefined) return undefined;
  const text = String(given).toLowerCase();
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(wanted)))
    return Date.parse(text) - Date.parse(wanted);
  const other = wanted.toLowerCase();
  return text === other ? 0 : text < other ? -1 : 1;
}

function tokenize(text: string) {
  const tokens: { kind: 'symbol' | 'text' | 'word'; text: string }[] = [];
  const end = text.trimEnd().length;
  token.lastIndex = 0;
  while (token.lastIndex < end) {
    const from = token.lastIndex;
    const found = token.exec(text);
    if (!found) throw new RunFilterError(`$filter cannot be read from '${text.slice(from, from + 20)}' on`);
    const [, symbol, quoted, word] = found;
    if (symbol) tokens.push({ kind: 'symbol', text: symbol });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replaceAll("''", "'") });
    else tokens.push({ kind: 'word', text: word! });
  }
  return tokens;
}
