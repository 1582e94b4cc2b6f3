import { isSeq } from 'yaml';
import { booleanOf, type NodePosition, type Told, textOf, textsOf, wholeNumberOf } from './nodes.ts';
import { TaskFileError } from './template/errors.ts';
import { plainOf } from './template/goYaml.ts';

type Check = (place: NodePosition, told: Told) => unknown;
const wholeNumber: Check = (place) => wholeNumberOf(place);
const wholeNumbers: Check = ({ node, line, what }, told) => {
  if (!isSeq(node)) throw new TaskFileError(line, `${what} is not a list.`);
  return node.items.map((item) =>
    wholeNumberOf({ node: item, line: told.lineOf(item), what: `an entry of ${what}` }),
  );
};
const any: Check = ({ node }, told) => plainOf(node, told);

/** Properties that a container engine may or may not do, by what ACR's engine unmarshals each into. */
const checks: Record<string, Check> = {
  detach: booleanOf,
  privileged: booleanOf,
  keep: booleanOf,
  network: textOf,
  isolation: textOf,
  cpus: textOf,
  cache: (place) => {
    if (/^(enabled|disabled|)$/i.test(textOf(place))) return;
    throw new TaskFileError(place.line, `${place.what} is neither enabled nor disabled.`);
  },
  ports: textsOf,
  expose: textsOf,
  retryOnErrors: textsOf,
  exitedWith: wholeNumbers,
  exitedWithout: wholeNumbers,
  cmdDownloadRetries: wholeNumber,
  cmdDownloadRetryDelay: wholeNumber,
  volumeMounts: any,
  secret: any,
};

export const optionNames = Object.keys(checks);

/**
 * The options of a step for its container engine, unchecked: the engine that runs it checks them.
 * @throws TaskFileError for what is of another kind than ACR's engine takes
 */
export function optionsOf(
  get: (name: string) => NodePosition | undefined,
  told: Told,
): Map<string, { value: unknown; line: number }> {
  return new Map(
    optionNames.flatMap((name) => {
      const found = get(name);
      if (!found) return [];
      checks[name]!(found, told);
      return [[name, { value: plainOf(found.node, told), line: found.line }] as const];
    }),
  );
}
