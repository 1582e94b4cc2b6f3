import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pushToRegistry } from '../../../../shared/flow/push/pushToRegistry.ts';
import { cannotBeRead, pushToTask } from '../../../../shared/flow/push/pushToTask.ts';
import type { OpenRun } from '../../../../shared/model/state.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import type { Choice } from '../../../../shared/rules/decideOnPush.ts';
import { sampleRun, sampleState } from '../../../doubles/storeContract.ts';
import { createWorld } from '../../../worlds/world.ts';
import { conflict, id, startsOf, writesOf } from '../../queue/steps/queueRows.ts';
import {
  base,
  built,
  check,
  choices,
  expected,
  image,
  newest,
  open,
  push,
  registry,
  time,
  toldOf,
  trigger,
  worldWith,
} from './choices.ts';

for (const name of Object.keys(choices))
  for (const way of ['alone', 'of a registry', 'of a registry, disturbed'] as const)
    test(`a push of the choice ${name} to a task ${way}`, async () => {
      const { world, stored, counted } = await worldWith([name]);
      // One decision alone meets only the same decision, from before; a run that has begun is written no more.
      const disturbs = way === 'of a registry, disturbed' && name !== 'alike' && name !== 'begun';
      let isDone = false;
      writesOf(world, () => {
        if (!disturbs || isDone) return {};
        isDone = true;
        return { before: conflict };
      });
      const decided =
        way === 'alone'
          ? [await pushToTask(counted, { registry, task: name }, world.ports)]
          : await pushToRegistry(counted, registry, stored, world.ports);
      assert.equal(decided.length, 1);
      await check(world, name, decided[0]!);
      const sent = startsOf(world).map(([runId]) => runId);
      assert.ok(sent.every((runId) => runId === id(50)) || name !== 'merge', 'messages are the caller’s');
    });

test('of all at once each comes to its own', async () => {
  const names = Object.keys(choices).filter((name) => name !== 'gone' && name !== 'begun');
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
