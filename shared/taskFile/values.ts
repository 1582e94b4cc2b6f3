import { isMap, LineCounter, parseDocument } from 'yaml';
import { TaskFileError } from './errors.ts';
import type { Lookup } from './template.ts';

/** The values of `{{.Values.x}}`, as a values file nests them. */
export interface ValueTree {
  [name: string]: unknown;
}

/** One `--set` or `--set-secret`. */
export interface SetValue {
  name: string;
  value: string;
  isSecret: boolean;
}

/** What the templates of one run stand for. */
export interface TemplateData {
  /** `{{.Run.X}}`, by name. */
  run: Record<string, string>;
  values: ValueTree;
  /** `{{.Secrets.id}}`: the secrets of the file's own `secrets`. */
  secrets: Record<string, string>;
}

/**
 * Reads a values file: a YAML map, nested as deep as it likes.
 * @throws TaskFileError with the line
 */
export function parseValuesFile(text: string): ValueTree {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false });
  const fault = document.errors[0];
  if (fault) throw new TaskFileError(fault.linePos?.[0].line ?? 1, firstSentence(fault.message));
  if (document.contents === null) return {};
  if (!isMap(document.contents)) throw new TaskFileError(1, 'a values file is a map of names to values.');
  return document.toJS() as ValueTree;
}

export const firstSentence = (message: string) =>
  `${message.split(/ at line |\n|:$/)[0]!.replace(/\.$/, '')}.`;

/** The values file with what `--set` says; of two with one name the later wins. */
export const withSet = (file: ValueTree, set: readonly SetValue[]): ValueTree => ({
  ...file,
  ...Object.fromEntries(set.map(({ name, value }) => [name, value])),
});

/** One list of values after another, by name: the later wins. */
export function mergeSet(...lists: (readonly SetValue[] | undefined)[]): SetValue[] {
  const merged = new Map(lists.flatMap((list) => (list ?? []).map((value) => [value.name, value] as const)));
  return [...merged.values()];
}

/** What templates stand for in a run; each fault is told with the names that there are. */
export function lookupIn({ run, values, secrets }: TemplateData): Lookup {
  return ([root, ...path], template) => {
    if (root === 'Build' && path.join('.') === 'ID') return run.ID ?? '';
    const name = path.join('.');
    if (root === 'Run') {
      if (Object.hasOwn(run, name)) return run[name]!;
      return unknown(template, Object.keys(run), 'Run');
    }
    if (root === 'Secrets') {
      if (Object.hasOwn(secrets, name)) return secrets[name]!;
      return {
        problem: `${template} names no secret of this file. Give it under secrets: with its id and keyvault.`,
      };
    }
    if (root === 'Values') return valueIn(values, path, template);
    return { problem: `${template} is not known. There are {{.Run.X}}, {{.Values.x}} and {{.Secrets.x}}.` };
  };
}

const unknown = (template: string, names: string[], root: string) => ({
  problem: `${template} is not known. There are ${names.map((name) => `{{.${root}.${name}}}`).join(', ')}.`,
});

function valueIn(values: ValueTree, path: string[], template: string): string | { problem: string } {
  let found: unknown = values;
  for (const name of path) {
    const inner = typeof found === 'object' && found !== null && Object.hasOwn(found, name);
    found = inner ? (found as ValueTree)[name] : undefined;
  }
  const key = path.join('.');
  if (found === undefined || found === null)
    return { problem: `${template} has no value. Give it by --set ${key}=… or in the values file.` };
  if (typeof found === 'object') return { problem: `${template} is a map or a list, not one value.` };
  return String(found);
}

/**
 * As `lookupIn`, but what is only known when the task runs does not fail: for the check of a task that is being
 * created. `1` is a number, a name and a tag.
 */
export function lenient(lookup: Lookup, roots: readonly string[]): Lookup {
  return (path, template) => {
    const found = lookup(path, template);
    return typeof found === 'string' || !roots.includes(path[0]!) ? found : '1';
  };
}
