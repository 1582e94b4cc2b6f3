import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pushToRegistry } from '../../../../shared/flow/push/pushToRegistry.ts';
import { pushToTask } from '../../../../shared/flow/push/pushToTask.ts';
import { withTold } from '../../../../shared/rules/freshness/newer.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import { conflict, id, writesOf } from '../../queue/steps/queueRows.ts';
import { check, choices, push, registry, time, trigger, worldWith } from './choices.ts';

/** Each: what happens to the maker as it is to be queued, what it comes to, and whether its dependent waits for it. */
const makers: [
  title: string,
  names: string[],
  happens: 'deleted' | 'queued' | undefined,
  verdict: string,
  waits: boolean,
][] = [
  ['is first', ['start', 'second', 'below'], undefined, 'started', true],
  ['is not first', ['second', 'start', 'below'], undefined, 'started', true],
  ['comes after it', ['below', 'start'], undefined, 'started', true],
  ['is deleted meanwhile', ['start', 'below'], 'deleted', 'skipped', false],
  ['is queued meanwhile', ['start', 'below'], 'queued', 'merged', false],
];
for (const [title, names, happens, verdict, waits] of makers)
  test(`a task whose maker ${title} ${waits ? 'waits for it' : 'starts at once'}`, async () => {
    const { world, stored, counted } = await worldWith(names);
    const { store } = world.ports;
    const { decide } = counted;
    if (happens === 'queued') {
      const run = { ...sampleRun(registry, id(56), 'start'), ...trigger('e0', 'old') };
      await store.commit(registry, [{ put: 'run', value: run }]);
    }
    let meets = happens !== undefined;
    counted.decide = (state) =>
      state.task === 'start' && happens && !meets
        ? { do: 'merge', runId: id(56), reason: 'x' }
        : decide(state);
    writesOf(world, () => (meets ? { before: conflict } : {}));
    const { commit } = world.ports.store;
    world.ports.store.commit = async (...given) => {
      const committing = commit(...given);
      meets = false;
      return committing;
    };
    if (happens === 'deleted')
      world.ports.store.state = async (of, task) => (task === 'start' ? undefined : store.state(of, task));
    const decided = await pushToRegistry(counted, registry, stored, world.ports);
    assert.deepEqual(decided.map(({ task }) => task).sort(), names.toSorted());
    const of = (name: string) => decided.find(({ task }) => task === name)!;
    assert.equal(of('start').verdict, verdict);
    const { waitingFor } = (await store.run(registry, of('below').runId!))!.value;
    assert.deepEqual(waitingFor?.runs, waits ? [`${registry}/${of('start').runId}`] : undefined);
  });

/** Each: what the same push did before it came again, and all that is written then, alone and among others. */
const before: [title: string, name: string, alone: string[][], among: string[][]][] = [
  ['merged it, and ended before the ledger had it', 'same', [['put decision']], [['put decision']]],
  ['queued the run', 'again', [['put decision']], []],
  ...(['start', 'second'] as const).map((name): [string, string, string[][], string[][]] => {
    const rows = ['put run', 'put state', 'put place', 'put decision'];
    return ['held it', name, [rows], [rows]];
  }),
];
for (const [title, name, alone, among] of before)
  for (const [way, writes] of [
    ['alone', alone],
    ['of a registry', among],
  ] as const)
    test(`a push that ${title} before comes to the task ${name} ${way}`, async () => {
      const { world, counted } = await worldWith([name]);
      const { store } = world.ports;
      const { value, etag } = (await store.state(registry, name))!;
      if (choices[name]!.do === 'start') {
        const held = { push, registry, task: name, verdict: 'held' as const, reason: 'young', time };
        await store.commit(registry, [{ put: 'decision', value: held }]);
      } else await store.commit(registry, [{ put: 'state', value: withTold(value, push), etag }]);
      const stored = (await store.state(registry, name))!;
      const written = writesOf(world);
      const decided =
        way === 'alone'
          ? await pushToTask(counted, { registry, task: name }, world.ports)
          : (await pushToRegistry(counted, registry, [stored], world.ports))[0]!;
      await check(world, name, decided);
      assert.deepEqual(written, writes);
    });

test('a merge that cannot be written is told of', async () => {
  const { world, stored, counted } = await worldWith(['merge']);
  const away = new TypeError('away');
  const writes = writesOf(world, () => ({ before: away }));
  await assert.rejects(pushToRegistry(counted, registry, stored, world.ports), away);
  assert.equal(writes.length, 1);
});

test.run();
