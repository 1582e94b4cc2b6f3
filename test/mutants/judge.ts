/** The process that `judging.ts` starts for one test file: PLINTH_JUDGED, compiled whole, runs again for each mutant. */

/** What a test file came to. */
export interface Answer {
  failed: boolean;
  /** The mutants whose source was reached. */
  reached: string[];
}

/** So often may the switch of one mutant be asked: what asks more is a loop that no longer ends. */
const hitLimit = 200_000;

/** What instrumented source reads and writes. */
interface Switches {
  activeMutant?: string;
  hitCount?: number;
  hitLimit?: number;
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> };
}

type Suite = () => Promise<[errors: unknown, passed: number, skipped: number, all: number]>;

/** What uvu and the instrumenter share with whoever runs them; with UVU_DEFER, a suite waits to be run. */
const queue: unknown[][] = [];
const switches: Switches = {};
Object.assign(globalThis, { __stryker__: switches, UVU_QUEUE: queue, UVU_DEFER: true });

let stray = false;
process.on('uncaughtException', () => (stray = true));
process.on('unhandledRejection', () => (stray = true));

let imports = 0;
/** Imports the test file anew. @returns its suites; none where it cannot be loaded */
async function load(): Promise<Suite[]> {
  queue.splice(0, queue.length, [null]);
  imports += 1;
  await import(`${process.env.PLINTH_JUDGED}?${imports}`).catch(() => undefined);
  return queue.flatMap((group) => group.slice(1)) as Suite[];
}

function turn(mutant: string | undefined): void {
  Object.assign(switches, { activeMutant: mutant, hitCount: 0, hitLimit });
  if (mutant) process.env.__STRYKER_ACTIVE_MUTANT__ = mutant;
  else delete process.env.__STRYKER_ACTIVE_MUTANT__;
}

function reachedNow(): string[] {
  const { static: always = {}, perTest = {} } = switches.mutantCoverage ?? {};
  return [...new Set([always, ...Object.values(perTest)].flatMap(Object.keys))];
}

/** The suites as they are without a mutant, and the mutants that are reached as they are loaded. */
let whole: Promise<{ suites: Suite[]; atLoad: Set<string> }> | undefined;

/** @param mutant undefined: none */
async function judge(mutant: string | undefined): Promise<Answer> {
  whole ??= load().then((suites) => ({ suites, atLoad: new Set(reachedNow()) }));
  const { suites, atLoad } = await whole;
  turn(mutant);
  stray = false;
  let [passed, all] = [0, 0];
  // What a module computes as it is loaded is computed again with the mutant.
  for (const suite of mutant && atLoad.has(mutant) ? await load() : suites) {
    const [, good, , every] = await suite();
    passed += good;
    all += every;
  }
  turn(undefined);
  return { failed: all === 0 || passed !== all || stray, reached: reachedNow() };
}

process.on('message', async ({ mutant }: { mutant?: string }) => process.send!(await judge(mutant)));
process.on('disconnect', () => process.exit());
