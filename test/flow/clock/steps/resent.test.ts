import assert from 'node:assert/strict';
import { test } from 'uvu';
import { resendLost } from '../../../../shared/flow/clock/resendLost.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Slots } from '../../../../shared/model/state.ts';
import { UnreadableError, type Write } from '../../../../shared/ports/store.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import type { World } from '../../../worlds/world.ts';
import { callsOf, linesOf } from '../../push/steps/pushWorld.ts';
import {
  at,
  begun,
  id,
  other,
  path,
  placed,
  queued,
  queueWorld,
  registry,
  waits,
} from '../../queue/steps/queueRows.ts';

const started = (number: number, change: Partial<Run> = {}) =>
  queued(number, { status: 'Started', ...change });
const sent = (world: World) =>
  world.messages.map(({ queue, body, due }) => [
    queue,
    'runId' in body ? body.runId : '',
    ...('at' in body ? [body.at] : []),
    (due - begun) / 1000,
  ]);
const slotsOf = async ({ ports: { store } }: World) => (await store.pace(registry))!.value;

/** A world with the row of a run that has a slot, and the state of its task, in which it is open. */
async function worldOf(
  run: Run | undefined,
  slots: Partial<Slots> = { running: [id(1)] },
  writes: Write[] = [],
) {
  const open = [{ runId: id(1), phase: 'Pinned' as const, automatic: true, canonical: true }];
  const state = { ...sampleState(registry, 'app'), open };
  const rows: Write[] = [
    ...(run ? [{ put: 'run' as const, value: run }] : []),
    { put: 'state', value: state },
  ];
  return queueWorld([...rows, ...writes], slots);
}

/** Each: the run that has a slot, the messages that are sent, and whether it keeps its slot. */
const running: [title: string, run: Run | undefined, messages: unknown[][], keeps: boolean][] = [
  ['was claimed', started(1), [['start', id(1), 0]], true],
  ['is followed', started(1, { engineRunId: 'e1', followAt: at(5) }), [], true],
  ['was to be followed a minute ago', started(1, { engineRunId: 'e1', followAt: at(-60) }), [], true],
  [
    'was to be followed longer ago',
    started(1, { engineRunId: 'e1', followAt: at(-61) }),
    [['follow', id(1), at(-61), 0]],
    true,
  ],
  ['is not followed', started(1, { engineRunId: 'e1' }), [], true],
  ['has ended', started(1, { status: 'Failed' }), [], false],
  ['is gone', undefined, [], false],
];
for (const [title, run, messages, keeps] of running)
  test(`a run with a slot that ${title} ${keeps ? 'keeps it' : 'gives it back'}, and is sent ${messages.length} messages`, async () => {
    const world = await worldOf(run);
    const lines = linesOf(world);
    assert.deepEqual(await resendLost(world.ports), []);
    assert.deepEqual(sent(world), messages);
    assert.deepEqual((await slotsOf(world)).running, keeps ? [id(1)] : []);
    const { open } = (await world.ports.store.state(registry, 'app'))!.value;
    assert.equal(open.length, run ? 1 : 0);
    const says = lines.filter(([, text]) => String(text).includes('held a place'));
    assert.deepEqual(
      says,
      keeps
        ? []
        : [
            [
              'warning',
              `run ${id(1)} held a place of appacr that it has no right to`,
              { registry, runId: id(1) },
            ],
          ],
    );
  });

const cut = new UnreadableError('cut short', { etag: '1' });
function unreadable(world: World, error: Error = cut): void {
  world.ports.store.run = async () => {
    throw error;
  };
}
const fault = (reason = 'cut short') => ({ what: `run ${id(1)} of appacr`, reason });

