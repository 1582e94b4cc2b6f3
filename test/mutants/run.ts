/**
 * Changes the product one place at a time and asks the fast tests whether they notice.
 *
 *   npm run mutants [-- PATTERN] [-- --sample=N]   PATTERN of source files; N mutants drawn evenly from each file
 *
 * What was found is kept, so that a run that was stopped goes on; only the mutants of a changed file begin anew. Closes
 * with a line for each folder, and ends with 1 where a goal of report.ts is missed.
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { bundleTests } from '../bundle.ts';
import { cover, finds, type TestFile } from './cover.ts';
import { byFile, instrument, type Mutant } from './instrument.ts';
import { isEquivalent, type Judged, report } from './report.ts';
import { openResults } from './results.ts';

const root = join(import.meta.dirname, '../..');
/** Milliseconds for a test file without a mutant. */
const limit = 300_000;
/** Beside the product's own tests: those of the project's form and of its programs read files, and reach no mutant. */
const otherTests = /^test\/(stack|mutants|infra|local)\/|^test\/[^/]+$/;

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

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

/** The first test file that finds a mutant: those that found one of the same source file lately, then the quickest. */
async function findMutant(
  mutant: Mutant,
  tests: TestFile[],
  lately: Map<string, string>,
): Promise<string | null> {
  const rank = ({ file, seconds }: TestFile) => (file === lately.get(mutant.file) ? -1 : seconds);
  for (const test of tests
    .filter(({ reaches }) => reaches.has(mutant.id))
    .toSorted((a, b) => rank(a) - rank(b)))
    if (await finds(root, test, mutant.id)) {
      lately.set(mutant.file, test.file);
      return test.file;
    }
  return null;
}

const args = process.argv.slice(2);
const sample = Number(args.find((arg) => arg.startsWith('--sample='))?.slice(9) ?? Number.POSITIVE_INFINITY);
const pattern = new RegExp(args.find((arg) => !arg.startsWith('--')) ?? '');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const { mutants, sourceOf } = await instrument(root, pattern);
const chosen = Number.isFinite(sample) ? sampled(mutants, sample) : mutants;
const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((file) => file.endsWith('.test.ts') && !otherTests.test(file));
const { bundled, remove } = await bundleTests(root, files, sourceOf);
process.once('exit', remove);
console.log(`${chosen.length} of ${mutants.length} mutants, ${files.length} test files`);

const results = openResults(root);
const tests: TestFile[] = [];
const open = chosen.filter((mutant) => results.of(mutant) === undefined && !isEquivalent(mutant));
if (open.length > 0)
  await inParallel(files, async (file) => {
    const test = await cover(root, { file, program: bundled(file) }, limit);
    if (test) tests.push(test);
    else console.log(`${file} fails without a mutant, so it judges none`);
  });
const lately = new Map<string, string>();
let done = 0;
await inParallel(open, async (mutant) => {
  results.keep(mutant, await findMutant(mutant, tests, lately));
  done += 1;
  if (done % 100 === 0) console.log(`${done} of ${open.length}`);
});
const judged: Judged[] = chosen.map((mutant) => ({ mutant, found: results.of(mutant) ?? null }));
const { lines, reached } = report(judged);
for (const line of lines) console.log(line);
process.exit(reached ? 0 : 1);
