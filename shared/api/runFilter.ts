import { runTypeOf } from '../model/cause.ts';
import { type Run, type RunStatus, runStatuses } from '../model/run.ts';
import { PlinthError } from '../names/plinthError.ts';

/** A `$filter` that cannot be read, or asks for what a run does not have. */
export class RunFilterError extends PlinthError {}

interface RunFilter {
  matches(run: Run): boolean;
  /** Set when every match belongs to this task, so that a store can look only there. */
  task: string | undefined;
  /** Set when every match is in this status, likewise. */
  status: RunStatus | undefined;
  /** Nothing else is asked for than these two. */
  whole: boolean;
}

/** What nothing narrows down. */
const anywhere = { task: undefined, status: undefined, whole: false };

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
  const tokens = createTokenReader(text);
  const filter = readEither(tokens, 0);
  if (tokens.peek()) throw tokens.expected('the end');
  return filter;
}

type TokenReader = ReturnType<typeof createTokenReader>;

/** The tokens of a filter, from the left. */
function createTokenReader(text: string) {
  const tokens = tokenize(text);
  let at = 0;
  const peek = () => tokens[at];
  const next = () => tokens[at++];
  const expected = (wanted: string) =>
    new RunFilterError(
      `$filter: ${wanted} expected${peek() ? ` at '${peek()!.text}'` : ' at the end'} in ${text}`,
    );
  /** Goes past a word or a symbol where it comes next. */
  const skip = (kind: 'word' | 'symbol', wanted: string) => {
    const token = peek();
    const comes = token?.kind === kind && token.text.toLowerCase() === wanted;
    if (comes) next();
    return comes;
  };
  const expect = (symbol: string) => {
    if (next()?.text !== symbol) throw expected(`'${symbol}'`);
  };
  return { peek, next, skip, expect, expected };
}

function readEither(tokens: TokenReader, depth: number): RunFilter {
  let left = readBoth(tokens, depth);
  while (tokens.skip('word', 'or')) {
    const [one, other] = [left, readBoth(tokens, depth)];
    left = { matches: (run) => one.matches(run) || other.matches(run), ...anywhere };
  }
  return left;
}

function readBoth(tokens: TokenReader, depth: number): RunFilter {
  let left = readSingle(tokens, depth);
  while (tokens.skip('word', 'and')) {
    const [one, other] = [left, readSingle(tokens, depth)];
    left = {
      matches: (run) => one.matches(run) && other.matches(run),
      task: one.task ?? other.task,
      status: one.status ?? other.status,
      whole: one.whole && other.whole && !(one.task && other.task) && !(one.status && other.status),
    };
  }
  return left;
}

function readSingle(tokens: TokenReader, depth: number): RunFilter {
  if (depth > 20) throw new RunFilterError('$filter: too many parentheses');
  if (tokens.skip('symbol', '(')) {
    const inner = readEither(tokens, depth + 1);
    tokens.expect(')');
    return inner;
  }
  return tokens.skip('word', 'contains') ? readContains(tokens) : readComparison(tokens);
}

/** What follows `contains`. */
function readContains(tokens: TokenReader): RunFilter {
  tokens.expect('(');
  const read = readProperty(tokens);
  tokens.expect(',');
  const part = readValue(tokens).toLowerCase();
  tokens.expect(')');
  const textOf = (run: Run) => String(read(run) ?? '').toLowerCase();
  return { matches: (run) => textOf(run).includes(part), ...anywhere };
}

function readComparison(tokens: TokenReader): RunFilter {
  const read = readProperty(tokens);
  const compare = comparisons[tokens.next()?.text.toLowerCase() ?? ''];
  if (!compare) throw tokens.expected('eq, ne, gt, ge, lt or le');
  const wanted = readValue(tokens);
  const equal = compare === comparisons.eq;
  const task = equal && read === properties.taskname ? wanted : undefined;
  const status = equal && read === properties.status ? statusNamed(wanted) : undefined;
  const whole = (task ?? status) !== undefined;
  return { matches: (run) => compare(order(read(run), wanted)), task, status, whole };
}

const statusNamed = (text: string) =>
  runStatuses.find((status) => status.toLowerCase() === text.toLowerCase());

function readProperty(tokens: TokenReader) {
  const name = tokens.next();
  const read = name?.kind === 'word' ? properties[name.text.toLowerCase()] : undefined;
  if (!read)
    throw new RunFilterError(
      `$filter: runs have no '${name?.text ?? ''}'; there are ${Object.keys(properties).join(', ')}`,
    );
  return read;
}

function readValue(tokens: TokenReader): string {
  const given = tokens.next();
  if (!given || given.kind === 'symbol') throw tokens.expected('a value');
  return given.text;
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
  if (text === other) return 0;
  return text < other ? -1 : 1;
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