/** Each: the slots, what reading the run meets, the slots then, and whether its task waits for it. */
const unread: [
  title: string,
  slots: Partial<Slots>,
  meets: Error | undefined,
  after: Partial<Slots>,
  open: boolean,
][] = [
  ['with a slot cannot be read', { running: [id(1)] }, cut, { running: [], unread: [id(1)] }, false],
  ['with a slot cannot be asked for', { running: [id(1)] }, new Error('away'), { running: [id(1)] }, true],
  [
    'without a slot cannot be read still',
    { running: [], unread: [id(1)] },
    cut,
    { running: [], unread: [id(1)] },
    true,
  ],
  [
    'without a slot can be read again',
    { running: [], unread: [id(1)] },
    undefined,
    { running: [id(1)] },
    true,
  ],
  [
    'that was skipped cannot be read still',
    { running: [], skipped: [id(1)] },
    cut,
    { running: [], skipped: [id(1)] },
    true,
  ],
  ['that was skipped can be read again', { running: [], skipped: [id(1)] }, undefined, { running: [] }, true],
];
for (const [title, slots, meets, after, isOpen] of unread)
  test(`a run ${title}`, async () => {
    const world = await worldOf(started(1, { engineRunId: 'e1' }), slots);
    if (meets) unreadable(world, meets);
    assert.deepEqual(await resendLost(world.ports), meets ? [fault(meets.message)] : []);
    const { called: _, ...now } = await slotsOf(world);
    assert.deepEqual(now, { registry, ...after });
    const { open, aside = [] } = (await world.ports.store.state(registry, 'app'))!.value;
    assert.deepEqual([open.length, aside.length], isOpen ? [1, 0] : [0, 1]);
  });

test('a run that was set aside is taken back when it can be read', async () => {
  for (const slots of [{ unread: [id(1)] }, { skipped: [id(1)] }]) {
    const world = await worldOf(started(1, { engineRunId: 'e1' }), { running: [], ...slots });
    const { store } = world.ports;
    const { value, etag } = (await store.state(registry, 'app'))!;
    await store.commit(registry, [{ put: 'state', value: { ...value, open: [], aside: value.open }, etag }]);
    await resendLost(world.ports);
    const { open, aside = [] } = (await store.state(registry, 'app'))!.value;
    assert.deepEqual([open.length, aside.length], [1, 0]);
  }
});

test('a run that was skipped and is gone is waited for no more', async () => {
  const world = await worldOf(undefined, { running: [], skipped: [id(1)] });
  assert.deepEqual(await resendLost(world.ports), []);
  assert.deepEqual((await world.ports.store.state(registry, 'app'))!.value.open, []);
  assert.equal((await slotsOf(world)).skipped, undefined);
});

test('slots that cannot be read are made from the runs that go on, a thousand at most', async () => {
  const world = await queueWorld(
    [
      ...[1, 2, 3].map((number): Write => ({ put: 'run', value: started(number, { engineRunId: 'e' }) })),
      { put: 'run', value: queued(4) },
      { put: 'run', value: queued(5, { status: 'Canceled' }) },
    ],
    { running: ['lost'] },
  );
  const { store } = world.ports;
  const { etag } = (await store.pace(registry))!;
  const { pace, runs } = store;
  let isBroken = true;
  store.pace = async (of) => {
    if (of === registry && isBroken) throw new UnreadableError('cut short', { etag });
    return pace(of);
  };
  const asked: unknown[] = [];
  store.runs = (of, only) => {
    asked.push(only);
    isBroken = false;
    return runs(of, only);
  };
  assert.deepEqual(await resendLost(world.ports), [
    { what: 'the row pace of appacr', reason: 'it could not be read, and was rebuilt' },
  ]);
  assert.deepEqual((await slotsOf(world)).running, [id(3), id(2), id(1)]);
  assert.deepEqual(asked, [{ atOnce: 1000 }]);
});

test('of endless runs a thousand are looked at for the slots', async () => {
  const world = await queueWorld([]);
  const { store } = world.ports;
  const { etag } = (await store.pace(registry))!;
  const { pace } = store;
  let isBroken = true;
  let read = 0;
  store.pace = async (of) => {
    if (of === registry && isBroken) throw new UnreadableError('cut short', { etag });
    return pace(of);
  };
  store.runs = async function* () {
    isBroken = false;
    for (;;) yield queued(++read);
  };
  await resendLost(world.ports);
  assert.equal(read, 1000);
});

