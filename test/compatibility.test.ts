import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { compatibilityRows } from './compatibility.ts';

const states = ['works', 'engine', 'refused', 'az'];

/** The titles of a test file, as they stand in its text. */
function titles(file: string): string[] {
  const path = join(import.meta.dirname, `stack/${file}.test.ts`);
  if (!existsSync(path)) return [];
  const found = readFileSync(path, 'utf8').matchAll(/(?:title:|test\()\s*(['"])((?:\\.|(?!\1).)*)\1/g);
  return [...found].map(([, , title]) => title!.replaceAll(/\\(.)/g, '$1'));
}

test('docs/compatibility.md has rows for every command', () => {
  assert.ok(compatibilityRows().length > 80, `${compatibilityRows().length} rows`);
});

for (const { section, subject, state, test: named } of compatibilityRows())
  test(`${section}, ${subject}: ${state}, and a test runs it`, () => {
    assert.ok(states.includes(state), `${state} is none of ${states.join(', ')}`);
    const [file = '', title] = named.split(/: (.*)/s);
    assert.ok(titles(file).includes(title!), `${file}.test.ts holds no test "${title}"`);
  });

test.run();
