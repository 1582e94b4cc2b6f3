import { expandAliases, hasAliases, readAliases, separateAliases } from './aliases.ts';
import { TaskFileFault } from './fault.ts';
import { type FieldKind, readFields } from './fields.ts';
import type { AcrTask } from './model.ts';
import { readSteps } from './readSteps.ts';
import { joined, linesOf, sourceText } from './sourceText.ts';
import type { GoMap } from './template/goValue.ts';
import { render } from './template/template.ts';
import { readYaml, type YamlNode } from './yamlTree.ts';

export { ofFile, TaskFileFault } from './fault.ts';
export type { AcrTask, BuildStep, CmdStep, DockerOption, PushStep, TaskStep } from './model.ts';
export { readValuesFile, templateData } from './values.ts';

const versions = ['1.0-preview-1', 'v1.0.0', 'v1.1.0'];
const optional = ['networks', 'volumes'];
const taskFields: Record<string, FieldKind> = {
  version: 'text',
  steps: 'any',
  stepTimeout: 'whole',
  workingDirectory: 'text',
  env: 'texts',
  secrets: 'any',
  networks: 'any',
  volumes: 'any',
};

/**
 * Reads a task file as ACR's engine does (Azure/acr-builder: graph, templating): comment lines go; where the version has
 * aliases their section is rendered and read, and the rest expanded; the rest is rendered, and is then YAML.
 * @param data of `templateData`
 * @throws TaskFileFault
 */
export function readTask(text: string, data: GoMap): AcrTask {
  const source = joined(linesOf(sourceText(text)).filter((line) => !/^\s*#/.test(line.text)));
  const parted = hasAliases(source) ? separateAliases(source) : undefined;
  const aliases = parted && readAliases(render(parted.section, data));
  const rendered = render(parted && aliases ? expandAliases(parted.rest, aliases) : source, data);
  const root = readYaml(rendered);
  const fields = readFields(root, taskFields, 'the task file');

  const version = fields.text('version');
  if (version !== '' && !versions.includes(version.toLowerCase()))
    throw new TaskFileFault(
      fields.lineOf('version')!,
      `the version is not known; there are ${versions.join(', ')}.`,
    );
  const nodes = listOf(fields.node('steps'), 'steps');
  if (nodes.length === 0) throw new TaskFileFault(fields.lineOf('steps') ?? 1, 'a task file needs steps.');
  const steps = readSteps(nodes, {
    timeout: fields.whole('stepTimeout'),
    env: fields.texts('env'),
    workingDirectory: fields.text('workingDirectory'),
    aliases,
  });
  return {
    steps,
    secrets: listOf(fields.node('secrets'), 'secrets').map(secretOf),
    options: new Map(
      optional.flatMap((name) => {
        const line = fields.lineOf(name);
        return line === undefined ? [] : [[name, { line }] as const];
      }),
    ),
  };
}

function listOf(node: YamlNode | undefined, what: string): YamlNode[] {
  if (node === undefined) return [];
  if (node.kind !== 'list') throw new TaskFileFault(node.line, `${what} is not a list.`);
  return node.items;
}

function secretOf(node: YamlNode): { id: string; line: number } {
  const fields = readFields(node, { id: 'text', keyvault: 'text', clientID: 'text' }, 'a secret');
  const id = fields.text('id');
  if (id === '' || fields.text('keyvault') === '')
    throw new TaskFileFault(node.line, 'a secret needs an id and a keyvault.');
  return { id, line: node.line };
}
