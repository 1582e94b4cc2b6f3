import { hideSecrets, withoutSecrets } from './hide.ts';
import type { FileSecret, TaskFile } from './model.ts';
import { parseTaskFile } from './parse.ts';
import { inFile, TaskFileError } from './template/errors.ts';
import { expandFile } from './template/expand.ts';
import { hiddenIn, scopeOf, type TemplateData } from './template/values.ts';

export { type EngineText, engineText } from './engineText.ts';
export type { BuildStep, CmdStep, FileSecret, PushStep, TaskFile, TaskFileStep } from './model.ts';
export {
  hiddenIn,
  mergeSet,
  parseValuesFile,
  type SetValue,
  type TemplateData,
  withSet,
} from './template/values.ts';
export { shellDecides, splitCommand } from './words.ts';
export { hideSecrets, inFile, TaskFileError, withoutSecrets };

/**
 * Reads an acr-task.yaml as ACR's engine does: comment lines away, then aliases, then templates, then YAML.
 * @throws TaskFileError with the line of the file as its author wrote it, without what is hidden
 */
export const readTaskFile = (text: string, data: TemplateData): TaskFile => read(text, data, []);

/** The secrets of a file's `secrets`, to fetch them before the file is read. @throws TaskFileError */
export const secretsOfFile = (text: string, data: TemplateData): FileSecret[] =>
  read(text, data, ['Secrets']).secrets;

/**
 * Reads a task file to see whether it is right, before the values and secrets are known that a run gives it.
 * @throws TaskFileError
 */
export const checkTaskFile = (text: string, data: TemplateData): TaskFile =>
  read(text, data, ['Values', 'Secrets']);

function read(text: string, data: TemplateData, pending: readonly string[]): TaskFile {
  const absent = new Set<string>();
  try {
    const scope = scopeOf(data, pending, (path) => absent.add(`{{.${path.join('.')}}}`));
    return parseTaskFile(expandFile(text, scope), [...absent]);
  } catch (error) {
    throw withoutSecrets(error, hiddenIn(data));
  }
}
