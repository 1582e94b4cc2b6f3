import assert from 'node:assert/strict';
import { test } from 'uvu';
import { archiveRun, cancelRun, getRun } from '../../../shared/flow/api/runs.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { callsOf, linesOf, registry, time } from '../push/steps/pushWorld.ts';
import { conflict, writesOf } from '../queue/steps/queueRows.ts';

const id = (number: number) => formatRunId(registry, number);
const own = (world: World) => world.ports.settings.registries[0]!;
const isRefusal = (status: number, code: string, says: RegExp) => (error: unknown) =>
  error instanceof Refusal && error.status === status && error.code === code && says.test(error.message);

async function worldOf() {
  const world = createWorld({ registries: [registry] });
  await world.ports.store.commit(registry, [{ put: 'state', value: sampleState(registry, 'hello') }]);
  return world;
}
const row = (number: number, change: Partial<Run> = {}): Run => ({
  ...sampleRun(registry, id(number), 'hello'),
  ...change,
});
/** Each: what is asked for, the run that it is, and how many runs are looked through for it. */
const found: [asked: string, run: number | undefined, looks: number][] = [
  [id(2), 2, 0],
  ['e3', 3, 1],
  ['E3', 3, 1],
  ['e9', undefined, 1],
];
for (const [name, number, looks] of found)
  test(`the run ${name} is ${number ? 'found' : 'not there'}`, async () => {
    const world = await worldOf();
    for (let at = 1; at <= 4; at++)
      await world.ports.store.commit(registry, [
        { put: 'run', value: row(at, at === 1 ? {} : { engineRunId: `${at % 2 ? 'e' : 'E'}${at}` }) },
      ]);
    const calls = callsOf(world, 'runs');
    const run = getRun(own(world), name, world.ports);
    if (number) assert.equal((await run).runId, id(number));
    else await assert.rejects(run, isRefusal(404, 'RunNotFound', /no run 'e9' in registry 'appacr'/));
    assert.equal(calls.length, looks);
  });

for (const [place, isFound] of [
  [1000, true],
  [1001, false],
] as const)
  test(`the newest thousand runs are looked through: the one at ${place} is ${isFound ? '' : 'not '}found`, async () => {
    const world = await worldOf();
    let read = 0;
    world.ports.store.runs = async function* () {
      for (let at = 1; at <= 2000; at++) {
        read++;
        yield row(at, { engineRunId: `e${at}` });
      }
    };
    const run = getRun(own(world), `e${place}`, world.ports);
    if (isFound) assert.equal((await run).runId, id(place));
    else await assert.rejects(run, Refusal);
    assert.equal(read, 1000);
  });

/** Each: the run, what the engine answers, how it is cancelled, what the engine is asked, and how many rows are written. */
const cancels: [
  title: string,
  run: Partial<Run>,
  engine: Error | undefined,
  expected: { status: Run['status']; requested?: true; asked: string[]; writes: number; logged?: string },
][] = [
  ['that is queued', {}, undefined, { status: 'Canceled', asked: [], writes: 1 }],
  [
    'that is claimed',
    { status: 'Started' },
    undefined,
    { status: 'Started', requested: true, asked: [], writes: 1 },
  ],
  [
    'that the engine has',
    { status: 'Running', engineRunId: 'e1' },
    undefined,
    { status: 'Running', requested: true, asked: ['e1'], writes: 1 },
  ],
  [
    'that is to be cancelled already',
    { status: 'Running', engineRunId: 'e1', cancelRequested: true },
    undefined,
    { status: 'Running', requested: true, asked: ['e1'], writes: 0 },
  ],
  [
    'that has ended',
    { status: 'Failed', engineRunId: 'e1' },
    undefined,
    { status: 'Failed', asked: [], writes: 0 },
  ],
  [
    'whose engine is busy',
    { status: 'Running', engineRunId: 'e1' },
    new RunEngineError('busy', { transient: true }),
    {
      ...{ status: 'Running', requested: true, asked: ['e1'], writes: 1 },
      logged: `run ${id(1)} is cancelled later: busy`,
    },
  ],
];
for (const [title, change, engine, expected] of cancels)
  test(`a run ${title} is cancelled`, async () => {
    const world = await worldOf();
    const { store } = world.ports;
    const run = row(1, change);
    await store.commit(registry, [
      { put: 'run', value: run },
      { put: 'place', value: { registry, runId: id(1), automatic: false } },
    ]);
    const lines = linesOf(world);
    const calls: string[] = [];
    world.ports.engine.cancel = async (_, engineRunId) => {
      calls.push(engineRunId);
      if (engine) throw engine;
    };
    const writes = writesOf(world);
    await cancelRun(own(world), id(1), world.ports);
    const { status, cancelRequested } = (await store.run(registry, id(1)))!.value;
    const { logged, ...rest } = expected;
    assert.deepEqual(
      { status, ...(cancelRequested && { requested: true }), asked: calls, writes: writes.length },
      rest,
    );
    if (logged) assert.deepEqual(lines, [['warning', logged, { registry, runId: id(1) }]]);
  });

test('a cancel that is refused by the engine is told, one that is disturbed is written again', async () => {
  const world = await worldOf();
  await world.ports.store.commit(registry, [
    { put: 'run', value: row(1, { status: 'Running', engineRunId: 'e1' }) },
  ]);
  const refusal = new RunEngineError('refused', { transient: false });
  world.ports.engine.cancel = async () => {
    throw refusal;
  };
  const writes = writesOf(world, (at) => (at === 0 ? { before: new ConflictError('x') } : {}));
  await assert.rejects(cancelRun(own(world), id(1), world.ports), refusal);
  assert.equal(writes.length, 2);
  assert.equal((await world.ports.store.run(registry, id(1)))!.value.cancelRequested, true);
  await assert.rejects(cancelRun(own(world), id(5), world.ports), isRefusal(404, 'RunNotFound', /no run/));
});

for (const [wanted, kept, writes] of [
  [true, true, 1],
  [false, false, 1],
  [undefined, false, 0],
] as const)
  test(`the log of a run is ${kept ? 'kept' : 'not kept'} where ${wanted} is asked for`, async () => {
    const world = await worldOf();
    await world.ports.store.commit(registry, [{ put: 'run', value: row(1) }]);
    world.pass(60);
    const written = writesOf(world, (at) => (at === 0 ? { before: conflict } : {}));
    const run = await archiveRun(own(world), id(1), wanted, world.ports);
    assert.equal(run.isArchiveEnabled, kept);
    assert.equal(run.lastUpdatedTime, writes ? '2026-11-23T10:01:00.000Z' : time);
    assert.deepEqual((await world.ports.store.run(registry, id(1)))!.value, run);
    assert.equal(written.length, 2 * writes);
    await assert.rejects(
      archiveRun(own(world), id(2), wanted, world.ports),
      isRefusal(404, 'RunNotFound', /no run/),
    );
  });

test.run();