test('what fails of one registry or run keeps nothing from the others', async () => {
  const world = await queueWorld(
    [{ put: 'run', value: started(2) }, ...placed(queued(3, { waitingFor: waits([path(9)]) }))],
    { running: [id(1), id(2)] },
  );
  const { store } = world.ports;
  const { run } = store;
  store.run = async (of, runId) => {
    if (runId === id(1)) throw new Error('away');
    return run(of, runId);
  };
  const { pace } = store;
  store.pace = async (of) => {
    if (of === other) throw new Error('away');
    return pace(of);
  };
  store.places = () => {
    throw new Error('away');
  };
  const faults = await resendLost(world.ports);
  assert.deepEqual(
    faults.map(({ what }) => what),
    [
      `run ${id(1)} of appacr`,
      'the runs of appacr that wait',
      'the runs of otheracr that go on',
      'the queue of otheracr',
      'the runs of otheracr that wait',
    ],
  );
  assert.deepEqual(sent(world)[0], ['start', id(2), 0]);
});

test('the next of the queue are called, also where they were called before', async () => {
  const world = await queueWorld([...placed(queued(1)), ...placed(queued(2))], {
    called: [{ runId: id(1), at: at(-1), by: 'before' }],
  });
  await resendLost(world.ports);
  assert.deepEqual(sent(world), [['start', id(1), 0]]);
});

const server = 'baseacr.azurecr.io';
const asks = (nextTry: string) => queued(9, { waitingFor: waits([], { server, nextTry }) });
/** Each: what the run waits for, the run that it waits for, seconds of the clock, and whether it is sent a message. */
const waiting: [title: string, run: Run, awaited: Run | undefined, seconds: number, isSent: boolean][] = [
  ['a run that goes on', queued(1, { waitingFor: waits([path(9)]) }), started(9), 60, false],
  [
    'a run that has ended',
    queued(1, { waitingFor: waits([path(9)]) }),
    started(9, { status: 'Failed' }),
    60,
    true,
  ],
  ['a run that is gone', queued(1, { waitingFor: waits([path(9)]) }), undefined, 60, true],
  ['a run that waits for a time', queued(1, { waitingFor: waits([path(9)]) }), asks(at(300)), 60, true],
  [
    'a run that waits for who asks',
    queued(1, { waitingFor: waits([path(9)]) }),
    queued(9, { waitingFor: waits([path(8)], { server }) }),
    60,
    true,
  ],
  [
    'a run that waits for a run',
    queued(1, { waitingFor: waits([path(9)]) }),
    queued(9, { waitingFor: waits([path(8)]) }),
    60,
    false,
  ],
  ['a run, in its turn', queued(1, { waitingFor: waits([path(9)]) }), started(9), 0, true],
  ['a run, ten minutes after its turn', queued(1, { waitingFor: waits([path(9)]) }), started(9), 600, true],
  ['nothing', queued(1, { waitingFor: waits([]) }), undefined, 60, true],
  ['a time', queued(1, { waitingFor: waits([], { nextTry: at(90) }) }), undefined, 60, false],
  [
    'a time that is a minute over',
    queued(1, { waitingFor: waits([], { nextTry: at(0) }) }),
    undefined,
    60,
    false,
  ],
  [
    'a time that is longer over',
    queued(1, { waitingFor: waits([], { nextTry: at(-1) }) }),
    undefined,
    60,
    true,
  ],
  ['its last try', queued(1, { waitingFor: waits([], { givenUpAt: at(90) }) }), undefined, 60, false],
  [
    'its last try, which is over',
    queued(1, { waitingFor: waits([], { givenUpAt: at(-1) }) }),
    undefined,
    60,
    true,
  ],
  [
    'a time before its last try',
    queued(1, { waitingFor: waits([], { nextTry: at(90), givenUpAt: at(-1) }) }),
    undefined,
    60,
    false,
  ],
  ['who asks a server', queued(1, { waitingFor: waits([path(9)], { server }) }), asks(at(90)), 60, false],
  [
    'who asks a server, in its turn',
    queued(1, { waitingFor: waits([path(9)], { server }) }),
    asks(at(90)),
    0,
    false,
  ],
  ['who asks a server no more', queued(1, { waitingFor: waits([path(9)], { server }) }), queued(9), 60, true],
  [
    'who asks a server much later',
    queued(1, { waitingFor: waits([path(9)], { server }) }),
    asks(at(900)),
    60,
    true,
  ],
  [
    'who asks another server',
    queued(1, { waitingFor: waits([path(9)], { server: 'x.io' }) }),
    asks(at(90)),
    60,
    true,
  ],
];
for (const [title, run, awaited, seconds, isSent] of waiting)
  test(`a run that waits for ${title} is ${isSent ? 'sent a message' : 'left alone'}`, async () => {
    const world = await queueWorld([
      ...placed(run),
      ...(awaited ? [{ put: 'run' as const, value: awaited }] : []),
    ]);
    world.pass(seconds);
    assert.deepEqual(await resendLost(world.ports), []);
    assert.deepEqual(sent(world), isSent ? [['start', id(1), seconds]] : []);
  });

