import assert from 'node:assert/strict';
import { test } from 'uvu';
import { health } from '../../../shared/flow/api/health.ts';
import {
  queuedPlaces,
  queuePlace,
  registryOverview,
  waitingRun,
} from '../../../shared/flow/api/registryOverview.ts';
import type { Run } from '../../../shared/model/run.ts';
import { newScan, type Scan } from '../../../shared/model/scan.ts';
import type { OpenRun, QueueEntry } from '../../../shared/model/state.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { base, callsOf, pushWorld, registry, seen, taskOn, time } from '../push/steps/pushWorld.ts';

const id = (number: number) => formatRunId(registry, number);
const own = (world: World) => world.ports.settings.registries[0]!;
const ago = (ms: number) => new Date(Date.parse(time) - ms).toISOString();
const app = 'plinth.example.com';
const works = (name: string, says: string) => ({ name, works: true, says });
const fails = (name: string, says: string) => ({ name, works: false, says });
const tooMany = (other: string) =>
  `the app ${other} works on this storage too: stop one of the two, or give it a storage account of its own (PlinthStorage__tableServiceUri, PlinthStorage__queueServiceUri)`;
const reached = [
  works('tables', 'can be read'),
  works('queues', 'can be reached'),
  works('registry', 'can be read'),
  works('runEngine', 'tells of its runs'),
];
const alone = works('storage', 'no other app works on it');

/** Each: which apps ticked, how long ago, and what is told of clock and storage. */
const clocks: [title: string, ticked: [app: string, msAgo: number][], told: object[]][] = [
  ['has not ticked yet', [], [fails('clock', 'has not ticked yet'), alone]],
  ['ticks', [[app, 299_999]], [works('clock', `ticked at ${ago(299_999)}`), alone]],
  ['stands still', [[app, 300_000]], [fails('clock', `ticked at ${ago(300_000)}`), alone]],
  [
    'ticks beside others',
    [
      [app, 0],
      ['two.example.com', 0],
      ['one.example.com', 299_999],
    ],
    [
      works('clock', `ticked at ${time}`),
      fails('storage', `${tooMany('one.example.com')}; ${tooMany('two.example.com')}`),
    ],
  ],
  [
    'ticks beside one that has gone',
    [
      [app, 0],
      ['one.example.com', 300_000],
    ],
    [works('clock', `ticked at ${time}`), alone],
  ],
  [
    'has not ticked where another does',
    [['one.example.com', 0]],
    [fails('clock', 'has not ticked yet'), fails('storage', tooMany('one.example.com'))],
  ],
];
for (const [title, ticked, told] of clocks)
  test(`an app whose clock ${title} says so, and what it reaches`, async () => {
    const world = createWorld({ registries: [registry] });
    for (const [name, msAgo] of ticked)
      await world.ports.store.putPresence({ app: name, tickedAt: ago(msAgo), others: [] });
    assert.deepEqual(await health(own(world), world.ports), { app, edges: [...told, ...reached] });
  });

test('an app says what it cannot reach, and why', async () => {
  const world = createWorld({ registries: [registry] });
  const away = (what: string) => async () => {
    throw new Error(`the ${what} is away`);
  };
  world.ports.store.presences = away('table');
  world.ports.queue.reach = away('queue');
  world.ports.registry.reach = away('registry');
  world.ports.engine.run = away('engine');
  assert.deepEqual(await health(own(world), world.ports), {
    app,
    edges: [
      fails('tables', 'the table is away'),
      fails('queues', 'the queue is away'),
      fails('registry', 'the registry is away'),
      fails('runEngine', 'the engine is away'),
    ],
  });
});

const entry = (number: number, more: Partial<QueueEntry> = {}): QueueEntry => ({
  ...{ registry, runId: id(number), automatic: false },
  ...more,
});
async function queueOf(entries: QueueEntry[], running: string[] = []): Promise<World> {
  const world = createWorld({ registries: [registry], runsPerRegistry: 2 });
  for (const value of entries) await world.ports.store.commit(registry, [{ put: 'place', value }]);
  await world.ports.store.commit(registry, [{ put: 'pace', value: { registry, running } }]);
  return world;
}

test('a queue is shown in its order, and which of its runs wait', async () => {
  const world = await queueOf([
    entry(1, { automatic: true, waitsFor: [] }),
    entry(2, { automatic: true }),
    entry(3),
  ]);
  assert.deepEqual(await queuedPlaces(registry, world.ports), [
    { runId: id(3), automatic: false, waiting: false },
    { runId: id(2), automatic: true, waiting: false },
    { runId: id(1), automatic: true, waiting: true },
  ]);
});

const run = (change: Partial<Run> = {}): Run => ({ ...sampleRun(registry, id(7), 'app'), ...change });
const waitingFor = { runs: ['appacr/ca1'], images: ['a:1'], reason: 'waits for appacr/ca1' };
const [first, second] = [id(1), id(2)];

/** Each: the run, the places before it, what runs, and where it stands. */
const places: [
  title: string,
  run: Run,
  before: number,
  running: string[],
  position?: number,
  reason?: string,
][] = [
  ['that has begun', run({ status: 'Started' }), 0, [first, second]],
  ['that is the first', run(), 0, [], 1, 'is about to start'],
  ['that is the third', run(), 2, [first], 3, 'is about to start'],
  [
    'for which no slot is free',
    run(),
    ...([1, [first, second], 2, 'waits for a place: 2 of 2 runs of appacr are going on'] as const),
  ],
  ['that waits for another', run({ waitingFor }), 1, [first, second], 2, 'waits for appacr/ca1'],
  ['far back in a long queue', run(), 200, [first], undefined, 'is about to start'],
] as [string, Run, number, string[], number?, string?][];
for (const [title, one, before, running, position, reason] of places)
  test(`a run ${title} knows its place`, async () => {
    const others = Array.from({ length: before }, (_, at) => entry(100 + at));
    const world = await queueOf([...others, entry(500)], running);
    const place = await queuePlace({ ...one, runId: id(500) }, world.ports);
    assert.deepEqual(place, reason === undefined ? undefined : { position, reason });
  });

