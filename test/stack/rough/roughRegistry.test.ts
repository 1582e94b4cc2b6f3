import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

/** A minute lasts so long that what the app reads falls into a replica's lag. */
const { test, world } = pushRows(
  'a rough registry',
  { minuteMs: 6000, pace: 0.02, shares: { replicaLag: 1000 } },
  someRows(
    [
      { name: 'replicaLag', becomes: `${becomes}, as the event told of it`, ended },
      { name: 'untaggedPurged', becomes, ended },
      { name: 'registryTokensEnd', becomes, ended },
      {
        name: 'digestNotThere',
        becomes: `${becomes}, whose layers are asked for until the replica has them`,
        ended,
      },
    ],
    () => 'a push',
  ),
);

test('registryThrottle: reads beyond the pace are refused, and Retry-After counts down to the next minute', async () => {
  const { stack } = world();
  const { endpoint } = stack.registries.baseacr!;
  stack.roughness.only('registryThrottle');
  const waits: number[] = [];
  await eventually('an earlier end of the minute', 60, async () => {
    const answer = await get(`${endpoint}/v2/base/rough/manifests/1`, stack.tls.ca);
    if (answer.status === 429) waits.push(Number(answer.headers['retry-after']));
    return waits.some((wait, at) => at > 0 && wait < waits[at - 1]!);
  });
  stack.roughness.only();
  assert.ok(waits.every((wait) => wait >= 1 && wait <= 6));
});

longTest(
  test,
  'digestNotThere: a digest that was just pushed is unknown at a replica, until its lag is over',
  async () => {
    const { stack, pushBase } = world();
    const { endpoint } = stack.registries.baseacr!;
    stack.roughness.only('digestNotThere');
    const digest = await pushBase('base/new:1', 'new');
    const { digestNotThere } = stack.roughness.counts();
    await eventually('a replica without the digest', 120, async () => {
      const { status } = await get(`${endpoint}/v2/base/new/manifests/${digest}`, stack.tls.ca);
      return status === 404;
    });
    assert.ok(stack.roughness.counts().digestNotThere > digestNotThere);
    // Who is there asks for a login.
    await eventually('the end of the lag', 120, async () => {
      const answers = [1, 2, 3, 4, 5, 6, 7, 8].map(() =>
        get(`${endpoint}/v2/base/new/manifests/${digest}`, stack.tls.ca),
      );
      return (await Promise.all(answers)).every(({ status }) => status === 401);
    });
    stack.roughness.only();
  },
);

const get = (url: string, ca: string) =>
  new Promise<{ status: number; headers: IncomingHttpHeaders }>((resolve, reject) => {
    request(url, { ca }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers });
    })
      .on('error', reject)
      .end();
  });

test.run();
