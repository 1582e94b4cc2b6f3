import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import { compatibilityRows } from '../doubles/compatibility.ts';

const states = ['works', 'engine', 'refused', 'az'];

/** The titles of a test file, as they stand in its text. */
function titles(file: string): string[] {
  const tests = join(import.meta.dirname, '..');
  const path = readdirSync(tests, { recursive: true, encoding: 'utf8' }).find(
    (name) =>
      (name.startsWith('stack/') && basename(name) === `${file}.test.ts`) || name === `compat/${file}.ts`,
  );
  if (!path) return [];
  const found = readFileSync(join(tests, path), 'utf8').matchAll(
    /(?:title:|test\()\s*(['"])((?:\\.|(?!\1).)*)\1/g,
  );
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
