/**
 * Changes the product one place at a time and asks the fast tests whether they notice.
 *
 *   npm run mutants [-- PATTERN] [-- --near] [-- --sample=N] [-- --by=PATTERN]
 *
 * PATTERN: a folder, or a pattern of the source files' paths. --near: only the tests in the folder of the changed
 * file's name, or that import it, so that a folder ends within minutes; without it every test that reaches the
 * mutant is asked. --sample: N mutants drawn evenly from each file. --by: only the tests whose paths match, as a new one.
 *
 * One process at a time, behind everything else that the machine does. What each test file said of each mutant is kept,
 * so that a run that was stopped goes on; a changed source file begins anew, and a changed test is asked anew about what
 * survived. Closes with a line for each folder, and ends with 1 where a goal of report.ts is missed.
 */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { bundleTests } from '../bundle.ts';
import { byFile, instrument, type Mutant } from './instrument.ts';
import { askFile } from './judging.ts';
import { type Asked, nearTests } from './near.ts';
import { isEquivalent, type Judged, report } from './report.ts';
import { openResults } from './results.ts';

const root = join(import.meta.dirname, '../..');
const judge = 'test/mutants/judge.ts';
/** Beside the product's own tests: those of the project's form and of its programs read files, and reach no mutant. */
const otherTests = /^test\/(stack|mutants|infra|local)\/|^test\/[^/]+$/;

/** So many of each file, from its first to its last. */
function sampled(mutants: Mutant[], sample: number): Mutant[] {
  const files = [...byFile(mutants, ({ file }) => file).values()];
  const each = Math.ceil(sample / files.length);
  return files.flatMap((those) => {
    const step = Math.max(1, those.length / each);
    return Array.from(
      { length: Math.min(each, those.length) },
      (_, place) => those[Math.floor(place * step)]!,
    );
  });
}

const args = process.argv.slice(2);
const by = new RegExp(args.find((arg) => arg.startsWith('--by='))?.slice(5) ?? '');
const sample = Number(args.find((arg) => arg.startsWith('--sample='))?.slice(9) ?? Number.POSITIVE_INFINITY);
const pattern = new RegExp(args.find((arg) => !arg.startsWith('--')) ?? '');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
setPriority(10);

const { mutants, sourceOf } = await instrument(root, pattern);
const chosen = Number.isFinite(sample) ? sampled(mutants, sample) : mutants;
const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((file) => file.endsWith('.test.ts') && !otherTests.test(file) && by.test(file));
const sources = [...new Set(chosen.map(({ file }) => file))];
const near = args.includes('--near');
const passes: Asked[] = near
  ? nearTests(root, all, sources)
  : [new Map(sources.map((source) => [source, all]))];

const results = openResults(root);
const isOpen = (mutant: Mutant, test: string, asked: Asked) =>
  !isEquivalent(mutant) && asked.get(mutant.file)!.includes(test) && results.isOpen(mutant, test);
const files = all.filter((test) =>
  passes.some((asked) => chosen.some((mutant) => isOpen(mutant, test, asked))),
);
const { bundled, remove } = await bundleTests(root, [judge, ...files], {
  ...{ sourceOf, splitting: false },
  // What a test starts as a process of its own takes longer to compile than all that is near a folder.
  ...(near && { started: [] }),
});
process.once('exit', remove);
console.log(`${mutants.length} mutants, ${files.length} test files`);

async function ask(test: string, asked: Asked): Promise<void> {
  const open = new Map(chosen.filter((mutant) => isOpen(mutant, test, asked)).map((one) => [one.id, one]));
  if (open.size === 0) return;
  const programs = { root, judge: bundled(judge), program: bundled(test) };
  const began = performance.now();
  let found = 0;
  const judges = await askFile(programs, [...open.keys()], (id, isFound) => {
    results.keep(open.get(id)!, test, isFound);
    found += Number(isFound);
  });
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    judges
      ? `${test} finds ${found} of ${open.size} in ${seconds} s`
      : `${test} fails without a mutant, so it judges none`,
  );
}
for (const asked of passes) for (const test of files) await ask(test, asked);
const judged: Judged[] = chosen.map((mutant) => ({ mutant, isFound: results.isFound(mutant) }));
const { lines, reached } = report(judged);
for (const line of lines) console.log(line);
process.exit(reached ? 0 : 1);
