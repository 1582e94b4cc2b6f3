import assert from 'node:assert/strict';
import { test } from 'uvu';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { graphPage } from '../../../shared/flow/overall/graphPage.ts';
import { registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { canBe, disturb, manners } from '../../worlds/lost/disturb.ts';
import { type LostWorld, lostWorld } from '../../worlds/lost/scenarios.ts';
import { settle } from '../../worlds/settle.ts';
import { isInjected, runsOf } from '../../worlds/world.ts';

const own = 'mid2acr.azurecr.io/app2-task:1';
const task = 'app2-task';
const at = (world: LostWorld) => registryOf(world, 'mid2acr');

/** A DELETE, and one more where there was no answer, or the process died. @returns what was answered last */
async function deleted(world: LostWorld): Promise<boolean> {
  for (;;)
    try {
      return await deleteTask(at(world), task, world.ports);
    } catch (error) {
      if (!isInjected(error)) throw error;
      world.pass(10);
    }
}

async function edgesLeft({ tags, ports: { store } }: LostWorld) {
  const left: string[] = [];
  for (const image of [...tags.keys(), own]) {
    const { dependents, producers } = await store.imageEdges(image);
    for (const one of [...dependents, ...producers]) if (one.task === task) left.push(image);
  }
  return left;
}

/** How a task is when it is deleted. */
const before: [title: string, act: (world: LostWorld) => Promise<unknown>][] = [
  ['that is built', async () => {}],
  ['with a queued run', (world) => runByHand(world, 'mid2acr', task)],
  ['that is disabled', (world) => putTask(at(world), task, disabled(world), world.ports)],
];
function disabled(world: LostWorld) {
  const same = world.task(task, ['docker.io/library/alpine:1']);
  return { ...same, properties: { ...same.properties, status: 'Disabled' as const } };
}

for (const [title, act] of before)
  for (const manner of manners)
    test(`a task ${title} leaves nothing behind, whichever call of its DELETE is ${manner}`, async () => {
      const plain = await lostWorld();
      await act(plain);
      const { calls } = disturb(plain, 0, manner);
      await deleted(plain);
      assert.deepEqual(await edgesLeft(plain), []);
      const wrong: string[] = [];
      for (const [index, call] of calls.entries()) {
        if (!canBe(call, manner)) continue;
        const world = await lostWorld();
        await act(world);
        disturb(world, index + 1, manner);
        await deleted(world);
        const left = [
          ...(await edgesLeft(world)),
          ...((await world.ports.store.state('mid2acr', task)) ? ['its state'] : []),
        ];
        if (left.length > 0) wrong.push(`${index + 1}. ${call}: ${left}`);
        // Anew, on what it made before: a producer that was left over would be a cycle.
        await putTask(at(world), task, world.task(task, [own], 'other:1'), world.ports);
        const { runId } = await runByHand(world, 'mid2acr', task);
        await settle(world);
        const run = (await runsOf(world, 'mid2acr')).find((one) => one.runId === runId)!;
        if (run.status !== 'Succeeded') wrong.push(`${index + 1}. ${call}: ${run.runErrorMessage}`);
      }
      assert.deepEqual(wrong, []);
    });

for (const [title, act] of before)
  for (const manner of manners)
    test(`a DELETE of a task ${title} that nobody repeats is finished by the clock, whichever call of it is ${manner}`, async () => {
      const plain = await lostWorld();
      await act(plain);
      const { calls } = disturb(plain, 0, manner);
      await deleted(plain);
      const wrong: string[] = [];
      let accepted = 0;
      for (const [index, call] of calls.entries()) {
        if (!canBe(call, manner)) continue;
        const world = await lostWorld();
        const { store } = world.ports;
        await act(world);
        disturb(world, index + 1, manner);
        await deleteTask(at(world), task, world.ports).catch((error) => {
          if (!isInjected(error)) throw error;
        });
        // Nothing was removed: it is as if nobody had asked.
        if (await store.task('mid2acr', task)) continue;
        accepted += 1;
        const shown = (await graphPage('mid2acr', { top: 100 }, world.ports)).tasks;
        if (shown.some((one) => one.task === task)) wrong.push(`${index + 1}. ${call}: the graph shows it`);
        await settle(world);
        const left = [
          ...(await edgesLeft(world)),
          ...((await store.state('mid2acr', task)) ? ['its state'] : []),
        ];
        if (left.length > 0) wrong.push(`${index + 1}. ${call}: ${left}`);
      }
      assert.ok(accepted > 0);
      assert.deepEqual(wrong, []);
    });

test('a task that was made anew while it is deleted keeps its edges and its state', async () => {
  const world = await lostWorld();
  const { store } = world.ports;
  const { changeEdges } = store;
  store.changeEdges = async (...of) => {
    store.changeEdges = changeEdges;
    await putTask(at(world), task, world.task(task, [own], 'other:1'), world.ports);
    await changeEdges(...of);
  };
  assert.equal(await deleteTask(at(world), task, world.ports), true);
  const state = (await store.state('mid2acr', task))!.value;
  assert.equal(state.deleted, undefined);
  assert.ok(
    (await store.imageEdges('mid2acr.azurecr.io/other:1')).producers.some((one) => one.task === task),
  );
  assert.equal(await deleteTask(at(world), task, world.ports), true);
  assert.equal(await deleteTask(at(world), task, world.ports), false);
});

test.run();