test('a run that has its place among those that wait and waits for nothing is sent a message', async () => {
  const run = queued(1, { waitingFor: waits([path(9)]) });
  const world = await queueWorld(placed(run));
  const { runsOf } = world.ports.store;
  world.pass(60);
  for (const row of [undefined, cut, { value: queued(1), etag: '1' }]) {
    world.ports.store.runsOf = async (of, ids) => (ids.includes(id(1)) ? [row] : runsOf(of, ids));
    await resendLost(world.ports);
    assert.deepEqual(sent(world), [['start', id(1), 60]]);
    world.messages.length = 0;
  }
});

test('of two servers each run is held to its own', async () => {
  const asked = queued(9, { waitingFor: waits([], { server, nextTry: at(90) }) });
  const world = await queueWorld([
    { put: 'run', value: asked },
    ...placed(queued(2, { waitingFor: waits([path(9)], { server }) })),
    ...placed(queued(3, { waitingFor: waits([path(9)], { server: 'x.io' }) })),
  ]);
  world.pass(60);
  const calls = callsOf(world, 'runsOf');
  await resendLost(world.ports);
  assert.deepEqual(sent(world), [['start', id(3), 60]]);
  assert.equal(calls.length, 3);
});

/** Each: how many runs wait, the minute, and which of them are looked at. */
for (const [count, minute, first, last] of [
  [200, 1, 1, 200],
  [201, 0, 1, 200],
  [201, 1, 201, 201],
  [450, 1, 201, 400],
  [450, 2, 401, 450],
  [450, 3, 1, 200],
] as const)
  test(`of ${count} runs that wait, those from ${first} to ${last} are looked at in minute ${minute}`, async () => {
    const world = await queueWorld([]);
    for (let number = 1; number <= count; number++)
      await world.ports.store.commit(
        registry,
        placed(queued(number, { waitingFor: waits([], { nextTry: at(9e6) }) })),
      );
    // The world begins at a minute that is a multiple of six.
    world.pass(60 * minute);
    const calls = callsOf(world, 'runsOf');
    await resendLost(world.ports);
    const ids = calls[0]!.args[1] as string[];
    assert.deepEqual([ids[0], ids.at(-1), ids.length], [id(first), id(last), last - first + 1]);
    // Each in one of ten rounds, besides.
    const turns = sent(world).length;
    assert.ok(Math.abs(turns - ids.length / 10) < 1, `${turns}`);
  });

test.run();
