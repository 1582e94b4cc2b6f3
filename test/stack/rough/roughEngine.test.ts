import assert from 'node:assert/strict';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';
import { dockerfile } from './roughWorld.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

/** A minute lasts so long that an operation of 150 s ends in 5 s, and an address of 70 minutes in some. */
const { test, world } = pushRows(
  'a rough run engine',
  { minuteMs: 100, shares: { lateRun: 1000 } },
  someRows(
    [
      { name: 'engineBusy', becomes, ended },
      { name: 'lateRun', becomes, ended },
      { name: 'runNotThere', becomes, ended },
    ],
    () => 'a push',
  ),
  // A 202 and a 404 at first are those of scheduleRun.
  { PLINTH_RUN_ENGINE: 'scheduleRun' },
);

longTest(
  test,
  'logAddressEnds: a log whose address has ended in the meantime is read at another',
  async () => {
    const { stack, runsOf, log } = world();
    const { runId } = (await runsOf('app-rough'))[0]!;
    stack.roughness.only('logAddressEnds');
    const before = await log(runId);
    assert.match(before, /Run ID: \w+ was successful/);
    await eventually('the end of the address', 60, async () => {
      assert.equal(await log(runId), before);
      return stack.roughness.counts().logAddressEnds > 0;
    });
    stack.roughness.only();
  },
);

const buildKit: Array<[title: string, text: string, message: RegExp]> = [
  ['a mount', 'RUN --mount=type=cache,target=/c true\n', /requires BuildKit/],
  ['a heredoc', 'RUN <<EOF\ntrue\nEOF\n', /unknown instruction/],
  ['a mode of a copy', 'COPY --chmod=755 Dockerfile /\n', /requires BuildKit/],
];
for (const [title, text, message] of someRows(buildKit, () => 'a Dockerfile'))
  test(`classicBuilder: a Dockerfile with ${title} fails as it does at ACR, and says why`, async () => {
    const { stack, task, run } = world();
    stack.roughness.only('classicBuilder');
    const ended = await run(await task(`app-${title.replaceAll(' ', '-')}`, `${dockerfile}${text}`));
    stack.roughness.only();
    assert.equal(ended.status, 'Failed');
    assert.match(ended.runErrorMessage, message);
  });

test.run();
