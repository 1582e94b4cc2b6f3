import { DockerfileError, DockerfileRefusal, onLine, quote } from './errors.ts';
import { isRegexSpace, isSpace } from './goText.ts';

// Parser directives are comments at the very top: `# syntax=`, `# escape=`, `# check=`.

type Directive = { name: string; value: string };

const known = new Set(['syntax', 'escape', 'check']);

/** Reads one line; undefined where it is no directive, and so ends them. */
function readDirective(line: string, prefix = '#'): Directive | undefined {
  if (!line.startsWith(prefix)) return undefined;
  let at = prefix.length;
  while (at < line.length && isSpace(line.charCodeAt(at))) at++;
  const name = /[a-zA-Z][a-zA-Z0-9]*/y;
  name.lastIndex = at;
  const found = name.exec(line);
  if (found === null) return undefined;
  at = skipRegexSpace(line, at + found[0].length);
  if (line[at] !== '=') return undefined;
  const value = directiveValue(line.slice(at + 1));
  const lower = found[0].toLowerCase();
  return value === undefined || !known.has(lower) ? undefined : { name: lower, value };
}

/** Go's `\s*(.+?)\s*$`: trimmed, but where there is nothing else the last space is the value. */
function directiveValue(text: string): string | undefined {
  if (text === '') return undefined;
  const start = skipRegexSpace(text, 0);
  if (start === text.length) return text.at(-1)!;
  let end = text.length;
  while (isRegexSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function skipRegexSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isRegexSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The directives as BuildKit looks for them before it parses: no leading space, and one line of `#!` above. */
function topDirectives(dockerfile: string, prefix: string): { directive: Directive; line: number }[] {
  const found: { directive: Directive; line: number }[] = [];
  let start = dockerfile.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  if (dockerfile.startsWith('#!', start)) {
    const end = dockerfile.indexOf('\n', start);
    start = end < 0 ? dockerfile.length : end + 1;
    line++;
  }
  while (start < dockerfile.length) {
    const newline = dockerfile.indexOf('\n', start);
    const end = newline < 0 ? dockerfile.length : newline;
    const directive = readDirective(dockerfile.slice(start, end).replace(/\r$/, ''), prefix);
    if (directive === undefined || found.some((other) => other.directive.name === directive.name)) break;
    found.push({ directive, line });
    start = end + 1;
    line++;
  }
  return found;
}

/** The frontend that a file asks for: `# syntax=`, or for files of other kinds `// syntax=` and JSON. */
export function requestedFrontend(dockerfile: string): string | undefined {
  for (const prefix of ['#', '//']) {
    const syntax = topDirectives(dockerfile, prefix).find(({ directive }) => directive.name === 'syntax');
    if (syntax !== undefined) return syntax.directive.value.split(' ')[0]!;
  }
  const body = dockerfile.replace(/^\uFEFF/, '');
  if (!/^\s*\{/.test(body)) return undefined;
  try {
    const { syntax } = JSON.parse(body) as { syntax?: unknown };
    return typeof syntax === 'string' ? syntax : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses `# check=` options that BuildKit's linter refuses. */
export function checkLintOptions(dockerfile: string): void {
  const check = topDirectives(dockerfile, '#').find(({ directive }) => directive.name === 'check');
  if (check === undefined) return;
  const options = check.directive.value.split(' ')[0]!.trim();
  if (options === '') return;
  onLine(check.line, () => {
    const [first, second, ...rest] = options.split(';');
    const third = rest.length === 0 ? undefined : rest.join(';');
    for (const option of [first, second, third]) {
      if (option === undefined) continue;
      const [key, value] = cut(option);
      const isFlag = key === 'error' && parseBool(value ?? '') !== undefined;
      if (value === undefined || !(key === 'skip' || key === 'experimental' || isFlag)) {
        throw new DockerfileRefusal(`invalid check option ${quote(option)}`);
      }
    }
  });
}

function cut(option: string): [key: string, value: string | undefined] {
  const equals = option.indexOf('=');
  return equals < 0 ? [option, undefined] : [option.slice(0, equals).trim(), option.slice(equals + 1).trim()];
}

/** strconv.ParseBool. */
export function parseBool(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** The directives read so far; after the first other line no more are read. */
export type Directives = { escapeChar: string; seen: string[]; done: boolean };

export function newDirectives(): Directives {
  return { escapeChar: '\\', seen: [], done: false };
}

export function readTopLine(directives: Directives, line: string, number: number): void {
  const directive = readDirective(line);
  if (directive === undefined) {
    directives.done = true;
    return;
  }
  const { name, value } = directive;
  if (directives.seen.includes(name))
    throw new DockerfileError(number, `only one ${name} directive can be used`);
  directives.seen.push(name);
  if (name !== 'escape') return;
  if (value !== '`' && value !== '\\') {
    throw new DockerfileError(number, `the escape character must be \\ or \`, not ${quote(value)}`);
  }
  directives.escapeChar = value;
}
