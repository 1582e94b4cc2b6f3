import type { TaskIdentity } from '../../model/task.ts';
import type { RunValues } from '../../names/runValues.ts';
import type { Ports } from '../../ports/ports.ts';
import { VaultError } from '../../ports/vault.ts';
import {
  type FileSecret,
  inFile,
  parseValuesFile,
  readTaskFile,
  type SetValue,
  secretsOfFile,
  type TaskFile,
  type TemplateData,
  withSet,
} from '../../taskFile/taskFile.ts';
import { BuildFault } from '../buildFault.ts';

/** A multi-step task as it was written: the file, and the values of its templates. */
export interface TaskText {
  /** Its name in messages. */
  name: string;
  text: string;
  /** The text of the values file. */
  values: string | undefined;
  valuesName: string;
  set: SetValue[];
}

/** The path of a task file, in a task's step or a run request. */
type TaskTextPlace =
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
  // Only the engine has the name of its volume; any name will do here.
  run: { ...run, SharedVolume: 'workspace' },
  values: withSet(values === undefined ? {} : inFile(valuesName, () => parseValuesFile(values)), set),
  secrets: {},
  hidden: set.filter(({ isSecret }) => isSecret).map(({ value }) => value),
});

/** The identities that read a file's `secrets`: a task's own; a quick run has none. */
interface SecretReader {
  vault: Ports['vault'];
  identity: TaskIdentity | undefined;
}

/**
 * The file with the run's values in it, and what its templates stand for, now with the secrets of the file's `secrets`:
 * they are read from their key vaults as the run begins.
 * @throws TaskFileError VaultError; BuildFault where there is no identity to read a secret with
 */
export async function openTaskFile(
  text: TaskText,
  values: TemplateData,
  reader: SecretReader | undefined,
): Promise<{ file: TaskFile; data: TemplateData }> {
  const named = inFile(text.name, () => secretsOfFile(text.text, values));
  const read = named.map(async (secret) => [secret.id, await valueOf(secret, text.name, reader)] as const);
  const data = { ...values, secrets: Object.fromEntries(await Promise.all(read)) };
  return { file: inFile(text.name, () => readTaskFile(text.text, data)), data };
}

async function valueOf(
  { id, line, keyvault, clientID }: FileSecret,
  name: string,
  reader: SecretReader | undefined,
): Promise<string> {
  const where = `${name}, line ${line}: the secret ${id}`;
  if (!reader)
    throw new BuildFault(
      `${where} is in a key vault, and a run without a task has no identity to read it with. Give its value by --set-secret and use {{.Values.${id}}}.`,
    );
  if (clientID === undefined && !reader.identity?.type.includes('SystemAssigned'))
    throw new BuildFault(
      `${where} is read with the task's system-assigned identity, but the task has none. Assign one (--assign-identity), or name another as clientID.`,
    );
  try {
    return await reader.vault.secret(keyvault, clientID);
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    const { transient, isRoleMissing, retryAfter } = cause;
    throw new VaultError(`${where}: ${cause.message}`, { transient, isRoleMissing, retryAfter, cause });
  }
}
