import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Counted } from '../../../../shared/flow/push/counted.ts';
import { pushToRegistry } from '../../../../shared/flow/push/pushToRegistry.ts';
import { cannotBeRead, pushToTask } from '../../../../shared/flow/push/pushToTask.ts';
import { queueEntryOf } from '../../../../shared/flow/queue/places.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Decision, OpenRun, TaskState } from '../../../../shared/model/state.ts';
import { UnreadableError, type Write } from '../../../../shared/ports/store.ts';
import type { Choice } from '../../../../shared/rules/decideOnPush.ts';
import { sampleRun, sampleState } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';
import { conflict, id, startsOf, writesOf } from '../../queue/steps/queueRows.ts';

const registry = 'appacr';
const image = 'baseacr.azurecr.io/base:1';
const time = '2026-11-23T10:00:00.000Z';
const push = { id: 'e1', image, digest: 'new', timestamp: '2026-11-23T09:00:00.000Z' };
const newest = { ...push, digest: 'newest' };
const open = (number: number): OpenRun => ({
  runId: id(number),
  phase: 'Queued',
  automatic: true,
  canonical: true,
});
const trigger = (event: string, digest: string) => ({
  imageUpdateTrigger: {
    ...{ id: event, timestamp: push.timestamp },
    images: [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest }],
  },
});

/** By the name of a task: what a push comes to for it. */
const choices: Record<string, Choice> = {
  start: { do: 'start', reason: 'it moved' },
  second: { do: 'start', reason: 'it moved' },
  below: { do: 'start', reason: 'it moved' },
  merge: { do: 'merge', runId: id(50), reason: 'is queued' },
  again: { do: 'merge', runId: id(51), reason: 'is queued' },
  same: { do: 'merge', runId: id(52), reason: 'is queued' },
  gone: { do: 'merge', runId: id(53), reason: 'is queued' },
  skip: { do: 'skip', reason: 'is disabled' },
  alike: { do: 'skip', reason: 'is the same', sameAs: 'old' },
  hold: { do: 'hold', reason: 'is quarantined' },
};
const states: Record<string, Partial<TaskState>> = {
  merge: { open: [open(50)] },
  again: { open: [open(51)] },
  same: { open: [open(52)] },
  gone: { open: [open(53)] },
  start: { outputs: ['appacr.azurecr.io/start:1'] },
};
const runs: Record<string, Run> = {
  merge: { ...sampleRun(registry, id(50), 'merge'), ...trigger('e0', 'old') },
  again: { ...sampleRun(registry, id(51), 'again'), ...trigger('e1', 'new') },
  same: { ...sampleRun(registry, id(52), 'same'), ...trigger('e0', 'new') },
};
const base = (name: string, digest = 'old') => ({
  image: name,
  type: 'RunTime' as const,
  digest,
  pinnedAt: '2026-11-23T08:00:00.000Z',
});

const built = { runId: 'c1', pins: [{ image, type: 'RunTime' as const, digest: 'old' }] };
async function worldWith(names: string[]) {
  const world = createWorld({ registries: [registry] });
  const { store } = world.ports;
  await store.takeRunNumbers(registry, 60);
  const stored = [];
  for (const name of names) {
    const bases = name === 'below' ? [base('appacr.azurecr.io/start:1'), base(image)] : [base(image)];
    const value: TaskState = {
      ...sampleState(registry, name),
      trigger: 'All',
      bases,
      built,
      ...states[name],
    };
    const run = runs[name];
    const rows: Write[] = [{ put: 'state', value }];
    if (run) rows.push({ put: 'run', value: run }, { put: 'place', value: queueEntryOf(run) });
    await store.commit(registry, rows);
    stored.push((await store.state(registry, name))!);
  }
  const counted: Counted = {
    push,
    newest,
    decide: ({ task, open: left }) =>
      task === 'gone' && left.length === 0 ? choices.start! : choices[task]!,
  };
  return { world, stored, counted };
}
type Told = [verdict: string, reason: string, run: string | undefined, digest: string];
const first = id(61);
const expected: Record<string, Told> = {
  start: ['started', 'it moved', first, 'new'],
  second: ['started', 'it moved', first, 'new'],
  below: ['started', 'it moved', first, 'new'],
  merge: ['merged', 'is queued', id(50), 'new'],
  again: ['started', 'is queued', id(51), 'new'],
  same: ['merged', 'is queued', id(52), 'new'],
  gone: ['started', 'it moved', first, 'new'],
  skip: ['skipped', 'is disabled', undefined, 'new'],
  alike: ['skipped', 'is the same', undefined, 'new'],
  hold: ['held', 'is quarantined', undefined, 'newest'],
};
const toldOf = ({ verdict, reason, runId, push: of }: Decision): Told => [verdict, reason, runId, of.digest];
const heard = async ({ ports: { store } }: World, name: string) =>
  (await store.state(registry, name))!.value.bases.find((one) => one.image === image)!.newer?.digest;

