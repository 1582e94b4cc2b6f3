import { TaskFileFault } from './fault.ts';
import { isNothing, readFields, textMap } from './fields.ts';
import { insteadOf, joined, linesOf, pieceOf, type SourceText } from './sourceText.ts';
import { readYaml } from './yamlTree.ts';

/** The names that the engine puts other texts for. */
export interface Aliases {
  /** Its own and those that every file has. */
  texts: ReadonlyMap<string, string>;
  directive: string;
}

const everyFilesOwn: [name: string, text: string][] = [
  ...'ID SharedVolume Registry RegistryName Date OS Architecture Commit Branch'
    .split(' ')
    .map((name): [string, string] => [name, `{{.Run.${name}}}`]),
  ['acr', 'mcr.microsoft.com/acr/acr-cli:0.19'],
  ['az', 'mcr.microsoft.com/acr/azure-cli:fe316c9'],
  ['bash', 'mcr.microsoft.com/acr/bash:fe316c9'],
  ['curl', 'mcr.microsoft.com/acr/curl:fe316c9'],
  ['cssc', 'mcr.microsoft.com/acr/cssc:fe316c9'],
];

/** Whether the file has aliases, by the version in its first line that is not empty. */
export function hasAliases(source: SourceText): boolean {
  const first = source.text.split('\n').find((line) => line.trim() !== '') ?? '';
  const version = /^version\s*:(.*)$/s.exec(first)?.[1]?.trim() ?? '';
  // Texts are compared, as in the engine: a version in quotes is less.
  return version >= 'v1.1.0';
}

/** The lines of the section `alias:`, up to the next that begins a property, and all others. */
export function separateAliases(source: SourceText): { section: SourceText; rest: SourceText } {
  const section: SourceText[] = [];
  const rest: SourceText[] = [];
  let inside = false;
  for (const line of linesOf(source)) {
    if (/^alias\s*:/.test(line.text) && !inside) inside = true;
    else if (/^[^\s:]+[^:]*:/.test(line.text)) inside = false;
    (inside ? section : rest).push(line);
  }
  return { section: joined(section), rest: joined(rest) };
}

/** Reads the section, which is rendered already. @throws TaskFileFault */
export function readAliases(section: SourceText): Aliases {
  const root = readYaml(section);
  const alias = root.kind === 'map' ? root.entries.get('alias') : undefined;
  if (!alias || isNothing(alias.node)) return { texts: new Map(everyFilesOwn), directive: '$' };
  const fields = readFields(alias.node, { src: 'texts', values: 'any', directive: 'text' }, 'alias');
  if (fields.texts('src').length > 0)
    throw new TaskFileFault(fields.lineOf('src')!, 'this run engine reads no aliases of an alias.src.');
  const directive = fields.text('directive') || '$';
  if ([...directive].length !== 1 || /[a-zA-Z0-9]/.test(directive))
    throw new TaskFileFault(
      fields.lineOf('directive')!,
      'alias.directive is one character, and neither a letter nor a digit.',
    );
  const values = fields.node('values');
  if (values === undefined) return { texts: new Map(everyFilesOwn), directive };
  if (values.kind !== 'map') throw new TaskFileFault(values.line, 'alias.values is not a map.');
  const own = textMap(values, 'alias.values');
  for (const name of Object.keys(own))
    if (!/^[a-zA-Z0-9]+$/.test(name))
      throw new TaskFileFault(
        values.entries.get(name)!.line,
        `the alias ${name} is not named by letters and digits alone.`,
      );
  return { texts: new Map([...everyFilesOwn, ...Object.entries(own)]), directive };
}

/**
 * Puts the texts for the names behind a directive. Two directives are one; behind a name that is not known the next
 * directive is a character like any other.
 */
export function expandAliases(source: SourceText, { texts, directive }: Aliases): SourceText {
  const out: SourceText[] = [];
  const { text } = source;
  let at = 0;
  for (;;) {
    const found = text.indexOf(directive, at);
    out.push(pieceOf(source, at, found < 0 ? undefined : found));
    if (found < 0) return joined(out);
    const from = found + directive.length;
    const name = /^[a-zA-Z0-9]*/.exec(text.slice(from, from + 256))![0];
    const line = source.lines[found]!;
    at = from + name.length;
    if (name === '' && text.startsWith(directive, from)) {
      out.push(insteadOf(line, directive));
      at = from + directive.length;
      continue;
    }
    const known = texts.get(name);
    if (known !== undefined) {
      out.push(insteadOf(line, known));
      continue;
    }
    if (text.startsWith(directive, at)) at += directive.length;
    out.push(pieceOf(source, found, at));
  }
}

/** A `cmd` whose first word may be the name of an image. */
export function expandCommand(cmd: string, { texts }: Aliases): string {
  const trimmed = cmd.trim();
  const [first = ''] = trimmed.split(' ', 1);
  const image = texts.get(first);
  return image === undefined ? cmd : image + trimmed.slice(first.length);
}
