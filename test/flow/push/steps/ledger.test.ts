import assert from 'node:assert/strict';
import { test } from 'uvu';
import { acceptPush } from '../../../../shared/flow/push/acceptPush.ts';
import { ignoreEvent } from '../../../../shared/flow/push/ignoreEvent.ts';
import {
  decision,
  recordNew,
  recordOneSkipped,
  recordSkipped,
  type Skipped,
  toldOf,
} from '../../../../shared/flow/push/recordSkipped.ts';
import type { Decision, TaskState } from '../../../../shared/model/state.ts';
import { noEdges } from '../../../../shared/ports/store.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';
import { conflict, writesOf } from '../../queue/steps/queueRows.ts';

const registry = 'appacr';
const image = 'baseacr.azurecr.io/base:1';
const time = '2026-11-23T10:00:00.000Z';
const push = { id: 'e1', image, digest: 'new', timestamp: '2026-11-23T09:00:00.000Z' };
const away = new TypeError('away');
const clock = { now: () => new Date(time) };

/** A task that is built on an older digest, and so is told of the new one; or on the new one. */
const state = (task: string, digest = 'old'): TaskState => ({
  ...sampleState(registry, task),
  built: { runId: 'c1', pins: [{ image, type: 'RunTime', digest: digest === 'new' ? 'new' : 'old' }] },
  bases: [{ image, type: 'RunTime', digest, pinnedAt: '2026-11-23T08:00:00.000Z' }],
});
async function skips(world: World, told: number, known: number): Promise<Skipped[]> {
  const { store } = world.ports;
  const all: Skipped[] = [];
  for (let place = 0; place < told + known; place++) {
    const value = state(`app${place}`, place < told ? 'old' : 'new');
    await store.commit(registry, [{ put: 'state', value }]);
    const stored = (await store.state(registry, value.task))!;
    all.push({ state: stored, decision: decided(value.task), told: push });
  }
  return all;
}
const decided = (task: string, reason = 'x') =>
  decision(push, { registry, task }, { verdict: 'skipped', reason }, { clock });
async function ledger({ ports: { store } }: World): Promise<string[]> {
  const all: string[] = [];
  for (let place = 0; place < 101; place++)
    for (const task of place === 0 ? ['a', 'b', 'app0'] : [`app${place}`])
      for await (const one of store.decisions(registry, task)) all.push(`${one.task} ${one.reason}`);
  return all.sort();
}
const created = () => createWorld({ registries: [registry] });

test('a decision says when, of what and for whom', () => {
  assert.deepEqual(
    decision(
      push,
      { registry, task: 'app', ...{ more: 1 } },
      { verdict: 'started', reason: 'x', runId: 'c1' },
      { clock },
    ),
    {
      ...{ push, registry, task: 'app', verdict: 'started', reason: 'x', runId: 'c1', time },
    },
  );
});

for (const [digest, rows] of [
  ['old', 1],
  ['new', 0],
] as const)
  test(`a task on the ${digest} digest is told in ${rows} rows`, () => {
    const value = state('app', digest);
    const told = toldOf({ value, etag: 'v1' }, push);
    assert.equal(told.length, rows);
    for (const row of told)
      assert.deepEqual(['put' in row && row.put, 'etag' in row && row.etag], ['state', 'v1']);
  });

const many: [title: string, told: number, known: number, writes: number[]][] = [
  ['none', 0, 0, []],
  ['50 that are told', 50, 0, [100]],
  ['51 that are told', 51, 0, [100, 2]],
  ['100 that know', 0, 100, [100]],
  ['101 that know', 0, 101, [100, 1]],
  ['some of each', 2, 3, [4, 3]],
];
for (const [title, told, known, expected] of many)
  test(`skips of ${title} are ${expected.length} writes`, async () => {
    const world = created();
    const all = await skips(world, told, known);
    const writes = writesOf(world);
    assert.deepEqual(await recordSkipped(registry, all, world.ports), []);
    assert.deepEqual(
      writes.map(({ length }) => length),
      expected,
    );
    assert.equal((await ledger(world)).length, told + known);
    for (const { state: before } of all) {
      const { value } = (await world.ports.store.state(registry, before.value.task))!;
      assert.equal(
        value.bases[0]!.newer?.digest,
        before.value.bases[0]!.digest === 'old' ? 'new' : undefined,
      );
    }
  });

test('skips that meet another write are decided again, the others not', async () => {
  const world = created();
  const all = await skips(world, 51, 1);
  writesOf(world, (nth) => (nth === 0 ? { before: conflict } : {}));
  assert.deepEqual(await recordSkipped(registry, all, world.ports), all.slice(0, 50));
  assert.equal((await ledger(world)).length, 2);
});

test('what cannot be written is told', async () => {
  const world = created();
  const [one, two] = await skips(world, 1, 1);
  const writes = writesOf(world, () => ({ before: away }));
  await assert.rejects(recordSkipped(registry, [one!], world.ports), away);
  await assert.rejects(recordSkipped(registry, [two!], world.ports), away);
  await assert.rejects(recordOneSkipped(one!, world.ports), away);
  await assert.rejects(recordNew(registry, [decided('app')], world.ports), away);
  assert.equal(writes.length, 4, 'none is written again');
});

