import assert from 'node:assert/strict';
import { test } from 'uvu';
import { runLog } from '../../../shared/flow/api/runLog.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import { createWorld } from '../../worlds/world.ts';

const waits = (reason: string, more: object = {}) => ({
  waitingFor: { runs: [], images: [], reason, ...more },
});
const rows: [title: string, run: Partial<Run>, says: RegExp][] = [
  ['for its turn', {}, /^Run ca1 has no log yet: it waits for its turn in the queue\.$/],
  [
    'for another run',
    waits('Waits for run cb1.', { runs: ['appacr/cb1'] }),
    /it waits: Waits for run cb1\.$/,
  ],
  ['for a base image', waits('base:1 is rebuilt', { images: ['base:1'] }), /it waits: base:1 is rebuilt\.$/],
  [
    'for a time',
    waits('The engine does not answer.', { nextTry: '2026-01-01T00:00:00Z' }),
    /it waits: The engine does not answer, and is tried again at 2026-01-01T00:00:00Z\.$/,
  ],
  [
    'for its context',
    { preparing: { by: 'w', until: '2026-01-01T00:00:00Z', count: 1 } },
    /its context is being prepared\.$/,
  ],
  [
    'for nothing it knows of, after a fault',
    { trouble: { since: '2026-01-01T00:00:00Z', count: 2 } },
    /it waits for its turn in the queue\.$/,
  ],
];
for (const [title, more, says] of rows)
  test(`the log of a run that waits ${title} is not there yet, and says why`, async () => {
    const { ports } = createWorld({ registries: ['appacr'] });
    const run = { registry: 'appacr', runId: 'ca1', status: 'Queued', ...more } as Run;
    ports.store.run = async () => ({ value: run, etag: '1' });
    await assert.rejects(runLog('appacr', 'ca1', ports), (error) => {
      // az asks again for what is not there yet, as of a blob.
      assert.ok(error instanceof Refusal && error.status === 404 && error.code === 'BlobNotFound');
      assert.match(error.message, says);
      return true;
    });
  });

test.run();
