/**
 * The test command. uvu by itself ends 0 in cases that are failures (no test.run(), a throwing `before`, a thrown
 * string, a stray `.only`, no file at all), so every file runs in a process of its own and counts only when it
 * ended 0, ran at least one test, and passed all of them.
 *
 *   npm test [-- PATTERN]      PATTERN: a regular expression on the file's path
 *
 * The fast tests run two at a time; those under test/stack/ follow one by one, as they start servers.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ensureSystemPackages, stackPackages } from '../local/systemPackages.ts';
import { readVerdict, type Verdict } from './verdict.ts';

const root = join(import.meta.dirname, '..');
const fastLimit = 900_000;
const stackLimit = 900_000;

function testFiles(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(dir, name))
    .sort();
}

async function runFile(file: string): Promise<Verdict> {
  const limit = file.startsWith('test/stack/') ? stackLimit : fastLimit;
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  let timedOut = false;
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // already gone
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limit);
  process.once('exit', kill);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  process.off('exit', kill);
  clearTimeout(timer);
  const verdict = readVerdict(file, timedOut ? null : code, output, readFileSync(join(root, file), 'utf8'));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${verdict.failed ? 'FAIL' : 'ok  '} ${file}  ${verdict.passed} passed  ${seconds} s`);
  if (timedOut) console.log(`     stopped after ${limit / 1000} s`);
  if (verdict.failed) console.log(`     ${verdict.reason}\n${output.replace(/^/gm, '     | ')}`);
  return verdict;
}

async function runAll(files: string[], atOnce: number): Promise<Verdict[]> {
  const waiting = [...files];
  const verdicts: Verdict[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) verdicts.push(await runFile(file));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return verdicts;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const pattern = new RegExp(process.argv[2] ?? '');
const files = testFiles('test').filter((file) => pattern.test(relative('.', file)));
const stack = files.filter((file) => file.startsWith('test/stack/'));
if (stack.length > 0) await ensureSystemPackages([...stackPackages, 'azure-cli']);
const verdicts = [
  ...(await runAll(
    files.filter((file) => !stack.includes(file)),
    2,
  )),
  ...(await runAll(stack, 1)),
];

const sum = (key: 'passed' | 'failed' | 'skipped') =>
  verdicts.reduce((total, verdict) => total + verdict[key], 0);
if (files.length === 0) console.log(`No test file matches ${pattern}.`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(files.length > 0 && sum('failed') === 0 ? 0 : 1);