test('a run that has lost its place is told of without one, and no more of a long queue is read than is shown', async () => {
  const world = await queueOf([entry(1), entry(2)]);
  const calls = callsOf(world, 'places');
  assert.deepEqual(await queuePlace(run(), world.ports), {
    position: undefined,
    reason: 'is about to start',
  });
  assert.deepEqual(calls[0]!.args, [registry, { top: 200 }]);
});

const open = (number: number, phase: OpenRun['phase'] = 'Queued'): OpenRun => ({
  ...{ runId: id(number), phase },
  ...{ automatic: true, canonical: true },
});
const waits = { runId: id(7), runs: ['appacr/ca1'], reason: 'waits for appacr/ca1' };

/** Each: the open runs of a task, the row of its run, and what is shown of what it waits for. */
const waiting: [title: string, open: OpenRun[], run: Run | undefined, shown: object | undefined][] = [
  ['none', [], run({ waitingFor }), undefined],
  ['one that waits', [open(7)], run({ waitingFor }), waits],
  ['one that waits beside one that runs', [open(6, 'Pinned'), open(7)], run({ waitingFor }), waits],
  ['one that runs', [open(7, 'Pinned')], run({ waitingFor }), undefined],
  ['one that has begun meanwhile', [open(7)], run({ waitingFor, status: 'Started' }), undefined],
  ['one that waits for nothing', [open(7)], run(), undefined],
  ['one that is gone', [open(7)], undefined, undefined],
];
for (const [title, runs, row, shown] of waiting)
  test(`of a task with open runs, ${title}, is shown what it waits for`, async () => {
    const { ports } = createWorld({ registries: [registry] });
    if (row) await ports.store.commit(registry, [{ put: 'run', value: row }]);
    assert.deepEqual(await waitingRun({ registry, open: runs }, ports), shown);
  });

test('of a run that cannot be read is not shown what it waits for', async () => {
  const { ports } = createWorld({ registries: [registry] });
  for (const [error, isTold] of [
    [new UnreadableError('cut short'), false],
    [new TypeError('away'), true],
  ] as const) {
    ports.store.run = async () => {
      throw error;
    };
    const asked = waitingRun({ registry, open: [open(7)] }, ports);
    if (isTold) await assert.rejects(asked, error);
    else assert.equal(await asked, undefined);
  }
});

const scan: Scan = {
  ...{ ...newScan, lookedAt: time, polledAt: ago(1) },
  unseen: [{ image: 'a:1', reason: 'away' }],
  faults: {
    timers: [{ what: 'task app', reason: 'cut short' }],
    scan: [
      { what: 'b:1', reason: 'busy' },
      { what: 'c:1', reason: 'gone' },
    ],
  },
};
for (const isNew of [true, false])
  test(`a registry ${isNew ? 'of which nothing is known' : 'with all that there may be'} is shown`, async () => {
    const world = isNew ? createWorld({ registries: [registry] }) : await pushWorld([taskOn('app', [base])]);
    const { store, settings } = world.ports;
    if (!isNew) {
      settings.policies = [{ images: base, minimumAge: '3d' }];
      await store.putSightings(seen(['old', { digest: 'young', firstSeen: ago(1) }]), undefined);
      await store.putScan(scan, undefined);
      await store.countIgnored('Other', 'an event', time);
      await store.commit(registry, [{ put: 'pace', value: { registry, running: [first] } }]);
      await store.commit(registry, [{ put: 'place', value: entry(2) }]);
    }
    const { properties, ...rest } = await registryOverview(own(world), world.ports);
    assert.deepEqual(rest, {
      id: own(world).id,
      name: registry,
      type: 'Microsoft.ContainerRegistry/registries',
    });
    const { baseImagesHeld, ...shown } = properties;
    assert.deepEqual(
      baseImagesHeld.map(({ image, digest }) => [image, digest]),
      isNew ? [] : [[base, 'young']],
    );
    assert.deepEqual(shown, {
      ...{ loginServer: 'appacr.azurecr.io', runsAtOnce: 10 },
      running: isNew ? [] : [first],
      queued: isNew ? [] : [{ runId: second, automatic: false, waiting: false }],
      ...(!isNew && { baseImagesLookedAt: time, publicImagesLookedAt: ago(1) }),
      baseImagesNotSeen: isNew ? [] : scan.unseen,
      notDone: isNew
        ? []
        : [
            { chore: 'timers', what: 'task app', reason: 'cut short' },
            { chore: 'scan', what: 'b:1', reason: 'busy' },
            { chore: 'scan', what: 'c:1', reason: 'gone' },
          ],
      ignoredEvents: isNew ? [] : [{ kind: 'Other', count: 1, lastTime: time, example: 'an event' }],
    });
  });

for (const [places, isCut] of [
  [199, false],
  [200, true],
  [201, true],
] as const)
  test(`of a queue of ${places} runs ${isCut ? 'the first 200 are' : 'all are'} shown`, async () => {
    const world = await queueOf(Array.from({ length: places }, (_, at) => entry(at + 1)));
    const { queued, queuedShown } = (await registryOverview(own(world), world.ports)).properties;
    assert.deepEqual([queued.length, queuedShown], [Math.min(places, 200), isCut ? 200 : undefined]);
  });

test.run();
