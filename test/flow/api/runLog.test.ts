import assert from 'node:assert/strict';
import { test } from 'uvu';
import { checkLogUrl, runLog, runLogUrl } from '../../../shared/flow/api/runLog.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { registry, time } from '../push/steps/pushWorld.ts';

const runId = formatRunId(registry, 1);
const row = (change: Partial<Run> = {}): Run => ({ ...sampleRun(registry, runId, 'hello'), ...change });
const said = (text: string, seconds = '00') => ({ at: `2026-11-23T10:00:${seconds}.000Z`, text });
const stamp = '2026/11/23 10:00:';

/** A world with a run and what the engine's log of it has, in UTF-8. */
async function worldOf(run: Run, engineLog?: string) {
  const world = createWorld({ registries: [registry] });
  await world.ports.store.commit(registry, [{ put: 'run', value: run }]);
  const bytes = Buffer.from(engineLog ?? '');
  const asked: [start: number, end: number][] = [];
  const logs: string[] = [];
  world.ports.engine.log = async (_, engineRunId) => {
    logs.push(engineRunId);
    const read = async (start: number, end: number) => {
      asked.push([start, end]);
      return bytes.subarray(start, end);
    };
    return engineLog === undefined ? undefined : { length: bytes.length, read };
  };
  return { world, asked, logs };
}
const textOf = async ({ world }: { world: World }) => {
  const log = await runLog(registry, runId, world.ports);
  return Buffer.from(await log.read(0, log.length)).toString();
};
const aka = `Run ${runId} is run e1 of the registry's run engine.`;
const begun = { startTime: '2026-11-23T10:00:05.000Z', engineRunId: 'e1' };
const ended = { finishTime: '2026-11-23T10:00:09.000Z', runErrorMessage: 'it was lost' };

/** Each: the run, the engine's log, and the lines that are shown. */
const logs: [title: string, run: Run, engine: string | undefined, shown: string][] = [
  ['that was claimed', row({ status: 'Started' }), undefined, ''],
  ['that the engine has not begun', row({ status: 'Started', ...begun }), undefined, `${stamp}05 ${aka}\r\n`],
  ['that goes on', row({ status: 'Running', ...begun }), 'Step 1/2\r\n', `${stamp}05 ${aka}\r\nStep 1/2\r\n`],
  [
    'with notes',
    row({ status: 'Running', ...begun, notes: ['Pinned a:1', 'to\n  two\n\nlines'] }),
    undefined,
    `${stamp}05 Pinned a:1\r\n${stamp}05 to two lines\r\n${stamp}05 ${aka}\r\n`,
  ],
  ['without a time', row({ status: 'Started', notes: ['x'] }), undefined, ' x\r\n'],
  [
    'that waited before',
    row({
      status: 'Running',
      ...begun,
      missingRole: said('no role', '01'),
      waited: [said('busy', '02'), said('late', '03')],
    }),
    'Step 1\r\n',
    `${stamp}01 no role\r\n${stamp}02 busy\r\n${stamp}03 late\r\n${stamp}05 ${aka}\r\nStep 1\r\n`,
  ],
  [
    'that is queued again',
    row({ waited: [said('busy', '02')], notes: ['of the claim before'], engineRunId: 'e1', startTime: time }),
    undefined,
    `${stamp}02 busy\r\n`,
  ],
  ['that lacks a role', row({ missingRole: said('no role') }), undefined, `${stamp}00 no role\r\n`],
  [
    'that succeeded',
    row({ status: 'Succeeded', ...begun, finishTime: time }),
    'ok\r\n',
    `${stamp}05 ${aka}\r\nok\r\n`,
  ],
  [
    'that failed in the engine',
    row({ status: 'Failed', ...begun, ...ended }),
    'failed\r\n',
    `${stamp}05 ${aka}\r\nfailed\r\n${stamp}09 Run ${runId} Failed: it was lost\r\n`,
  ],
  [
    'that never began',
    row({ status: 'Canceled', ...ended, runErrorMessage: 'gone' }),
    undefined,
    `${stamp}09 Run ${runId} Canceled: gone\r\n`,
  ],
  [
    'that goes on after a fault',
    row({ status: 'Running', ...begun, ...ended }),
    undefined,
    `${stamp}05 ${aka}\r\n`,
  ],
];
for (const [title, run, engine, shown] of logs)
  test(`the log of a run ${title} is shown`, async () => {
    const given = await worldOf(run, engine);
    assert.equal(await textOf(given), shown);
    assert.deepEqual(given.logs, run.engineRunId ? [run.engineRunId] : []);
  });

