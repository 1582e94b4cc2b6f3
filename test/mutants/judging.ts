import { type ChildProcess, fork } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { namedVariable } from '../tier.ts';
import type { Answer } from './judge.ts';

/** Milliseconds for a test file without a mutant. */
const patience = 300_000;
/** After so many a process begins anew: what it has imported stays in its memory. */
const asked = 200;

/**
 * Asks a test file about mutants, in a process that goes on from one to the next.
 * @param judge the compiled `judge.ts`
 * @param program the compiled test file, with all that it imports in it
 */
function openJudge(root: string, judge: string, program: string) {
  let child: ChildProcess | undefined;
  const start = () =>
    fork(judge, {
      execArgv: [],
      cwd: root,
      env: {
        ...process.env,
        // With all its rows.
        ...{ PLINTH_TEST_TIER: 'fast', [namedVariable]: 'true' },
        PLINTH_JUDGED: pathToFileURL(program).href,
      },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  const close = () => {
    child?.kill('SIGKILL');
    child = undefined;
  };
  return {
    close,
    /** @returns a failure without anything reached, where it ended or took longer than `limit` milliseconds */
    async ask(mutant: string | undefined, limit: number): Promise<Answer> {
      child ??= start();
      const running = child;
      let timer: NodeJS.Timeout | undefined;
      const answer = await new Promise<Answer | undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), limit);
        running.once('message', resolve as (answer: unknown) => void);
        running.once('exit', () => resolve(undefined));
        running.send({ mutant }, (error) => error && resolve(undefined));
      });
      clearTimeout(timer);
      running.removeAllListeners();
      if (!answer) close();
      return answer ?? { failed: true, reached: [] };
    },
  };
}

/**
 * Which of some mutants a test file finds: it fails, or takes far longer than without.
 * @param tell what is told of each mutant that it reaches, as soon as it is known
 * @returns undefined when it fails without a mutant, as then it would seem to find every one
 */
export async function askFile(
  { root, judge, program }: { root: string; judge: string; program: string },
  mutants: string[],
  tell: (mutant: string, isFound: boolean) => void,
): Promise<undefined | true> {
  const { ask, close } = openJudge(root, judge, program);
  process.once('exit', close);
  try {
    const began = performance.now();
    const { failed, reached } = await ask(undefined, patience);
    if (failed) return undefined;
    const limit = 5_000 + 10 * (performance.now() - began);
    const reaches = new Set(reached);
    const waiting = mutants.filter((mutant) => reaches.has(mutant));
    for (const mutant of mutants) if (!reaches.has(mutant)) tell(mutant, false);
    while (waiting.length > 0) {
      const found: string[] = [];
      for (const mutant of waiting.splice(0, asked))
        if ((await ask(mutant, limit)).failed) found.push(mutant);
        else tell(mutant, false);
      // What one mutant left behind may have failed the next: each is then asked about in a process of its own.
      const isClean = found.length === 0 || !(await ask(undefined, limit)).failed;
      for (const mutant of found) {
        if (!isClean) close();
        tell(mutant, isClean || (await ask(mutant, limit)).failed);
      }
      close();
    }
    return true;
  } finally {
    close();
    process.off('exit', close);
  }
}
