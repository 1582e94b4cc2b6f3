import { expandAliases, readAliases, versionOf } from './taskFile/aliases.ts';
import { inFile, TaskFileError } from './taskFile/errors.ts';
import type { FileSecret, TaskFile } from './taskFile/model.ts';
import { parseTaskFile } from './taskFile/parse.ts';
import { type Lookup, renderTemplate } from './taskFile/template.ts';
import { lenient, lookupIn, type TemplateData } from './taskFile/values.ts';

export { type EngineText, engineText } from './taskFile/engineText.ts';
export type { BuildStep, CmdStep, FileSecret, FileStep, PushStep, TaskFile } from './taskFile/model.ts';
export { mergeSet, parseValuesFile, type SetValue, type TemplateData, withSet } from './taskFile/values.ts';
export { shellDecides, splitWords } from './taskFile/words.ts';
export { inFile, TaskFileError };

/**
 * Reads an acr-task.yaml as ACR does: aliases, then templates, then YAML.
 * @throws TaskFileError with the line of the file as its author wrote it
 */
export const readTaskFile = (text: string, data: TemplateData): TaskFile => read(text, lookupIn(data));

/** The secrets of a file's `secrets`, for whoever fetches them before the file is read. @throws TaskFileError */
export const secretsOfFile = (text: string, data: TemplateData): FileSecret[] =>
  read(text, lenient(lookupIn(data), ['Secrets'])).secrets;

/**
 * Reads a task file to see whether it is right, before the values and secrets are known that a run gives it.
 * @throws TaskFileError
 */
export function checkTaskFile(text: string, data: TemplateData): TaskFile {
  const { secrets } = read(text, lenient(lookupIn(data), ['Values', 'Secrets']));
  const named = Object.fromEntries(secrets.map(({ id }) => [id, '1']));
  return read(text, lenient(lookupIn({ ...data, secrets: named }), ['Values']));
}

function read(text: string, lookup: Lookup): TaskFile {
  const hasAliases = versionOf(text) === 'v1.1.0';
  const { aliases, rest } = hasAliases ? readAliases(text) : { aliases: undefined, rest: text };
  const expanded = aliases ? expandAliases(rest, aliases) : rest;
  const images = Object.fromEntries(
    Object.entries(aliases?.images ?? {}).map(([name, value]) => [name, renderTemplate(value, lookup).text]),
  );
  const { text: rendered, lineOf } = renderTemplate(expanded, lookup);
  return parseTaskFile(rendered, lineOf, images);
}
