import { isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { TaskFileError } from './errors.ts';
import { defaultStepTimeout, type FileSecret, type TaskFile } from './model.ts';
import {
  environmentOf,
  type LineOf,
  linesBy,
  type Place,
  propertiesOf,
  textOf,
  wholeNumberOf,
} from './nodes.ts';
import { orderOf } from './order.ts';
import { readStep, type StepDefaults } from './steps.ts';
import { firstSentence } from './values.ts';

const versions = ['v1.0.0', 'v1.1.0', '1.0-preview-1'];
const engineOptions = ['networks', 'volumes'];
const known = [
  'version',
  'steps',
  'stepTimeout',
  'workingDirectory',
  'env',
  'secrets',
  'alias',
  ...engineOptions,
];

/**
 * Reads a task file whose aliases and templates are filled in.
 * @param sourceLine the line of the file as its author wrote it, for one of this text
 * @param images names that stand for an image at the beginning of a `cmd`
 * @throws TaskFileError
 */
export function parseTaskFile(
  text: string,
  sourceLine: (line: number) => number = (line) => line,
  images: Record<string, string> = {},
): TaskFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, uniqueKeys: false });
  const fault = document.errors[0];
  if (fault)
    throw new TaskFileError(
      sourceLine(fault.linePos?.[0].line ?? 1),
      `this is not YAML: ${firstSentence(fault.message)}`,
    );
  const lineOf = linesBy(counter, sourceLine);
  const root = { node: document.contents, line: 1, what: 'the task' };
  if (document.contents === null) throw new TaskFileError(1, 'the task file is empty; it needs steps.');
  // az writes a version before the text of a file.
  const properties = propertiesOf(root, known, lineOf, ['version']);
  const get = (name: string) => properties.get(name);

  const version = get('version') ? textOf(get('version')!) : 'v1.0.0';
  if (!versions.includes(version.toLowerCase()))
    throw new TaskFileError(
      get('version')!.line,
      `the version ${version} is not known. There are ${versions.join(', ')}.`,
    );
  const alias = get('alias');
  if (alias && version.toLowerCase() !== 'v1.1.0')
    throw new TaskFileError(alias.line, `alias needs version v1.1.0; the file has ${version}.`);
  const timeout = get('stepTimeout');
  const env = get('env');
  const workingDirectory = get('workingDirectory');
  const defaults: StepDefaults = {
    timeout: (timeout && wholeNumberOf(timeout, 0, 'seconds')) || defaultStepTimeout,
    env: env ? environmentOf(env, lineOf) : [],
    workingDirectory: workingDirectory && textOf(workingDirectory),
    images,
  };
  const steps = get('steps');
  if (!steps || !isSeq(steps.node) || steps.node.items.length === 0)
    throw new TaskFileError(
      steps?.line ?? 1,
      'a task file needs steps: a list of build, push and cmd steps.',
    );
  const read = steps.node.items.map((node, at) =>
    readStep({ node, line: lineOf(node), what: `step ${idOf(node) ?? at + 1}` }, at, defaults, lineOf),
  );
  const after = orderOf(read);
  return {
    version: version.toLowerCase(),
    steps: read.map(({ id, step }) => step(after.get(id)!)),
    secrets: secretsOf(get('secrets'), lineOf),
    options: new Map(
      engineOptions.flatMap((name) => {
        const found = get(name);
        return found
          ? [[name, { value: (found.node as { toJSON(): unknown }).toJSON(), line: found.line }] as const]
          : [];
      }),
    ),
  };
}

function idOf(node: unknown): string | undefined {
  const id = (node as { get?: (key: string, keepScalar: boolean) => unknown } | null)?.get?.('id', true);
  return isScalar(id) ? String(id.value) : undefined;
}

function secretsOf(place: Place | undefined, lineOf: LineOf): FileSecret[] {
  if (!place) return [];
  if (!isSeq(place.node)) throw new TaskFileError(place.line, 'secrets is not a list.');
  const seen = new Set<string>();
  return place.node.items.map((node) => {
    const line = lineOf(node);
    const properties = propertiesOf({ node, line, what: 'a secret' }, ['id', 'keyvault', 'clientID'], lineOf);
    const text = (name: string) => {
      const found = properties.get(name);
      return found && textOf(found);
    };
    const id = text('id') ?? '';
    if (!/^[A-Za-z_]\w*$/.test(id))
      throw new TaskFileError(
        line,
        'a secret needs an id of letters, digits and _, as {{.Secrets.id}} names it.',
      );
    if (seen.has(id)) throw new TaskFileError(line, `two secrets have the id ${id}.`);
    seen.add(id);
    const keyvault = text('keyvault');
    const clientID = text('clientID');
    if (!keyvault)
      throw new TaskFileError(line, `the secret ${id} needs keyvault: the address of the secret.`);
    return { id, line, keyvault, ...(clientID !== undefined && { clientID }) };
  });
}
