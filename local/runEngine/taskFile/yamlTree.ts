import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import { TaskFileFault } from './fault.ts';
import { lineAt, type SourceText } from './sourceText.ts';
import { type ScalarValue, scalarOf } from './yamlScalar.ts';

/** YAML as the engine's library has it: anchors are what they name, `<<` is merged, of equal keys the last counts. */
export type YamlNode = YamlScalar | YamlList | YamlMap;
interface YamlScalar {
  kind: 'scalar';
  line: number;
  /** As it is written, without quotes. */
  text: string;
  /** What it is by YAML 1.1; undefined for nothing. */
  value: ScalarValue;
}
interface YamlList {
  kind: 'list';
  line: number;
  items: YamlNode[];
}
export interface YamlMap {
  kind: 'map';
  line: number;
  entries: Map<string, { line: number; node: YamlNode }>;
}

/** Reads the first document of a text. @throws TaskFileFault */
export function readYaml(source: SourceText): YamlNode {
  const document = parseDocument(source.text, { version: '1.1', schema: 'failsafe', uniqueKeys: false });
  const fault = document.errors.find(({ code }) => code !== 'MULTIPLE_DOCS');
  if (fault)
    throw new TaskFileFault(
      lineAt(source, fault.pos[0]),
      `this is not YAML: ${fault.message.split(/ at line |\n/)[0]!.replace(/[.:]$/, '')}.`,
    );
  return treeOf(document.contents, source);
}

function treeOf(contents: unknown, source: SourceText): YamlNode {
  /** Undefined while the node is being read. */
  const anchors = new Map<string, YamlNode | undefined>();
  const lineOf = (node: unknown, otherwise = 1) => {
    const at = (node as Node | null)?.range?.[0];
    return at === undefined ? otherwise : lineAt(source, at);
  };

  const read = (node: unknown, above: number): YamlNode => {
    const line = lineOf(node, above);
    if (isAlias(node)) {
      const known = anchors.get(node.source);
      if (known) return known;
      const problem = anchors.has(node.source) ? 'contains itself' : 'is not known here';
      throw new TaskFileFault(line, `the YAML anchor ${node.source} ${problem}.`);
    }
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined) anchors.set(anchor, undefined);
    const tree = plainTree(node, line);
    if (anchor !== undefined) anchors.set(anchor, tree);
    return tree;
  };
  const plainTree = (node: unknown, line: number): YamlNode => {
    if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => read(item, line)) };
    if (isMap(node)) return mapOf(node.items as Pair[], line);
    const scalar = isScalar(node) ? (node as Scalar) : undefined;
    return { kind: 'scalar', line, ...scalarOf(scalar) };
  };
  const mapOf = (pairs: Pair[], line: number): YamlMap => {
    const entries: YamlMap['entries'] = new Map();
    const put = (name: string, entry: { line: number; node: YamlNode }) => {
      entries.delete(name);
      entries.set(name, entry);
    };
    for (const { key, value } of pairs) {
      const at = lineOf(key, line);
      const node = read(value, at);
      if (isScalar(key) && key.type === 'PLAIN' && key.value === '<<') {
        for (const merged of mergedOf(node, at)) for (const [name, entry] of merged.entries) put(name, entry);
        continue;
      }
      const name = read(key, line);
      if (name.kind === 'scalar') put(name.text, { line: at, node });
    }
    return { kind: 'map', line, entries };
  };
  return read(contents, 1);
}

/** What `<<` takes in, that which counts least first. @throws TaskFileFault */
function mergedOf(node: YamlNode, line: number): YamlMap[] {
  const given = node.kind === 'list' ? node.items.toReversed() : [node];
  return given.map((one) => {
    if (one.kind !== 'map') throw new TaskFileFault(line, '<< needs a map, or a list of maps.');
    return one;
  });
}
