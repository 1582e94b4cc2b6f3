import { TaskFileFault } from './fault.ts';
import { isNothing } from './fields.ts';
import { sourceText } from './sourceText.ts';
import type { GoMap, GoValue } from './template/goValue.ts';
import { readYaml, type YamlNode } from './yamlTree.ts';

/** More values than this are a file whose YAML anchors multiply each other; the engine's library refuses it too. */
const mostValues = 20_000;

/** Reads a values file. @throws TaskFileFault */
export function readValuesFile(text: string): GoMap {
  const root = readYaml(sourceText(text));
  if (isNothing(root)) return new Map();
  if (root.kind !== 'map') throw new TaskFileFault(root.line, 'a values file is a map of names to values.');
  let left = mostValues;
  const valueOf = (node: YamlNode): GoValue => {
    if (left-- <= 0)
      throw new TaskFileFault(node.line, `its YAML anchors make more than ${mostValues} values of it.`);
    if (node.kind === 'scalar') return node.value;
    if (node.kind === 'list') return node.items.map(valueOf);
    return new Map([...node.entries].map(([name, entry]) => [name, valueOf(entry.node)]));
  };
  return valueOf(root) as GoMap;
}

/** What the templates of a run stand for: `Values` are the file's, and over them those of the request. */
export function templateData(
  run: Readonly<Record<string, string>>,
  file: GoMap,
  set: readonly { name: string; value: string }[],
): GoMap {
  const values = new Map([...file, ...set.map(({ name, value }): [string, GoValue] => [name, value])]);
  return new Map<string, GoValue>([
    ['Run', new Map(Object.entries(run))],
    ['Build', new Map(Object.entries({ ID: run.ID ?? '' }))],
    ['Values', values],
    ['Secrets', new Map()],
  ]);
}
