import assert from 'node:assert/strict';
import { test } from 'uvu';
import { resendLost } from '../../../../shared/flow/clock/resendLost.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Slots } from '../../../../shared/model/state.ts';
import { UnreadableError, type Write } from '../../../../shared/ports/store.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import type { World } from '../../../worlds/world.ts';
import { linesOf } from '../../push/steps/pushWorld.ts';
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
  writesOf,
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

test('a run that is followed as it should be is left as it is', async () => {
  const world = await worldOf(started(1, { engineRunId: 'e1', followAt: at(5) }));
  const writes = writesOf(world);
  await resendLost(world.ports);
  assert.deepEqual(writes, []);
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

test.run();
