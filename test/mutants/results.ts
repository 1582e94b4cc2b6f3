import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Mutant } from './instrument.ts';

/** The test file that found it; null where none did. */
export type Found = string | null;

/**
 * What became of each mutant, kept between runs so that one that was stopped goes on where it was. A change of the
 * mutant's file makes its mutants new.
 */
export function openResults(root: string) {
  const path = join(root, 'node_modules/.cache/plinth-mutants.ndjson');
  mkdirSync(dirname(path), { recursive: true });
  const sources = new Map<string, string>();
  const key = ({ file, line, column, kind, replacement }: Mutant) => {
    const text = sources.get(file) ?? readFileSync(join(root, file), 'utf8');
    sources.set(file, text);
    const parts = [text, file, line, column, kind, replacement];
    return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
  };
  const found = new Map<string, Found>();
  if (existsSync(path))
    for (const line of readFileSync(path, 'utf8').split('\n').filter(Boolean)) {
      const [known, by] = JSON.parse(line) as [string, Found];
      found.set(known, by);
    }
  return {
    of: (mutant: Mutant) => found.get(key(mutant)),
    keep(mutant: Mutant, by: Found): void {
      found.set(key(mutant), by);
      appendFileSync(path, `${JSON.stringify([key(mutant), by])}\n`);
    },
  };
}
