import assert from 'node:assert/strict';
import { test } from 'uvu';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { startRun } from '../../../shared/flow/start/startRun.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { builtWorld, countIn, type Given, ownOf, start, work } from '../../worlds/counted.ts';
import { seconds } from '../../worlds/workers.ts';
import { inject, runsOf, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const [one, two, base] = ['one', 'two', 'base'].map((name) => `docker.io/library/${name}:1`) as [
  string,
  string,
  string,
];
const tasks: Given[] = [
  { registry, name: 'first', bases: [one] },
  { registry, name: 'mid', bases: [two] },
  { registry, name: 'app', bases: [`${registry}.azurecr.io/mid:1`] },
  { registry, name: 'other0', bases: [base] },
  { registry, name: 'other1', bases: [base] },
];
const byHand = (task: string) => async (world: World) => void (await start(world, registry, task));
const pushed = async (world: World) => {
  world.push(`${registry}.azurecr.io/mid:1`);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
};
const handled = (world: World, runId: string) => startRun({ registry, runId }, world.ports);

/** A run that is queued while no slot is free, and how it leaves the queue. */
const rows: [
  title: string,
  queue: (world: World) => Promise<void>,
  leave: (world: World, runId: string) => Promise<unknown>,
][] = [
  ['is cancelled', byHand('app'), (world, runId) => cancelRun(ownOf(world, registry), runId, world.ports)],
  [
    'is cancelled as its task is deleted',
    byHand('app'),
    (world) => deleteTask(ownOf(world, registry), 'app', world.ports),
  ],
  [
    'fails at its Dockerfile',
    byHand('app'),
    (world, runId) => {
      world.dockerfile('app', 'FROM');
      return handled(world, runId);
    },
  ],
  ['waits for a run of its task', byHand('mid'), handled],
  ['waits for who makes its base image', pushed, handled],
  [
    'waits for a time',
    byHand('app'),
    (world, runId) => {
      world.trouble.registry = () =>
        inject(new RegistryError('TooManyRequests', 'slow down', { retryAfter: 600 }));
      return handled(world, runId).finally(() => delete world.trouble.registry);
    },
  ],
];

for (const [title, queue, leave] of rows)
  test(`a run that ${title} between the reading of the queue and the writing of who is called keeps no slot`, async () => {
    const world = await builtWorld('calledOnLeaving', { runsPerRegistry: 2 }, tasks, [one, two, base]);
    for (const name of ['first', 'mid']) await start(world, registry, name);
    await work(world, countIn(world), 'not');
    const known = (await runsOf(world, registry)).length;
    await queue(world);
    await work(world, countIn(world), 'not');
    const [run, ...more] = (await runsOf(world, registry)).slice(known);
    assert.equal(more.length, 0);
    assert.equal(run!.status, 'Queued');

    let left = false;
    const { store } = world.ports;
    const { places } = store;
    world.ports.store = {
      ...store,
      async *places(...of) {
        yield* places(...of);
        if (left) return;
        left = true;
        await leave(world, run!.runId);
      },
    };
    const building = world.builds.findLast(({ request }) => request.imageNames[0] === 'first:1')!;
    world.end(building, 'Succeeded');
    await seconds(world, 30);
    assert.ok(left);
    world.push(base);
    const timestamp = new Date(world.now()).toISOString();
    await onPush({ id: 'base-moves', image: base, digest: world.tags.get(base)!, timestamp }, world.ports);
    await seconds(world, 5);
    const started = (await runsOf(world, registry)).filter(
      ({ task, status }) => task?.startsWith('other') && status === 'Started',
    );
    assert.equal(started.length, 1, 'the free slot is of one of those that the push starts');
  });

test.run();
