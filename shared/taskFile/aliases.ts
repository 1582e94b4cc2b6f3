import { LineCounter, parseDocument } from 'yaml';
import { TaskFileError } from './errors.ts';
import { firstSentence } from './values.ts';

/** The aliases of a file of version v1.1.0: ACR's own, and those of its `alias` section. */
export interface Aliases {
  values: Record<string, string>;
  /** The names that stand for an image at the beginning of a `cmd`, without the directive. */
  images: Record<string, string>;
  directive: string;
}

const runAliases = [
  'ID',
  'SharedVolume',
  'Registry',
  'RegistryName',
  'Date',
  'OS',
  'Architecture',
  'Commit',
  'Branch',
];

/** Images that ACR names for everybody (Linux). */
const imageAliases = {
  acr: 'mcr.microsoft.com/acr/acr-cli:0.19',
  az: 'mcr.microsoft.com/acr/azure-cli:fe316c9',
  bash: 'mcr.microsoft.com/acr/bash:fe316c9',
  curl: 'mcr.microsoft.com/acr/curl:fe316c9',
  cssc: 'mcr.microsoft.com/acr/cssc:fe316c9',
};

/** The version a file names; `az` writes its own before the text of a file, so the last one counts. */
export function versionOf(text: string): string {
  const versions = [...text.matchAll(/^version\s*:\s*["']?([^\s"'#]*)/gm)];
  return versions.at(-1)?.[1]?.toLowerCase() || 'v1.0.0';
}

/**
 * Reads the `alias` section, which is found by its lines, as the rest need not be YAML before it is expanded.
 * @returns the aliases, and the text with the section's lines left empty
 * @throws TaskFileError
 */
export function readAliases(text: string): { aliases: Aliases; rest: string } {
  const inSection = sectionLines(text);
  const lines = text.split('\n');
  const section = lines.map((line, at) => (inSection[at] ? line : '')).join('\n');
  const rest = lines.map((line, at) => (inSection[at] ? '' : line)).join('\n');
  const { values, directive } = parseSection(section, inSection.indexOf(true) + 1);
  const images = { ...imageAliases, ...values };
  const run = Object.fromEntries(runAliases.map((name) => [name, `{{.Run.${name}}}`]));
  return { aliases: { values: { ...run, ...images }, images, directive }, rest };
}

/** For each line whether it belongs to the section `alias:` at the top level. */
export function sectionLines(text: string): boolean[] {
  let inside = false;
  return text.split('\n').map((line) => {
    if (/^alias\s*:/.test(line)) inside = true;
    else if (/^[^\s#-][^:]*:/.test(line)) inside = false;
    return inside;
  });
}

function parseSection(section: string, at: number): { values: Record<string, string>; directive: string } {
  const counter = new LineCounter();
  const document = parseDocument(section, { lineCounter: counter, uniqueKeys: false });
  const fault = document.errors[0];
  if (fault) throw new TaskFileError(fault.linePos?.[0].line ?? at, firstSentence(fault.message));
  const alias = (document.toJS() as { alias?: unknown } | null)?.alias ?? {};
  if (typeof alias !== 'object') throw new TaskFileError(at, 'alias is a map with values and directive.');
  const { values = {}, directive = '$', src, ...others } = alias as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown) throw new TaskFileError(at, `alias has no property ${unknown}; it has values and directive.`);
  if (src !== undefined && src !== null)
    throw new TaskFileError(at, 'alias.src is not supported: write the aliases under alias.values.');
  if (typeof directive !== 'string' || [...directive].length !== 1 || /[A-Za-z0-9]/.test(directive))
    throw new TaskFileError(at, 'alias.directive is one character, neither a letter nor a digit.');
  for (const [name, value] of Object.entries(values as object)) {
    if (!/^[A-Za-z0-9]+$/.test(name))
      throw new TaskFileError(at, `the alias ${name} is not named by letters and digits alone.`);
    if (typeof value === 'object' || String(value).includes('\n'))
      throw new TaskFileError(at, `the alias ${name} is not a text of one line.`);
  }
  const texts = Object.entries(values as object).map(([name, value]) => [name, String(value)]);
  return { values: Object.fromEntries(texts), directive };
}

/**
 * Puts what they stand for in place of `$ID` and its like. An unknown name stays as it is; `$$` is a `$`, unless
 * `keepEscapes`, for a text that is to be expanded once more by another.
 */
export function expandAliases(text: string, { values, directive }: Aliases, keepEscapes = false): string {
  const quoted = directive.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  return text.replace(new RegExp(`${quoted}(${quoted}|[A-Za-z0-9]+)`, 'g'), (whole, name: string) => {
    if (name === directive) return keepEscapes ? whole : directive;
    return Object.hasOwn(values, name) ? values[name]! : whole;
  });
}
