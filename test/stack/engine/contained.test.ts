import assert from 'node:assert/strict';
import { setTimeout as after } from 'node:timers/promises';
import { test } from 'uvu';
import { runContained } from '../../../local/runEngine/build/contained.ts';
import { byTier } from '../../tier.ts';

/** The command's output, read as slowly as told, and its exit code. */
async function outputOf(script: string, pauseMs: number) {
  let text = '';
  const code = await runContained(['/bin/sh', '-c', script], {
    env: { PATH: '/usr/bin:/bin' },
    cwd: '/',
    signal: AbortSignal.timeout(60_000),
    async output(piece) {
      if (pauseMs > 0) await after(pauseMs);
      text += piece;
    },
  });
  return { text, code };
}

const lines = (count: number) => Array.from({ length: count }, (_, at) => `${at + 1}\n`).join('');
const rows: [title: string, script: string, text: string, code: number][] = [
  ['a line', 'echo here', 'here\n', 0],
  ['a line on standard error', 'echo here >&2', 'here\n', 0],
  ['a line without an end', 'printf here', 'here', 0],
  ['a line before a failure', 'echo here; exit 7', 'here\n', 7],
  ['more than a pipe holds', 'seq 30000', lines(30_000), 0],
  ['more than a pipe holds, before a failure', 'seq 30000; exit 3', lines(30_000), 3],
  ['both outputs in order', 'echo a; echo b >&2; echo c', 'a\nb\nc\n', 0],
  ['nothing', ':', '', 0],
];
for (const [title, script, text, code] of rows)
  for (const pauseMs of [0, 20])
    test(`nothing is lost of a command that ends at once, read after ${pauseMs} ms: ${title}`, async () => {
      const times = Array.from({ length: byTier({ fast: 1, normal: 4, long: 40 }) }, () =>
        outputOf(script, pauseMs),
      );
      for (const found of await Promise.all(times)) assert.deepEqual(found, { text, code });
    });

test.run();
