import { isScalar, isSeq } from 'yaml';
import { defaultStepTimeout, type FileSecret, type TaskFile } from './model.ts';
import {
  type NodePosition,
  propertiesOf,
  type Told,
  taskEnvironmentOf,
  textOf,
  wholeNumberOf,
} from './nodes.ts';
import { orderOf } from './order.ts';
import { readStep, type StepDefaults } from './steps.ts';
import { TaskFileError } from './template/errors.ts';
import type { Expanded } from './template/expand.ts';
import { entriesOf, type GoYaml, parseGoYaml, plainOf, saysNothing } from './template/goYaml.ts';
import { sourceLine } from './template/lined.ts';

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
 * @param absent each template that stands for nothing
 * @throws TaskFileError with the line of the file as its author wrote it
 */
export function parseTaskFile(expanded: Expanded, absent: readonly string[] = []): TaskFile {
  const lineAt = sourceLine(expanded);
  const yaml = parsed(expanded);
  const warnings = absent.map((template) => `${template} has no value, and stands for nothing.`);
  const told: Told = {
    lineOf: (node) => lineAt(yaml.lineOf(node)),
    warn: (line, text) => warnings.push(`Line ${line}: ${text} ACR passes it over.`),
  };
  if (saysNothing(yaml.root)) throw new TaskFileError(1, 'the task file is empty; it needs steps.');
  const root = { node: yaml.root, line: 1, what: 'the task' };
  const properties = propertiesOf(root, known, told);
  const get = (name: string) => properties.get(name);

  const version = (get('version') && textOf(get('version')!)) || 'v1.0.0';
  if (!versions.includes(version.toLowerCase()))
    throw new TaskFileError(
      get('version')!.line,
      `the version ${version} is not known. There are ${versions.join(', ')}.`,
    );
  const alias = get('alias');
  if (alias) told.warn(alias.line, 'alias needs version: v1.1.0 in the first line of the file.');
  const timeout = get('stepTimeout');
  const env = get('env');
  const workingDirectory = get('workingDirectory');
  const defaults: StepDefaults = {
    timeout: Math.max(0, timeout ? wholeNumberOf(timeout, undefined, 'seconds') : 0) || defaultStepTimeout,
    env: env ? taskEnvironmentOf(env, told) : [],
    workingDirectory: workingDirectory && textOf(workingDirectory),
    images: expanded.images,
  };
  const steps = get('steps');
  if (!steps || !isSeq(steps.node) || steps.node.items.length === 0)
    throw new TaskFileError(
      steps?.line ?? 1,
      ['a task file needs steps: a list of build, push and cmd steps.', ...warnings].join(' '),
    );
  const read = steps.node.items.map((node, at) =>
    readStep({ node, line: told.lineOf(node), what: `step ${idOf(node) ?? at + 1}` }, at, defaults, told),
  );
  const after = orderOf(read);
  return {
    version: version.toLowerCase(),
    steps: read.map(({ id, step }) => step(after.get(id)!)),
    secrets: secretsOf(get('secrets'), told),
    options: new Map(
      engineOptions.flatMap((name) => {
        const found = get(name);
        return found ? [[name, { value: plainOf(found.node, told), line: found.line }] as const] : [];
      }),
    ),
    absent,
    warnings,
  };
}

function parsed(expanded: Expanded): GoYaml {
  try {
    return parseGoYaml(expanded.text);
  } catch (error) {
    if (!(error instanceof TaskFileError)) throw error;
    throw new TaskFileError(sourceLine(expanded)(error.line), `this is not YAML: ${error.problem}`);
  }
}

function idOf(node: unknown): string | undefined {
  const id = entriesOf(node).findLast(({ name }) => name === 'id')?.value;
  return isScalar(id) && id.value ? String(id.value) : undefined;
}

function secretsOf(place: NodePosition | undefined, told: Told): FileSecret[] {
  if (!place) return [];
  if (!isSeq(place.node)) throw new TaskFileError(place.line, 'secrets is not a list.');
  const seen = new Set<string>();
  return place.node.items.map((node) => {
    const line = told.lineOf(node);
    const properties = propertiesOf({ node, line, what: 'a secret' }, ['id', 'keyvault', 'clientID'], told);
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
