import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'uvu';
import { bundleTests } from './bundle.ts';
import { runProgram } from './runProgram.ts';
import { readVerdict } from './verdict.ts';

const footer = (total: number, passed: number, skipped = 0) =>
  `\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   ${skipped}\n  Duration:  1.00ms\n`;

const cases: [title: string, code: number | null, output: string, source: string, failed: number][] = [
  ['every test passed', 0, footer(3, 3), '', 0],
  ['a skipped test is counted, not failed', 0, footer(2, 2, 1), '', 0],
  ['an assertion failed', 1, footer(3, 2), '', 1],
  ['no test.run(): uvu prints nothing and ends 0', 0, '', '', 1],
  ['a before hook threw: uvu ends 0 with nothing passed', 0, footer(2, 0), '', 2],
  ['a stray .only: uvu ends 0', 0, footer(1, 1, 4), `${'test'}.only('x', () => {});`, 1],
  ['the process was stopped at its limit', null, footer(3, 3), '', 1],
  ['a floating rejection after the footer', 1, footer(3, 3), '', 1],
];
for (const [title, code, output, source, failed] of cases) {
  test(title, () => assert.equal(readVerdict('x.test.ts', code, output, source).failed, failed));
}

test('what a before hook threw is printed, which uvu drops', async () => {
  const file = 'test/verdict.test.ts';
  const root = join(import.meta.dirname, '..');
  const throwing =
    "test.before(() => { throw new Error('the port is taken'); }); test('x', () => {}); test.run();";
  const sourceOf = (path: string) =>
    path === join(root, file) ? `import { test } from 'uvu'; ${throwing}` : undefined;
  const { bundled, remove } = await bundleTests(root, [file], { started: [], sourceOf });
  try {
    const { output } = await runProgram([bundled(file)], { cwd: root, env: {}, limit: 30_000 });
    assert.match(output, /the port is taken/);
    assert.match(output, /Total: +1\n/);
  } finally {
    remove();
  }
});

test.run();
