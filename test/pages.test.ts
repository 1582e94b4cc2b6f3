import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import { docCommands } from './docCommands.ts';

const root = join(import.meta.dirname, '..');
const tops = ['docs', 'local', 'infra', 'examples', 'test'];
const below = tops.flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)),
);
const pages = [...readdirSync(root), ...below].filter(
  (name) => name.endsWith('.md') && !name.includes('node_modules'),
);
const text = (page: string) => readFileSync(join(root, page), 'utf8');

/** A heading as GitHub makes an anchor of it. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
const anchorsOf = (page: string) =>
  [...text(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

/** What is wrong with a link of a page, or undefined. */
function faultOf(page: string, link: string): string | undefined {
  const [path, anchor] = link.split('#') as [string, string?];
  const target = path ? join(dirname(page), path) : page;
  if (!existsSync(join(root, target))) return `${page}: ${link} leads nowhere`;
  if (anchor && target.endsWith('.md') && !anchorsOf(target).includes(anchor))
    return `${page}: ${link} has no such heading`;
  return undefined;
}

for (const page of pages)
  test(`${page} names only files and headings that there are`, () => {
    const links = [...text(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
    const faults = links
      .filter((link) => !/^[a-z]+:/.test(link))
      .map((link) => faultOf(page, link))
      .filter((fault) => fault !== undefined);
    const named = [
      ...text(page).matchAll(/`((?:shared|functions|local|test|infra|docs|examples)\/[\w./-]*)`/g),
    ].map(([, path]) => path!);
    const gone = named.filter((path) => !existsSync(join(root, path)));
    assert.deepEqual([...faults, ...gone], []);
  });

/** What is in Azure alone, or asks about it. */
const ofAzure = /\bazd\b|\$AZURE_|\bgh\b|az (login|functionapp|keyvault|deployment|group|monitor)\b/;

const blocksOfCommands = { nothing: 5, readme: 1, azure: 32, machine: 1 };

test('a block of commands that needs Azure says so', () => {
  const unmarked = docCommands().filter(({ needs, text }) => needs === undefined && ofAzure.test(text));
  assert.deepEqual(unmarked, []);
  assert.deepEqual(
    docCommands().filter(
      ({ needs }) => needs !== undefined && !['azure', 'machine', 'readme'].includes(needs),
    ),
    [],
  );
  // What needs nothing is run by test/stack/whole/docs.test.ts; a block more or less counts here.
  const count = (wanted?: string) => docCommands().filter(({ needs }) => needs === wanted).length;
  assert.deepEqual(
    { nothing: count(), readme: count('readme'), azure: count('azure'), machine: count('machine') },
    blocksOfCommands,
  );
  const fences = pages.flatMap((page) => [...text(page).matchAll(/^ *```(\S+)/gm)].map(([, name]) => name!));
  assert.deepEqual([...new Set(fences)].sort(), [
    'bash',
    'json',
    'kusto',
    'mermaid',
    'sh',
    'text',
    'ts',
    'yaml',
  ]);
});

test('the README takes at most two screens', () => {
  const lines = text('README.md')
    .split('\n')
    .map((line) => Math.max(1, Math.ceil(line.length / 110)));
  assert.ok(lines.reduce((sum, count) => sum + count, 0) <= 91);
});

test('each page of docs/ says in its first sentence what it is for', () => {
  const silent = pages
    .filter((page) => page.startsWith('docs/'))
    .filter((page) => !/^# .*\n\n(This (page|record|index) )/.test(text(page)));
  assert.deepEqual(silent, []);
});

test.run();
