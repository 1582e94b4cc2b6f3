import assert from 'node:assert/strict';
import { test } from 'uvu';
import { changeScan } from '../../../../shared/flow/clock/changeScan.ts';
import { notePresence } from '../../../../shared/flow/clock/notePresence.ts';
import { pruneDeliveries } from '../../../../shared/flow/clock/pruneDeliveries.ts';
import { pruneLedger } from '../../../../shared/flow/clock/pruneLedger.ts';
import { newScan, type Scan } from '../../../../shared/model/scan.ts';
import { ConflictError, type RecordedPush, type Store } from '../../../../shared/ports/store.ts';
import { createWorld } from '../../../worlds/world.ts';
import { callsOf, linesOf, time } from '../../push/steps/pushWorld.ts';

const today = '2026-11-23';
const worldOf = () => createWorld({ registries: ['appacr', 'otheracr'] });
const scanOf = async ({ ports: { store } }: ReturnType<typeof worldOf>) => (await store.scan())?.value;

/** Each: the day of the last removal, how many marks each pass finds in each registry, and what comes of it. */
const deliveries: [
  title: string,
  scan: Partial<Scan>,
  removed: (number | Error)[],
  expected: { asked: number; isDone: boolean; faults: object[] | undefined },
][] = [
  ['were never removed', {}, [0, 0], { asked: 2, isDone: true, faults: [] }],
  [
    'were removed yesterday',
    { deliveriesForgotten: '2026-11-22' },
    [5, 99],
    { asked: 2, isDone: true, faults: [] },
  ],
  ['were removed today', { deliveriesForgotten: today }, [], { asked: 0, isDone: false, faults: undefined }],
  ['are many in the first registry', {}, [100, 0], { asked: 2, isDone: false, faults: [] }],
  ['are many in the second registry', {}, [0, 100], { asked: 2, isDone: false, faults: [] }],
  [
    'cannot be removed of one registry',
    {},
    [new Error('away'), 0],
    { asked: 2, isDone: false, faults: [{ what: 'the deliveries of appacr', reason: 'away' }] },
  ],
];
for (const [title, scan, removed, { asked, isDone, faults }] of deliveries)
  test(`old deliveries that ${title}: ${asked} calls, and ${isDone ? 'none today any more' : 'a next pass'}`, async () => {
    const world = worldOf();
    const calls: unknown[][] = [];
    world.ports.store.forgetDeliveries = async (...of) => {
      calls.push(of);
      const answer = removed[calls.length - 1]!;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    assert.deepEqual(await pruneDeliveries(world.ports, { ...newScan, ...scan }), faults);
    const before = new Date('2026-08-25T10:00:00.000Z');
    assert.deepEqual(
      calls,
      [
        ['appacr', before, 100],
        ['otheracr', before, 100],
      ].slice(0, asked),
    );
    assert.equal((await scanOf(world))?.deliveriesForgotten, isDone ? today : undefined);
  });

test('the state of the clock is changed from what is there at that moment', async () => {
  const world = worldOf();
  const { store } = world.ports;
  const seen: Scan[] = [];
  const change = (polledAt: string) =>
    changeScan(world.ports, (scan) => {
      seen.push(scan);
      return { ...scan, polledAt };
    });
  await change(time);
  const { putScan } = store;
  let isFirst = true;
  store.putScan = async (...given) => {
    if (isFirst) {
      isFirst = false;
      await putScan({ ...newScan, lookedAt: time }, (await store.scan())!.etag);
      throw new ConflictError('another was before');
    }
    return putScan(...given);
  };
  await change('2026-11-23T11:00:00.000Z');
  assert.deepEqual(seen, [newScan, { ...newScan, polledAt: time }, { ...newScan, lookedAt: time }]);
  const calls = callsOf(world, 'putScan');
  await changeScan(world.ports, () => undefined);
  assert.deepEqual(calls, []);
});

/** The ledger's list of some days, by day; a push whose id ends in `!` cannot be removed. */
function ledger(days: Record<string, string[]>) {
  const world = worldOf();
  world.ports.settings.ledgerDays = 90;
  const read: [day: string, top: number][] = [];
  const removed: string[] = [];
  Object.assign(world.ports.store, {
    async pushesOf(day, { top }) {
      read.push([day, top]);
      const values = (days[day] ?? []).slice(0, top).map((id) => ({ id, key: id }) as RecordedPush);
      return { values };
    },
    async forgetPush(day, { id }) {
      if (id.endsWith('!')) throw new Error('away');
      removed.push(`${day} ${id}`);
      days[day] = days[day]!.filter((one) => one !== id);
    },
  } satisfies Partial<Store>);
  return { world, read, removed };
}
const fault = (day: string, id: string) => ({ what: `push ${id} of ${day}`, reason: 'away' });
/** The oldest day that is kept is 2026-08-25; the three before it. */
const [d22, d23, d24, d25] = ['2026-08-22', '2026-08-23', '2026-08-24', '2026-08-25'];
const some = (count: number, mark = '') => Array.from({ length: count }, (_, at) => `p${at}${mark}`);

/** Each: where the ledger begins, its pushes by day, the days that are read, what is removed, and where it begins then. */
const ledgers: [
  title: string,
  scan: Partial<Scan>,
  days: Record<string, string[]>,
  expected: { read: [string, number][]; removed: number; from: string; left?: string[]; faults?: object[] },
][] = [
  ['is empty', { ledgerFrom: d24! }, {}, { read: [[d24!, 200]], removed: 0, from: d25! }],
  [
    'has two old days',
    { ledgerFrom: d23! },
    { [d23!]: ['a', 'b'], [d24!]: ['c'] },
    {
      read: [
        [d23!, 200],
        [d23!, 198],
        [d24!, 197],
        [d24!, 196],
      ],
      removed: 3,
      from: d25!,
    },
  ],
  [
    'has more than a pass removes',
    { ledgerFrom: d24! },
    { [d24!]: some(250) },
    { read: [[d24!, 200]], removed: 200, from: d24! },
  ],
  [
    'has a push that cannot be removed',
    { ledgerFrom: d23! },
    { [d23!]: ['a', 'b!'], [d24!]: ['c'] },
    {
      read: [
        [d23!, 200],
        [d23!, 198],
        [d24!, 197],
        [d24!, 196],
      ],
      removed: 2,
      from: d25!,
      left: [d23!],
      faults: [fault(d23!, 'b!'), fault(d23!, 'b!')],
    },
  ],
  [
    'had a day that could not be emptied',
    { ledgerFrom: d24!, ledgerLeft: [d22!] },
    { [d22!]: ['a'] },
    {
      read: [
        [d22!, 200],
        [d22!, 199],
        [d24!, 198],
      ],
      removed: 1,
      from: d25!,
    },
  ],
  [
    'has a day that cannot be emptied still',
    { ledgerFrom: d24!, ledgerLeft: [d22!] },
    { [d22!]: ['a!'] },
    {
      read: [
        [d22!, 200],
        [d24!, 199],
      ],
      removed: 0,
      from: d25!,
      left: [d22!],
      faults: [fault(d22!, 'a!')],
    },
  ],
  [
    'has more on such a day than a pass removes',
    { ledgerFrom: d24!, ledgerLeft: [d22!] },
    { [d22!]: some(300), [d24!]: ['c'] },
    { read: [[d22!, 200]], removed: 200, from: d24!, left: [d22!] },
  ],
];
for (const [title, scan, days, { read: reads, removed: count, from, left, faults = [] }] of ledgers)
  test(`a ledger that ${title} is emptied up to its oldest day, ${count} pushes in a pass`, async () => {
    const { world, read, removed } = ledger(days);
    await world.ports.store.putScan({ ...newScan, ...scan }, undefined);
    assert.deepEqual(await pruneLedger(world.ports, { ...newScan, ...scan }), faults);
    assert.deepEqual(read, reads);
    assert.equal(removed.length, count);
    const after = (await scanOf(world))!;
    assert.deepEqual([after.ledgerFrom, after.ledgerLeft], [from, left]);
    assert.equal('ledgerLeft' in after, left !== undefined);
  });

test('without a position the ledger is emptied from sixty days before its oldest day', async () => {
  const { world, read } = ledger({});
  assert.deepEqual(await pruneLedger(world.ports, newScan), []);
  assert.deepEqual([read.length, read[0], read.at(-1)], [60, ['2026-06-26', 200], [d24, 141]]);
  assert.equal((await scanOf(world))!.ledgerFrom, d25);
});

for (const [ledgerFrom, isRead] of [
  [d25!, false],
  ['2026-08-26', false],
  [d24!, true],
] as const)
  test(`a ledger that begins at ${ledgerFrom} is ${isRead ? 'read' : 'left alone'}`, async () => {
    const { world, read } = ledger({});
    const faults = await pruneLedger(world.ports, { ...newScan, ledgerFrom });
    assert.deepEqual([faults, read.length], isRead ? [[], 1] : [undefined, 0]);
  });

test('no more days are kept for another try than a row has room for', async () => {
  const ledgerLeft = Array.from({ length: 120 }, (_, at) =>
    new Date(Date.UTC(2026, 0, at + 1)).toISOString().slice(0, 10),
  );
  const { world } = ledger(Object.fromEntries(ledgerLeft.map((day) => [day, ['a!']])));
  await pruneLedger(world.ports, { ...newScan, ledgerFrom: d24!, ledgerLeft });
  assert.deepEqual((await scanOf(world))!.ledgerLeft, ledgerLeft.slice(0, 100));
});

const app = 'plinth.example.com';
const ago = (ms: number) => new Date(Date.parse(time) - ms).toISOString();
/** Each: who ticked, and how long ago; what this app had said before; what it says; whom it names. */
const ticks: [
  title: string,
  ticked: [app: string, msAgo: number, others?: string[]][],
  said: string[],
  says: string[],
  others: string[],
][] = [
  ['alone', [], [], [], []],
  ['beside itself', [[app, 0]], [], [], []],
  ['beside another', [['b.example', 0]], [], ['b.example'], ['b.example']],
  [
    'beside two',
    [
      ['c.example', 0],
      ['b.example', 299_999],
    ],
    [],
    ['b.example', 'c.example'],
    ['b.example', 'c.example'],
  ],
  ['beside one that stands still', [['b.example', 300_000]], [], [], []],
  ['beside one of which it has said so', [['b.example', 0]], ['b.example'], [], ['b.example']],
  [
    'beside one of which it had said so before',
    [
      ['b.example', 0],
      [app, 60_000, ['b.example']],
    ],
    [],
    [],
    ['b.example'],
  ],
  [
    'after one that has gone',
    [
      ['b.example', 600_000],
      [app, 60_000, ['b.example']],
    ],
    ['b.example'],
    [],
    [],
  ],
];
for (const [title, ticked, before, says, others] of ticks)
  test(`a clock that ticks ${title} says ${says.length} apps, and writes down ${others.length}`, async () => {
    const world = worldOf();
    for (const [name, msAgo, named = []] of ticked)
      await world.ports.store.putPresence({ app: name, tickedAt: ago(msAgo), others: named });
    const lines = linesOf(world);
    const said = new Set(before);
    await notePresence(world.ports, said);
    assert.deepEqual(
      lines.map(([level, text]) => [level, String(text).split(' ')[2]]),
      says.map((name) => ['error', name]),
    );
    assert.deepEqual([...said], others);
    const own = (await world.ports.store.presences()).find((one) => one.app === app);
    assert.deepEqual(own, { app, tickedAt: time, others });
  });

test('a clock whose table is away ticks all the same', async () => {
  const world = worldOf();
  world.ports.store.presences = async () => {
    throw new Error('away');
  };
  const calls = callsOf(world, 'putPresence');
  await notePresence(world.ports);
  assert.deepEqual(calls, []);
});

test.run();
