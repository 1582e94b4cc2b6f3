import { isMap, isScalar, isSeq } from 'yaml';
import { TaskFileError } from './errors.ts';
import { entriesOf, parseGoYaml, saysNothing } from './goYaml.ts';
import { keepLines, type Lined, rewriting, sourceLine } from './lined.ts';

/** A file's `alias` section. */
export interface Aliases {
  /** Its own names, without ACR's. */
  values: Record<string, string>;
  directive: string;
}

/** ACR's predefined names for templates. */
const runAliases = Object.fromEntries(
  'ID SharedVolume Registry RegistryName Date OS Architecture Commit Branch'
    .split(' ')
    .map((name) => [name, `{{.Run.${name}}}`]),
);

/** ACR's predefined names of images (Linux). */
const imageAliases = {
  acr: 'mcr.microsoft.com/acr/acr-cli:0.19',
  az: 'mcr.microsoft.com/acr/azure-cli:fe316c9',
  bash: 'mcr.microsoft.com/acr/bash:fe316c9',
  curl: 'mcr.microsoft.com/acr/curl:fe316c9',
  cssc: 'mcr.microsoft.com/acr/cssc:fe316c9',
};

/** The names that stand for an image at the beginning of a `cmd`, without the directive. */
export const imageNames = ({ values }: Aliases): Record<string, string> => ({ ...imageAliases, ...values });

/**
 * Whether a file has aliases: its first line, comments apart, says so. `az` writes its own version before the text of a
 * file, so the file's own comes second.
 */
export function hasAliases(text: string): boolean {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== '' && !line.trim().startsWith('#')) ?? '';
  const version = /^version\s*:(.*)$/.exec(first)?.[1]?.trim() ?? '';
  // As the engine compares them.
  return version >= 'v1.1.0';
}

/** The lines of the section `alias:`, and the others; the others need not be YAML before they are expanded. */
export function partAliases(source: Lined): { section: Lined; rest: Lined } {
  let inside = false;
  const within = source.text.split('\n').map((line) => {
    if (/^alias\s*:/.test(line)) inside = true;
    else if (/^[^\s:]+[^:]*:/.test(line)) inside = false;
    return inside;
  });
  let at = 0;
  const section = keepLines(source, () => within[at++]!);
  at = 0;
  return { section, rest: keepLines(source, () => !within[at++]!) };
}

/** Reads the section, whose templates are filled in. @throws TaskFileError */
export function readAliases(section: Lined): Aliases {
  const none: Aliases = { values: {}, directive: '$' };
  if (section.text.trim() === '') return none;
  const first = section.lines[0]!;
  const lineAt = sourceLine(section);
  const refuse = (problem: string, line = first): never => {
    throw new TaskFileError(line, problem);
  };
  const { root, lineOf } = inLines(section, () => parseGoYaml(section.text));
  const alias = entriesOf(root).find(({ name }) => name === 'alias')?.value;
  if (saysNothing(alias)) return none;
  if (!isMap(alias)) refuse('alias is a map with values and directive.');
  const found: Aliases = { ...none };
  for (const { name, key, value } of entriesOf(alias)) {
    const line = lineAt(lineOf(key));
    if (saysNothing(value)) continue;
    if (name === 'src')
      refuse(
        'alias.src is not supported: the aliases would be fetched from elsewhere at each reading. Write them under alias.values.',
        line,
      );
    if (name === 'directive') {
      const directive = isScalar(value) ? String(value.value) : '';
      if ([...directive].length !== 1 || /[A-Za-z0-9]/.test(directive))
        refuse('alias.directive is one character, neither a letter nor a digit.', line);
      found.directive = directive;
    }
    if (name === 'values') {
      if (!isMap(value)) refuse('alias.values is a map of names to texts.', line);
      const texts = entriesOf(value).map((entry) => {
        const at = lineAt(lineOf(entry.key));
        if (!/^[A-Za-z0-9]+$/.test(entry.name))
          refuse(`the alias ${entry.name} is not named by letters and digits alone.`, at);
        if (isMap(entry.value) || isSeq(entry.value)) refuse(`the alias ${entry.name} is not a text.`, at);
        const text = isScalar(entry.value) && !saysNothing(entry.value) ? String(entry.value.value) : '';
        return [entry.name, text] as const;
      });
      found.values = Object.fromEntries(texts);
    }
  }
  return found;
}

/** Runs `read`, and puts the source's lines into what it finds wrong. */
function inLines<T>(text: Lined, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TaskFileError)) throw error;
    throw new TaskFileError(sourceLine(text)(error.line), error.problem);
  }
}

/** Puts what they stand for in place of `$ID` and its like. An unknown name stays as it is; `$$` is a `$`. */
export function expandAliases(source: Lined, aliases: Aliases): Lined {
  const { directive } = aliases;
  const values = { ...runAliases, ...imageNames(aliases) };
  const out = rewriting(source);
  const quoted = directive.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const pattern = new RegExp(`${quoted}(${quoted}|[A-Za-z0-9]*)`, 'gu');
  for (let match = pattern.exec(source.text); match; match = pattern.exec(source.text)) {
    const name = match[1]!;
    if (name === directive || Object.hasOwn(values, name)) {
      out.copy(match.index);
      out.insert(name === directive ? directive : values[name]!);
      out.skip(pattern.lastIndex);
    } else if (source.text.startsWith(directive, pattern.lastIndex)) {
      // The engine takes a directive behind an unknown name for a character like any other.
      pattern.lastIndex += directive.length;
    }
  }
  out.copy(source.text.length);
  return out.done();
}