async function check(world: World, name: string, decided: Decision) {
  const { store } = world.ports;
  assert.deepEqual(toldOf(decided), expected[name]);
  const kept: Decision[] = [];
  for await (const one of store.decisions(registry, name)) kept.push(one);
  // What the event itself queued before has its decision since then.
  if (name !== 'again') assert.deepEqual(kept.map(toldOf), [expected[name]]);
  assert.equal(await heard(world, name), name === 'alike' ? undefined : 'new', 'what it is told of');
  if (!decided.runId) return;
  const run = (await store.run(registry, decided.runId))!.value;
  assert.deepEqual(
    run.imageUpdateTrigger?.images.map(({ digest }) => digest),
    ['new'],
  );
  assert.equal(run.imageUpdateTrigger?.id, decided.verdict === 'started' ? 'e1' : 'e0');
}

for (const name of Object.keys(choices))
  for (const way of ['alone', 'of a registry', 'of a registry, disturbed'] as const)
    test(`a push of the choice ${name} to a task ${way}`, async () => {
      const { world, stored, counted } = await worldWith([name]);
      // One decision alone meets only the same decision, from before.
      const disturbs = way === 'of a registry, disturbed' && name !== 'alike';
      let isDone = false;
      writesOf(world, () => {
        if (!disturbs || isDone) return {};
        isDone = true;
        return { before: conflict };
      });
      const decided =
        way === 'alone'
          ? await pushToTask(counted, { registry, task: name }, world.ports)
          : (await pushToRegistry(counted, registry, stored, world.ports))[0]!;
      await check(world, name, decided);
      const sent = startsOf(world).map(([runId]) => runId);
      assert.ok(sent.every((runId) => runId === id(50)) || name !== 'merge', 'messages are the caller’s');
    });

test('of all at once each comes to its own', async () => {
  const names = Object.keys(choices).filter((name) => name !== 'gone');
  const { world, stored, counted } = await worldWith(names);
  const decided = await pushToRegistry(counted, registry, stored, world.ports);
  assert.deepEqual(decided.map(({ task }) => task).sort(), names.toSorted());
  for (const one of decided) {
    const [verdict, reason, , digest] = expected[one.task]!;
    assert.deepEqual([one.verdict, one.reason, one.push.digest], [verdict, reason, digest], one.task);
  }
  const run = async (name: string) =>
    (await world.ports.store.run(registry, decided.find(({ task }) => task === name)!.runId!))!.value;
  const maker = decided.find(({ task }) => task === 'start')!.runId;
  const { waitingFor } = await run('below');
  assert.deepEqual(waitingFor, {
    ...{ runs: [`${registry}/${maker}`], images: ['appacr.azurecr.io/start:1', image] },
    reason: `waits for ${maker} of ${registry}/start: it is built on what they make`,
  });
  assert.equal((await run('start')).waitingFor, undefined);
});

