import assert from 'node:assert/strict';
import { test } from 'uvu';
import { runLogUrl } from '../../shared/flow/api/runLog.ts';
import { formatRunId } from '../../shared/names/runId.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';
import { sampleRun } from '../doubles/storeContract.ts';

const rows: [
  status: 'Started' | 'Running' | 'Succeeded' | 'Failed' | 'Canceled' | 'Timeout',
  complete: string | undefined,
][] = [
  ['Started', undefined],
  ['Running', undefined],
  ['Succeeded', 'succeeded'],
  ['Failed', 'failed'],
  ['Canceled', 'canceled'],
  ['Timeout', 'timedout'],
];
for (const [status, complete] of rows)
  test(`a range behind the end of the log of a run that is ${status} says ${complete ?? 'that more may come'}`, async () => {
    const { call, ports } = createApiWorld();
    const run = { ...sampleRun('appacr', formatRunId('appacr', 1)), status, notes: ['prepared'] };
    await ports.store.commit('appacr', [{ put: 'run', value: run }]);
    const { search } = new URL(runLogUrl(ports.settings.registries[0]!, run, 'https://app.example', ports));
    const params = { account: 'appacr.blob.plinth', run: run.runId };
    const answer = await call(`logs${search}`, params, undefined, { range: 'bytes=9999-' });
    assert.equal(answer.status, 416);
    assert.equal(answer.headers!['x-ms-meta-Complete'], complete);
  });

test.run();
