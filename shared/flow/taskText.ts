import type { RunValues } from '../runValues.ts';
import {
  inFile,
  parseValuesFile,
  readTaskFile,
  type SetValue,
  secretsOfFile,
  type TaskFile,
  type TemplateData,
  withSet,
} from '../taskFile.ts';
import { BuildFault } from './buildFault.ts';

/** A multi-step task as it was written: the file, and the values of its templates. */
export interface TaskText {
  /** How people are told of it. */
  name: string;
  text: string;
  /** The text of the values file. */
  values: string | undefined;
  valuesName: string;
  set: SetValue[];
}

/** Where a task file is said to be, in a task's step or a run request. */
export type TaskTextPlace =
  | { encodedTaskContent: string; encodedValuesContent?: string | undefined; values: SetValue[] }
  | { taskFilePath: string; valuesFilePath?: string | undefined; values: SetValue[] };

/** The task file that is encoded in a step or a request. */
export const decodedText = (place: Extract<TaskTextPlace, { encodedTaskContent: string }>): TaskText => ({
  name: 'The task file',
  text: decode(place.encodedTaskContent),
  values: place.encodedValuesContent === undefined ? undefined : decode(place.encodedValuesContent),
  valuesName: 'The values file',
  set: place.values,
});

const decode = (base64: string) =>
  Buffer.from(base64, 'base64')
    .toString('utf8')
    .replace(/^\uFEFF/, '');

/**
 * The task file that is meant, from the context where it is there.
 * @throws BuildFault when it is not
 */
export async function readTaskText(
  place: TaskTextPlace,
  read: (path: string) => Promise<string | undefined>,
): Promise<TaskText> {
  if ('encodedTaskContent' in place) return decodedText(place);
  const must = async (path: string, what: string) => {
    const text = await read(path.replace(/^(\.\/)+/, ''));
    if (text !== undefined) return text.replace(/^\uFEFF/, '');
    throw new BuildFault(`There is no ${what} ${path} in the context. The path is relative to its root.`);
  };
  const { taskFilePath, valuesFilePath } = place;
  return {
    name: taskFilePath,
    text: await must(taskFilePath, 'task file'),
    values: valuesFilePath === undefined ? undefined : await must(valuesFilePath, 'values file'),
    valuesName: valuesFilePath ?? '',
    set: place.values,
  };
}

/** What the templates of a run stand for. @throws TaskFileError in the values file */
export const templateData = ({ values, valuesName, set }: TaskText, run: RunValues): TemplateData => ({
  // The engine alone knows the name of its volume; here it only has to be a name.
  run: { ...run, SharedVolume: 'workspace' },
  values: withSet(values === undefined ? {} : inFile(valuesName, () => parseValuesFile(values)), set),
  secrets: {},
});

/**
 * The file with the run's values in it.
 * @throws TaskFileError; BuildFault for secrets of a Key Vault, which nobody reads yet
 */
export function fileOf({ name, text }: TaskText, data: TemplateData): TaskFile {
  const [secret] = inFile(name, () => secretsOfFile(text, data));
  if (secret)
    throw new BuildFault(
      `${name}, line ${secret.line}: the secret ${secret.id} is in a Key Vault, which Plinth does not read for a task file. Give its value by --set-secret and use {{.Values.${secret.id}}}.`,
    );
  return inFile(name, () => readTaskFile(text, data));
}