test('who waits from the first for a run that has ended meanwhile goes on', async () => {
  const { world, stored, counted } = await worldWith(['start', 'below']);
  const { store } = world.ports;
  const runsOf: typeof store.runsOf = async (of, runIds) => {
    const found = (await store.run(registry, runIds[0]!))!;
    if (found.value.task === 'start') {
      await store.commit(registry, [{ put: 'run', value: { ...found.value, status: 'Failed' }, etag: '*' }]);
    }
    return store.runsOf(of, runIds);
  };
  world.ports.store = { ...store, runsOf };
  const decided = await pushToRegistry(counted, registry, stored, world.ports);
  const below = decided.find(({ task }) => task === 'below')!.runId!;
  assert.equal((await store.run(registry, below))!.value.waitingFor, undefined);
});

const merges: [title: string, count: number, writes: number[]][] = [
  ['33', 33, [99]],
  ['34', 34, [99, 3]],
];
for (const [title, count, expectedWrites] of merges)
  test(`${title} merges are ${expectedWrites.length} writes`, async () => {
    const world = createWorld({ registries: [registry] });
    const { store } = world.ports;
    const stored = [];
    for (let place = 0; place < count; place++) {
      const run = { ...sampleRun(registry, id(place + 1), `t${place}`), ...trigger('e0', 'old') };
      const value = {
        ...sampleState(registry, `t${place}`),
        bases: [base(image)],
        built,
        open: [open(place + 1)],
      };
      await store.commit(registry, [
        { put: 'state', value },
        { put: 'run', value: run },
      ]);
      stored.push((await store.state(registry, value.task))!);
    }
    const decide = ({ open: [one] }: { open: OpenRun[] }): Choice => ({
      do: 'merge',
      runId: one!.runId,
      reason: 'x',
    });
    const writes = writesOf(world);
    const decided = await pushToRegistry({ push, newest, decide }, registry, stored, world.ports);
    assert.equal(decided.length, count);
    assert.deepEqual(
      writes.map(({ length }) => length),
      expectedWrites,
    );
  });

test('a task that is deleted is skipped', async () => {
  const { world, counted } = await worldWith([]);
  const decided = await pushToTask(counted, { registry, task: 'app' }, world.ports);
  assert.deepEqual(toldOf(decided), ['skipped', 'app was deleted', undefined, 'new']);
  assert.deepEqual([decided.registry, decided.task, decided.time], [registry, 'app', time]);
});

test('a number that was taken for a run is used', async () => {
  const { world, counted } = await worldWith(['start']);
  const decided = await pushToTask(counted, { registry, task: 'start' }, world.ports, id(7));
  assert.equal(decided.runId, id(7));
});

test('a row that cannot be read is told of, another fault is not taken for that', async () => {
  const { world } = await worldWith([]);
  const lines: unknown[][] = [];
  world.ports.log = (...line) => void lines.push(line);
  const decided = cannotBeRead(
    push,
    { registry, task: 'app' },
    new UnreadableError('cut short'),
    world.ports,
  );
  assert.deepEqual(toldOf(decided), ['skipped', 'cut short', undefined, 'new']);
  assert.deepEqual(lines, [['error', `app is not notified of ${image}: cut short`, { registry }]]);
  const away = new TypeError('away');
  assert.throws(() => cannotBeRead(push, { registry, task: 'app' }, away, world.ports), away);
});

test('a merge whose run cannot be read is told of, and the others are merged', async () => {
  const { world, stored, counted } = await worldWith(['merge', 'same']);
  const { store } = world.ports;
  const error = new UnreadableError('cut short');
  world.ports.store = {
    ...store,
    runsOf: async (of, runIds) =>
      (await store.runsOf(of, runIds)).map((run, place) => (runIds[place] === id(50) ? error : run)),
    run: (of, runId) => (runId === id(50) ? Promise.reject(error) : store.run(of, runId)),
  };
  const decided = await pushToRegistry(counted, registry, stored, world.ports);
  assert.deepEqual(decided.map(({ task, verdict }) => `${task} ${verdict}`).sort(), [
    'merge skipped',
    'same merged',
  ]);
});

test.run();