test('any part of a log is what the whole log has there, and of the engine is read what is in it', async () => {
  const run = row({ status: 'Failed', ...begun, ...ended });
  const { world, asked } = await worldOf(run, 'äöü\r\n');
  const log = await runLog(registry, runId, world.ports);
  const whole = Buffer.from(await log.read(0, log.length));
  assert.equal(whole.length, log.length);
  const before = whole.indexOf('äöü');
  for (let start = 0; start <= log.length; start++)
    for (let end = start; end <= log.length; end++) {
      asked.length = 0;
      assert.deepEqual(
        Buffer.from(await log.read(start, end)),
        whole.subarray(start, end),
        `${start} to ${end}`,
      );
      const [first, last] = [Math.max(start - before, 0), Math.min(end - before, 8)];
      assert.deepEqual(asked, last > first ? [[first, last]] : []);
    }
});

for (const [status, complete] of [
  ['Started', undefined],
  ['Running', undefined],
  ['Succeeded', 'succeeded'],
  ['Failed', 'failed'],
  ['Canceled', 'canceled'],
  ['Error', 'internalerror'],
  ['Timeout', 'timedout'],
] as const)
  test(`the log of a run that is ${status} ends as ${complete ?? 'nothing yet'}`, async () => {
    const { world } = await worldOf(row({ status }));
    const { complete: told, length } = await runLog(registry, runId, world.ports);
    assert.deepEqual([told, length], [complete, 0]);
  });

const waits = (reason: string, more: object = {}) => ({
  waitingFor: { runs: [], images: [], reason, ...more },
});
const at = '2026-11-23T10:05:00Z';
const last = '2026-11-23T11:00:00Z';
const none: [title: string, run: Partial<Run>, says: string][] = [
  ['for its turn', {}, 'it waits for its turn in the queue'],
  ['for what is prepared', { preparing: { by: 'w', until: at, count: 1 } }, 'its context is being prepared'],
  ['for a reason', waits('The host is busy.'), 'it waits: The host is busy'],
  ['for a reason with a dot in it', waits('a.b is busy'), 'it waits: a.b is busy'],
  ['for a time', waits('busy', { nextTry: at }), `it waits: busy, and is tried again at ${at}`],
  [
    'for a time for the last time',
    waits('busy', { nextTry: at, givenUpAt: last }),
    `it waits: busy, and is tried again at ${at}, for the last time at ${last}`,
  ],
  ['without a time', waits('busy', { givenUpAt: last }), 'it waits: busy'],
  [
    'for a time that its reason has',
    waits('waits, and is tried again at 10:05', { nextTry: at, givenUpAt: last }),
    'it waits: waits, and is tried again at 10:05',
  ],
];
for (const [title, change, says] of none)
  test(`a queued run that waits ${title} has no log yet, and says why`, async () => {
    const { world } = await worldOf(row(change));
    await assert.rejects(
      runLog(registry, runId, world.ports),
      (error) =>
        error instanceof Refusal &&
        error.code === 'BlobNotFound' &&
        error.status === 404 &&
        error.message === `Run ${runId} has no log yet: ${says}.`,
    );
  });

test('there is no log of a run that is not there', async () => {
  const { world } = await worldOf(row());
  await assert.rejects(
    runLog(registry, formatRunId(registry, 2), world.ports),
    (error) => error instanceof Refusal && error.code === 'RunNotFound',
  );
});

/** Each: what is done to the address of a log, and whether it is still good. */
const addresses: [title: string, change: (query: URLSearchParams, world: World) => void, isGood: boolean][] =
  [
    ['as it was given', () => {}, true],
    ['just before its end', (_, world) => world.pass(12 * 3600 - 1), true],
    ['at its end', (_, world) => world.pass(12 * 3600), false],
    ['later', (_, world) => world.pass(13 * 3600), false],
    ['with a later end', (query) => query.set('se', '2027-01-01T00:00:00.000Z'), false],
    ['without an end', (query) => query.delete('se'), false],
    ['with another signature', (query) => query.set('sig', 'AAAA'), false],
    ['without a signature', (query) => query.delete('sig'), false],
  ];
for (const [title, change, isGood] of addresses)
  test(`the address of a log is ${isGood ? 'good' : 'refused'} ${title}`, async () => {
    const { world } = await worldOf(row());
    const [known] = world.ports.settings.registries;
    const url = new URL(runLogUrl(known!, row(), 'https://plinth.example.com', world.ports));
    assert.equal(
      `${url.origin}${url.pathname}`,
      `https://plinth.example.com/logs/appacr.blob.plinth/${runId}/log.txt`,
    );
    assert.equal(url.searchParams.get('se'), '2026-11-23T22:00:00.000Z');
    change(url.searchParams, world);
    const check = (of = registry, id = runId) => checkLogUrl(of, id, url.searchParams, world.ports);
    const refused = (error: unknown) => error instanceof Refusal && error.status === 403;
    if (isGood) check();
    else assert.throws(() => check(), refused);
    assert.throws(() => check('otheracr'), refused);
    assert.throws(() => check(registry, 'ca9'), refused);
  });

test.run();
