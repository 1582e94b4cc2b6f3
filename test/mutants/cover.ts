import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../runProgram.ts';
import { readVerdict } from '../verdict.ts';

export interface TestFile {
  file: string;
  /** Its compiled form. */
  program: string;
  /** How long it takes without a mutant. */
  seconds: number;
  /** The mutants whose source it reaches. */
  reaches: Set<string>;
}

/** Writes, as a process ends, which mutants' source it reached. */
const recorder = `
import { writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { static: always = {}, perTest = {} } = globalThis.__stryker__?.mutantCoverage ?? {};
  const reached = [always, ...Object.values(perTest)].flatMap(Object.keys);
  writeFileSync(process.env.PLINTH_REACHED, JSON.stringify([...new Set(reached)]));
});`;

/**
 * Runs a test file without a mutant and notes what it reaches.
 * @returns undefined when it fails, as then it would seem to find every mutant
 */
export async function cover(
  root: string,
  { file, program }: { file: string; program: string },
  limit: number,
): Promise<TestFile | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-cover-'));
  try {
    const [preload, reached] = [join(folder, 'recorder.mjs'), join(folder, 'reached.json')];
    writeFileSync(preload, recorder);
    const ended = await runProgram(['--import', preload, program], {
      cwd: root,
      env: { PLINTH_TEST_TIER: 'fast', PLINTH_REACHED: reached },
      limit,
    });
    const { failed } = readVerdict(file, ended.code, ended.output, readFileSync(join(root, file), 'utf8'));
    if (failed) return undefined;
    const reaches = new Set<string>(JSON.parse(readFileSync(reached, 'utf8')));
    return { file, program, seconds: ended.seconds, reaches };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether a test file finds a mutant: it fails, or takes far longer than without. */
export async function finds(
  root: string,
  { file, program, seconds }: TestFile,
  id: string,
): Promise<boolean> {
  const ended = await runProgram([program], {
    cwd: root,
    env: { PLINTH_TEST_TIER: 'fast', __STRYKER_ACTIVE_MUTANT__: id },
    limit: 10_000 + seconds * 5000,
  });
  return readVerdict(file, ended.code, ended.output, readFileSync(join(root, file), 'utf8')).failed > 0;
}
