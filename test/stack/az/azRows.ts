import assert from 'node:assert/strict';
import type { suite } from 'uvu';
import { mapAtMost } from '../../../shared/flow/concurrency.ts';
import type { AzWorld, Done } from './azWorld.ts';

/** A command line and what it comes to; docs/compatibility.md names the title. */
export interface AzRow {
  title: string;
  /** Of bash, with the world's variables. */
  command: string;
  /** 0 unless told. */
  code?: number;
  out?: RegExp;
  err?: RegExp;
  /** What neither output may hold. */
  never?: RegExp;
  more?: (done: Done, world: AzWorld) => void | Promise<void>;
}

/**
 * Adds a test for each row. The commands run some at a time when the first test asks: most of a command's time is az
 * waiting for a log.
 */
export function addRows<T extends { world: AzWorld }>(
  test: ReturnType<typeof suite<T>>,
  rows: AzRow[],
  atOnce = 3,
): void {
  let done: Promise<Done[]> | undefined;
  for (const [at, row] of rows.entries())
    test(row.title, async ({ world }) => {
      done ??= mapAtMost(rows, atOnce, ({ command }) => world.az(command));
      await hold(row, (await done)[at]!, world);
    });
}

async function hold({ title, code = 0, out, err, never, more }: AzRow, done: Done, world: AzWorld) {
  const told = `${title}\n${done.stdout}\n${done.stderr}`;
  assert.equal(done.code, code, told);
  if (out) assert.match(done.stdout, out, told);
  if (err) assert.match(done.stderr, err, told);
  if (never) assert.ok(!never.test(told), told);
  // A refusal is one line for people; a traceback would be az stumbling over an answer of ours.
  assert.ok(!/Traceback/.test(done.stderr), told);
  await more?.(done, world);
}

/** The first line that az makes of a refusal of ours: `ERROR: (Code) message`. */
export const refused = (code: string, message: string) =>
  new RegExp(`^(WARNING.*\\n)*ERROR: \\(${code}\\) .*${message}`);
