import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Run } from '../../../shared/model/run.ts';
import type { Slots } from '../../../shared/model/state.ts';
import { hasAsked, isAsking, isBehind, withAsking } from '../../../shared/rules/queue/asking.ts';

const now = new Date('2026-11-28T03:00:00.000Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
const server = 'baseacr.azurecr.io';
const waits = (wait: object, status: Run['status'] = 'Queued') =>
  ({ status, waitingFor: { runs: [], images: [], reason: 'waits', ...wait } }) as unknown as Run;

const cases: [title: string, run: Run, asks: boolean][] = [
  ['in 15 seconds', waits({ server, nextTry: at(15) }), true],
  ['whose time has come, and which is being tried', waits({ server, nextTry: at(-40) }), true],
  ['in five minutes', waits({ server, nextTry: at(300) }), true],
  ['later than in five minutes', waits({ server, nextTry: at(301) }), false],
  ['of another server', waits({ server: 'other.azurecr.io', nextTry: at(15) }), false],
  ['that waits for a time without a server', waits({ nextTry: at(15) }), false],
  ['behind another', waits({ server, runs: ['appacr/ca1'] }), false],
  ['that has started', waits({ server, nextTry: at(15) }, 'Started'), false],
  ['that has ended', { status: 'Failed' } as Run, false],
  ['in the queue', { status: 'Queued' } as Run, false],
];
for (const [title, run, asks] of cases)
  test(`a run ${title} ${asks ? 'asks again' : 'is none to wait for'}`, () => {
    assert.equal(isAsking(run, server, now), asks);
    assert.equal(hasAsked({ server }, now)(run), !asks);
    assert.equal(hasAsked({}, now)(run), false);
  });

const behind: [title: string, wait: object, isBehind: boolean][] = [
  ['a server and no time', { server }, true],
  ['a server, and its last try is to come', { server, givenUpAt: at(1) }, true],
  ['a server, and its last try is due', { server, givenUpAt: at(0) }, false],
  ['a server, and its last try was due', { server, givenUpAt: at(-60) }, false],
  ['a server, and for a time', { server, nextTry: at(1), givenUpAt: at(60) }, false],
  ['another run', { runs: ['appacr/ca1'] }, false],
];
for (const [title, wait, expected] of behind)
  test(`one that waits for ${title} is ${expected ? '' : 'not '}behind the one that asks`, () =>
    assert.equal(isBehind(waits(wait).waitingFor!, now), expected));

test('of each server the newest that asks is noted, of fifty servers at most', () => {
  let slots: Slots = { registry: 'appacr', running: ['ca9'] };
  slots = withAsking(slots, { server, runId: 'ca1' });
  slots = withAsking(slots, { server, runId: 'ca2' });
  assert.deepEqual(slots, { registry: 'appacr', running: ['ca9'], asking: [{ server, runId: 'ca2' }] });
  for (let one = 0; one < 50; one++) slots = withAsking(slots, { server: `s${one}`, runId: 'ca3' });
  assert.equal(slots.asking!.length, 50);
  assert.deepEqual(slots.asking![0], { server: 's0', runId: 'ca3' });
});

test.run();
