import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Language, type Node, Parser } from 'web-tree-sitter';

/** A value of a Bicep text: what is not a literal keeps its text. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value } | Expression;

export class Expression {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export interface Declaration {
  symbol: string;
  decorators: Record<string, Value[]>;
}
export interface Parameter extends Declaration {
  type: string;
  default?: Value;
}
export interface Output extends Declaration {
  value: string;
}
export interface Resource extends Declaration {
  type: string;
  existing: boolean;
  body: Record<string, Value>;
}
export interface Module extends Declaration {
  path: string;
  body: Record<string, Value>;
}
export interface BicepFile {
  path: string;
  text: string;
  hasError: boolean;
  parameters: Parameter[];
  outputs: Output[];
  resources: Resource[];
  modules: Module[];
  variables: Record<string, Value>;
  /** Of user-defined types: their properties with decorators. */
  types: Record<string, Parameter[]>;
  /** The name of every function that is called. */
  calls: string[];
}

await Parser.init();
const wasm = createRequire(import.meta.url).resolve('tree-sitter-bicep/tree-sitter-bicep.wasm');
const parser = new Parser().setLanguage(await Language.load(wasm));

/** Every .bicep file below a folder, by its path in that folder. */
export function readBicep(folder: string): Map<string, BicepFile> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.bicep'),
  );
  return new Map(paths.sort().map((path) => [path, parse(path, readFileSync(join(folder, path), 'utf8'))]));
}

export function parse(path: string, text: string): BicepFile {
  const root = parser.parse(text)!.rootNode;
  const file: BicepFile = {
    path,
    text,
    hasError: root.hasError,
    parameters: [],
    outputs: [],
    resources: [],
    modules: [],
    variables: {},
    types: {},
    calls: [],
  };
  collect(root, file);
  return file;
}

function collect(node: Node, file: BicepFile): void {
  let decorators: Record<string, Value[]> = {};
  for (const child of named(node)) {
    if (child.type === 'decorators') {
      decorators = decoratorsOf(child);
      continue;
    }
    const parts = named(child);
    const symbol = parts[0]?.type === 'identifier' ? parts[0].text : '';
    const last = parts.at(-1)!;
    switch (child.type) {
      case 'parameter_declaration': {
        const hasDefault = parts.length > 2;
        const type = parts[1]!.text;
        file.parameters.push({ symbol, decorators, type, ...(hasDefault && { default: toValue(last) }) });
        break;
      }
      case 'output_declaration':
        file.outputs.push({ symbol, decorators, value: last.text });
        break;
      case 'variable_declaration':
        file.variables[symbol] = toValue(last);
        break;
      case 'type_declaration':
        file.types[symbol] = propertiesOfType(last);
        break;
      case 'resource_declaration':
        file.resources.push({
          symbol,
          decorators,
          type: parts[1]!.text.slice(1, -1),
          existing: /\sexisting\s*=/.test(child.text.split('\n')[0]!),
          body: bodyOf(last),
        });
        break;
      case 'module_declaration':
        file.modules.push({ symbol, decorators, path: parts[1]!.text.slice(1, -1), body: bodyOf(last) });
        break;
      case 'call_expression':
        file.calls.push(symbol);
        break;
    }
    decorators = {};
    collect(child, file);
  }
}

/** The object of a resource or module, inside its condition or loop. */
function bodyOf(node: Node): Record<string, Value> {
  const object = node.type === 'object' ? node : node.descendantsOfType('object').at(0);
  const wanted =
    node.type === 'object' ? node : (named(node).find(({ type }) => type === 'object') ?? object);
  return toValue(wanted!) as Record<string, Value>;
}

export function toValue(node: Node): Value {
  switch (node.type) {
    case 'string':
      if (named(node).some(({ type }) => type === 'interpolation')) return new Expression(node.text);
      return node.text.slice(1, -1).replaceAll("\\'", "'");
    case 'number':
      return Number(node.text);
    case 'boolean':
      return node.text === 'true';
    case 'null':
      return null;
    case 'array':
      return named(node).map(toValue);
    case 'object':
      return Object.fromEntries(
        named(node)
          .filter(({ type }) => type === 'object_property')
          .flatMap((property) => {
            const [key, value] = named(property);
            // A nested resource has no key.
            return value && key!.type !== 'resource_declaration' ? [[keyOf(key!), toValue(value)]] : [];
          }),
      );
    default:
      return new Expression(node.text);
  }
}

function propertiesOfType(node: Node): Parameter[] {
  const properties: Parameter[] = [];
  let decorators: Record<string, Value[]> = {};
  for (const child of named(node)) {
    if (child.type === 'decorators') decorators = decoratorsOf(child);
    if (child.type !== 'object_property') continue;
    const [key, type] = named(child);
    properties.push({ symbol: keyOf(key!), decorators, type: type!.text });
    decorators = {};
  }
  return properties;
}

const decoratorsOf = (node: Node) =>
  Object.fromEntries(
    node.descendantsOfType('call_expression').map((call) => {
      const [name, args] = named(call!);
      return [name!.text, named(args!).map(toValue)];
    }),
  );

const keyOf = (node: Node) => (node.type === 'string' ? node.text.slice(1, -1) : node.text);
const named = (node: Node): Node[] =>
  node.namedChildren.filter(
    (child): child is Node =>
      child !== null && child.type !== 'comment' && child.type !== 'diagnostic_comment',
  );

/** Every object inside a value, also in the text of expressions: `union(a, { … })`, `x ? {} : { … }`. */
export function objectsIn(value: Value): Record<string, Value>[] {
  if (value instanceof Expression) {
    const root = parser.parse(`var it = ${value.text}`)!.rootNode;
    return root.descendantsOfType('object').map((node) => toValue(node!) as Record<string, Value>);
  }
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}
