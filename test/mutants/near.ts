import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** By source file: the tests that are asked about its mutants. */
export type Asked = Map<string, string[]>;

/**
 * The tests of each source file: first those that import it and lie in the folder of its name, as test/rules for
 * shared/rules, or that import it at all where that folder has none; then the others of the folder, for what those do not
 * find.
 */
export function nearTests(root: string, tests: string[], sources: string[]): [Asked, Asked] {
  const imports = new Map(tests.map((test) => [test, importsOf(root, test)]));
  const folderOf = (source: string) => dirname(source).replace(/^shared/, 'test');
  const beside = (source: string) => tests.filter((test) => dirname(test) === folderOf(source));
  const nearest = (source: string) => {
    const importing = tests.filter((test) => imports.get(test)!.has(source));
    const both = importing.filter((test) => beside(source).includes(test));
    return both.length > 0 ? both : importing;
  };
  const asked = (of: (source: string) => string[]) => new Map(sources.map((source) => [source, of(source)]));
  return [asked(nearest), asked(beside)];
}

/** The files that a test imports itself, from the root. */
function importsOf(root: string, test: string): Set<string> {
  const text = readFileSync(join(root, test), 'utf8');
  return new Set([...text.matchAll(/ from '(\.[^']+)'/g)].map(([, path]) => join(dirname(test), path!)));
}
