// Tier: normal, it starts programs.
/** What is typed behind `npm run … --`: a word that a program does not know is refused, and not left out. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { oldest } from '../../infra/doctor/tools.ts';

const root = join(import.meta.dirname, '../..');
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const { scripts, engines }: { scripts: Record<string, string>; engines: { node: string } } = JSON.parse(
  text('package.json'),
);
const run = (script: string, ...words: string[]) => {
  const [, ...rest] = scripts[script]!.split(' ');
  const env = { ...process.env, npm_lifecycle_event: script };
  const { status, stderr } = spawnSync(process.execPath, [...rest, ...words], {
    ...{ cwd: root, env, encoding: 'utf8', timeout: 60_000 },
  });
  return { status, stderr };
};

const refused: [script: string, words: string[], says: RegExp][] = [
  ['demo', ['--ruogh'], /^'--ruogh' is unknown\. usage: npm run demo \[-- --rough\]\n$/],
  ['demo', ['--rough', 'fast'], /^'fast' is unknown/],
  ['start', ['--verbos'], /usage: npm run start \[-- --verbose\]/],
  ['start', ['verbose'], /^'verbose' is unknown/],
  ['doctor', ['befor'], /usage: npm run doctor \[-- before\]/],
  ['doctor', ['--before'], /^'--before' is unknown/],
  ['check:infra', ['--wirte'], /usage: npm run check:infra \[-- --write\]/],
  ['build', ['--watch'], /^'--watch' is unknown\. usage: npm run build\n$/],
  ['package', ['1.0.0'], /usage: npm run package\n$/],
  ['openapi', ['docs'], /^'docs' is unknown/],
];
for (const [script, words, says] of refused)
  test(`npm run ${script} -- ${words.join(' ')} does nothing and says what there is`, () => {
    const { status, stderr } = run(script, ...words);
    assert.equal(status, 2, stderr);
    assert.match(stderr, says);
  });

test('a benchmark that there is not is said, with those that there are', () => {
  const { status, stderr } = run('bench', 'nothere');
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^No benchmark matches \/nothere\/: .*\bcoldStart\b/);
});

test('every program that npm runs knows its words', () => {
  const bootstrap = text('local/bootstrap.mjs');
  for (const [script, command] of Object.entries(scripts)) {
    const file = /bootstrap\.mjs (\S+\.ts)/.exec(command)?.[1];
    if (!file) continue;
    const readsThem = /parseArgs|argv\.slice\(2\)|argv\[2\] \?\? ''|process\.argv\[at\]/.test(text(file));
    assert.ok(readsThem || bootstrap.includes(`'${file}': [`), `${script}: ${file}`);
  }
});

test('the doctor asks for the Node that the programs ask for', () => {
  assert.match(oldest.node, new RegExp(`^${engines.node.replace('>=', '').replaceAll('.', '\\.')}\\.`));
});

test.run();
