import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutant } from './instrument.ts';

/**
 * What each test file said of each mutant, kept between runs so that one that was stopped goes on where it was. A change
 * of the mutant's file makes its mutants new, and a change of a test file what it did not find.
 */
export function openResults(root: string) {
  const path = join(root, 'node_modules/.cache/plinth-mutants.ndjson');
  mkdirSync(dirname(path), { recursive: true });
  const texts = new Map<string, string>();
  const textOf = (file: string) => {
    const text = texts.get(file) ?? readFileSync(join(root, file), 'utf8');
    texts.set(file, text);
    return text;
  };
  const hashOf = (parts: unknown[]) =>
    createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  const keyOf = ({ file, line, column, kind, replacement }: Mutant) =>
    hashOf([textOf(file), file, line, column, kind, replacement]);
  const found = new Set<string>();
  const passed = new Set<string>();
  if (existsSync(path))
    for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
      const [key, , isFound] = JSON.parse(line) as [string, string, boolean];
      (isFound ? found : passed).add(key);
    }
  const keyWith = (mutant: Mutant, test: string) => hashOf([keyOf(mutant), textOf(test)]);
  return {
    isFound: (mutant: Mutant) => found.has(keyOf(mutant)),
    /** Whether a test file is still to be asked. */
    isOpen: (mutant: Mutant, test: string) => !found.has(keyOf(mutant)) && !passed.has(keyWith(mutant, test)),
    keep(mutant: Mutant, test: string, isFound: boolean): void {
      const key = isFound ? keyOf(mutant) : keyWith(mutant, test);
      (isFound ? found : passed).add(key);
      appendFileSync(path, `${JSON.stringify([key, test, isFound])}\n`);
    },
  };
}
