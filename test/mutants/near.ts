import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** By source file: the tests that are asked about its mutants. */
export type Asked = Map<string, string[]>;

/**
 * The tests of each source file that are asked one after the other, for what those before do not find: those that import
 * it and lie in the folder of its name, as test/rules for shared/rules, then all that do either.
 */
export function nearTests(root: string, tests: string[], sources: string[]): Asked[] {
  const imports = new Map(tests.map((test) => [test, importsOf(root, test)]));
  const importing = (source: string) => tests.filter((test) => imports.get(test)!.has(source));
  const folderOf = (source: string) => dirname(source).replace(/^shared/, 'test');
  const beside = (source: string) => tests.filter((test) => dirname(test) === folderOf(source));
  const asked = (of: (source: string) => string[]) => new Map(sources.map((source) => [source, of(source)]));
  const both = (source: string) => importing(source).filter((test) => beside(source).includes(test));
  return [asked(both), asked(importing), asked(beside)];
}

/** The files that a test imports itself, from the root. */
function importsOf(root: string, test: string): Set<string> {
  const text = readFileSync(join(root, test), 'utf8');
  return new Set([...text.matchAll(/ from '(\.[^']+)'/g)].map(([, path]) => join(dirname(test), path!)));
}
