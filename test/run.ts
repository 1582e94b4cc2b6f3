/**
 * The test command. uvu by itself ends 0 in cases that are failures (no test.run(), a throwing `before`, a thrown
 * string, a stray `.only`, no file at all), so a file counts only when it ended 0, ran at least one test, and passed all of
 * them. One that starts servers, or says at its head that it changes its process, has a process of its own.
 *
 *   npm test -- fast              the quick tests, without the local stack, with few random histories
 *   npm test                      all but the files of the long tier; of long tables one row of each kind
 *   npm test -- PATTERN …         the files whose path one of the regular expressions matches, with all their rows
 *   npm run test:long [-- PATTERN …]  what npm test leaves: those files, all rows, and large numbers of what is drawn
 *
 * A file says at its head where it is not run in each tier: `// Tier: normal, why` or `// Tier: long, why`.
 * Those under test/stack/ follow the others: they start servers, on free ports and in folders of their own.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareMachine, stackPackages } from '../local/machine/machine.mjs';
import { bundleTests } from './bundle.ts';
import { createFileRunner, type FileRunner } from './fileRunner.ts';
import { type Ended, runProgram } from './runProgram.ts';
import { choose, namedVariable } from './tier.ts';
import { readVerdict, type Verdict } from './verdict.ts';

const root = join(import.meta.dirname, '..');
/** Milliseconds for one file. */
const limit = 900_000;
/** So many files at a time, as two cores carry without a test meeting its limit; without servers, some files wait. */
const filesAtOnce = { quick: 3, stack: 2 };
/** Under test/stack/: what takes longest begins first, so that nothing is left alone at the end. */
const longest = [
  'az/azTaskRun',
  'whole/taskRunStarts',
  'upgrade/upgrade',
  'az/azBuild',
  'doctor/brokenWhileRunning',
  'page/page',
  'whole/imageUpdate',
  'az/azTutorial',
  'harm/hostile',
  'harm/troubles',
];

function testFiles(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(dir, name))
    .sort();
}

function verdictOn(file: string, { code, output, timedOut, seconds }: Ended): Verdict {
  const verdict = readVerdict(file, code, output, textOf(file));
  console.log(
    `${verdict.failed ? 'FAIL' : 'ok  '} ${file}  ${verdict.passed} passed  ${seconds.toFixed(1)} s`,
  );
  if (timedOut) console.log(`     stopped after ${limit / 1000} s`);
  if (verdict.failed) console.log(`     ${verdict.reason}\n${output.replace(/^/gm, '     | ')}`);
  return verdict;
}

/**
 * @param begin what runs files, each time one after the other
 * @param atOnce how many of it run beside one another
 */
async function runAll(files: string[], begin: () => FileRunner, atOnce: number): Promise<Verdict[]> {
  const waiting = [...files];
  const verdicts: Verdict[] = [];
  const worker = async () => {
    const runner = begin();
    for (let file = waiting.shift(); file; file = waiting.shift())
      verdicts.push(verdictOn(file, await runner.run(bundled(file))));
    const reason = await runner.end();
    if (reason) verdicts.push({ passed: 0, failed: 1, skipped: 0, reason });
    if (reason) console.log(`FAIL ${reason}`);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, files.length) }, worker));
  return verdicts;
}

const isStack = (file: string) => file.startsWith('test/stack/');
const longestFirst = (files: string[]) => {
  const place = (file: string) => longest.findIndex((name) => file.endsWith(`/${name}.test.ts`)) >>> 0;
  return files.toSorted((one, other) => place(one) - place(other));
};
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
const changesItsProcess = (file: string) => /^\/\/ Changes its process: /m.test(textOf(file));

function chosenOrEnd() {
  try {
    return choose(all, process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const all = testFiles('test').map((path) => ({ path, text: textOf(path) }));
const { tier, files, pattern, isNamed, left } = chosenOrEnd();
const stack = files.filter(isStack);
if (stack.length > 0) await prepareMachine([...stackPackages, 'azure-cli']);
const { folder, bundled, remove } = await bundleTests(root, files);
// For the programs that tests start.
process.env.PLINTH_COMPILED = folder;
process.once('exit', remove);
const place = { cwd: root, env: { PLINTH_TEST_TIER: tier, [namedVariable]: String(isNamed) }, limit };
const alone = (): FileRunner => ({
  run: (program) => runProgram([program], place),
  end: async () => undefined,
});
const quick = files.filter((file) => !isStack(file));
const ownProcess = quick.filter(changesItsProcess);
const ofItsOwn = new Set(ownProcess.map(bundled));
const together = (): FileRunner => {
  const { run, end } = createFileRunner(bundled('test/filesInOneProcess.ts'), place);
  return { run: (program) => (ofItsOwn.has(program) ? alone() : { run }).run(program), end };
};
// Those of their own processes wait the longest, so they come first.
const ordered = [...ownProcess, ...quick.filter((file) => !changesItsProcess(file))];
const verdicts = [
  ...(await runAll(ordered, together, filesAtOnce.quick)),
  ...(await runAll(longestFirst(stack), alone, filesAtOnce.stack)),
];

const sum = (key: 'passed' | 'failed' | 'skipped') =>
  verdicts.reduce((total, verdict) => total + verdict[key], 0);
if (left > 0) console.log(`${left} files are left to npm run test:long, and of others some rows.`);
if (files.length === 0) console.log(`No test file of the ${tier} tier matches ${pattern}.`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
process.exit(files.length > 0 && sum('failed') === 0 ? 0 : 1);
