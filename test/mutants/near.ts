import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** By source file: the tests that are asked about its mutants. */
export type Asked = Map<string, string[]>;

/**
 * The tests of each source file: first those that import it, of test/rules alone for a file of shared/rules where that
 * has any; then the others in the folder of its name, for what those do not find.
 */
export function nearTests(root: string, tests: string[], sources: string[]): [Asked, Asked] {
  const imports = new Map(tests.map((test) => [test, importsOf(root, test)]));
  const folderOf = (source: string) => dirname(source).replace(/^shared/, 'test');
  const beside = (source: string) => tests.filter((test) => test.startsWith(`${folderOf(source)}/`));
  /** test/flow for shared/flow/finish. */
  const partOf = (source: string) => `${folderOf(source).split('/').slice(0, 2).join('/')}/`;
  const nearest = (source: string) => {
    const importing = tests.filter((test) => imports.get(test)!.has(source));
    const own = importing.filter((test) => test.startsWith(partOf(source)));
    return own.length > 0 ? own : importing;
  };
  const asked = (of: (source: string) => string[]) => new Map(sources.map((source) => [source, of(source)]));
  return [asked(nearest), asked(beside)];
}

/** The files that a test imports itself, from the root. */
function importsOf(root: string, test: string): Set<string> {
  const text = readFileSync(join(root, test), 'utf8');
  return new Set([...text.matchAll(/ from '(\.[^']+)'/g)].map(([, path]) => join(dirname(test), path!)));
}