const ones: [
  title: string,
  told: boolean,
  before: 'decided' | 'changed' | undefined,
  writes: string[][],
  throws?: true,
][] = [
  ['that knows', false, undefined, [['put decision']]],
  ['that is told', true, undefined, [['put state', 'put decision']]],
  ['that knows and was decided before', false, 'decided', [['put decision']]],
  [
    'that is told and was decided before',
    true,
    'decided',
    [['put state', 'put decision'], ['put state'], ['put decision']],
  ],
  ['that is changed meanwhile', true, 'changed', [['put state', 'put decision'], ['put state']], true],
];
for (const [title, told, before, expected, throws] of ones)
  test(`one skip of a task ${title}`, async () => {
    const world = created();
    const { store } = world.ports;
    const [one] = await skips(world, Number(told), Number(!told));
    if (before === 'decided')
      await store.commit(registry, [{ put: 'decision', value: decided('app0', 'first') }]);
    if (before === 'changed')
      await store.commit(registry, [{ put: 'state', value: state('app0'), etag: one!.state.etag }]);
    const writes = writesOf(world);
    const recording = recordOneSkipped(one!, world.ports);
    if (throws) await assert.rejects(recording, { name: conflict.name });
    else await recording;
    assert.deepEqual(writes, expected);
    assert.deepEqual(await ledger(world), throws ? [] : [`app0 ${before ? 'first' : 'x'}`]);
    if (told && !throws)
      assert.equal((await store.state(registry, 'app0'))!.value.bases[0]!.newer?.digest, 'new');
  });

interface New {
  title: string;
  given: string[];
  known?: string[];
  meets?: Error;
  writes: number[];
  after: string[];
}
const news: New[] = [
  { title: 'none', given: [], writes: [], after: [] },
  { title: 'two new ones', given: ['a', 'b'], writes: [2], after: ['a x', 'b x'] },
  { title: 'one that is there', given: ['a'], known: ['a'], writes: [1], after: ['a first'] },
  {
    title: 'two, one of which is there',
    given: ['a', 'b'],
    known: ['a'],
    writes: [2, 1],
    after: ['a first', 'b x'],
  },
  {
    title: 'three, one of which is there',
    given: ['a', 'b', 'app0'],
    known: ['a'],
    writes: [3, 2],
    after: ['a first', 'app0 x', 'b x'],
  },
  {
    title: 'two that are there',
    given: ['a', 'b'],
    known: ['a', 'b'],
    writes: [2],
    after: ['a first', 'b first'],
  },
  {
    title: 'two of which none is there, and whose write was disturbed',
    given: ['a', 'b'],
    meets: conflict,
    writes: [2, 1, 1],
    after: ['a x', 'b x'],
  },
];
for (const { title, given, known = [], meets, writes: expected, after } of news)
  test(`into the ledger come ${title}`, async () => {
    const world = created();
    for (const task of known)
      await world.ports.store.commit(registry, [{ put: 'decision', value: decided(task, 'first') }]);
    await world.ports.store.recordPush(
      push.id,
      known.map((task) => decided(task, 'first')),
    );
    const writes = writesOf(world, (nth) => (meets && nth === 0 ? { before: meets } : {}));
    await recordNew(
      registry,
      given.map((task): Decision => decided(task)),
      world.ports,
    );
    assert.deepEqual(
      writes.map(({ length }) => length),
      expected,
    );
    assert.deepEqual(await ledger(world), after);
  });

for (const [title, dependents, sent] of [
  ['on which tasks are built', ['app', 'other'], 1],
  ['on which none is built', [], 0],
] as const)
  test(`a push of an image ${title} is ${sent === 1 ? '' : 'not '}sent on`, async () => {
    const world = created();
    const { store } = world.ports;
    for (const task of dependents)
      await store.changeEdges({ registry, task }, { bases: [image], outputs: [] }, noEdges);
    const asked: unknown[][] = [];
    const imageEdges: typeof store.imageEdges = (...one) => {
      asked.push(one);
      return store.imageEdges(...one);
    };
    assert.equal(
      await acceptPush(push, { store: { ...store, imageEdges }, queue: world.ports.queue }),
      sent === 1,
    );
    assert.deepEqual(asked, [[image, { top: 1 }]]);
    assert.deepEqual(
      world.messages.map(({ body }) => body),
      sent === 1 ? [push] : [],
    );
  });

for (const [title, kind, level, text, kept] of [
  ['that is of no use', undefined, 'information', 'a delete', undefined],
  ['that ought not to have come', 'host', 'warning', 'another host', 'another host'],
  ['that is long', 'host', 'warning', 'x'.repeat(301), 'x'.repeat(300)],
] as const)
  test(`an event ${title} is logged${kept ? ' and counted' : ''}`, async () => {
    const world = created();
    const counted: unknown[][] = [];
    world.ports.store.countIgnored = async (...one) => void counted.push(one);
    await ignoreEvent({ ignored: text, ...(kind && { kind }) } as never, world.ports);
    assert.deepEqual(world.log, [{ level, message: `event ignored: ${text}` }]);
    assert.deepEqual(counted, kept ? [[kind, kept, new Date(world.now()).toISOString()]] : []);
  });

test.run();
