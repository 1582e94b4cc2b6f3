import type { TableClient } from '@azure/data-tables';
import * as keys from '../../shared/adapters/storage/tableKeys.ts';
import { createTableStore } from '../../shared/adapters/storage/tableStore.ts';
import { putTask } from '../../shared/flow/api/tasks.ts';
import { everyMinute, newClockMemory } from '../../shared/flow/clock/everyMinute.ts';
import type { TaskCreate } from '../../shared/model/task.ts';
import { dockerfileOver } from '../doubles/dockerfileOver.ts';
import { createCountingTable } from './countingTable.ts';
import { registryOf, runByHand } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { handling, takeMessages } from './workers.ts';
import { createWorld, runsOf, type World } from './world.ts';

export const good = 'goodacr';
export const bad = 'badacr';
export const goodBase = 'docker.io/library/good:1';
export const badBase = 'quay.io/team/bad:1';
export const ownBase = 'goodacr.azurecr.io/base:1';

/**
 * Two registries with a task each: `build-app` of goodacr is built on goodBase and has a timer, `build-app` of badacr is built on badBase
 * with credentials of its own; both are built on ownBase. The store is the one on tables, over tables in memory.
 * @param around stands between the store and its main table
 */
export async function twoTasks(around = (main: TableClient) => main) {
  const world = createWorld({ registries: [good, bad] });
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  world.ports.store = createTableStore({
    main: around(main.client),
    edges: edges.client,
    pushes: pushes.client,
  });
  for (const image of [goodBase, badBase, ownBase]) world.push(image);
  const timerTriggers = [{ name: 'nightly', schedule: '0 3 * * *', status: 'Enabled' as const }];
  for (const [registry, image] of [
    [bad, badBase],
    [good, goodBase],
  ] as const) {
    const task = world.task('build-app', [image, ownBase]);
    // The world has one Dockerfile for a name; each registry's task has its own.
    const url = `https://git.example.com/${registry}.git`;
    world.dockerfile(registry, dockerfileOver([image, ownBase]));
    Object.assign(task.properties.step, { contextPath: url });
    Object.assign(task.properties.trigger!, { timerTriggers });
    if (registry === bad)
      Object.assign(task.properties, {
        credentials: {
          customRegistries: {
            'quay.io': {
              userName: { type: 'Opaque', value: 'robot' },
              password: { type: 'Opaque', value: 'word' },
            },
          },
        },
      });
    await putTask(registryOf(world, registry), 'build-app', task, world.ports);
    await runByHand(world, registry, 'build-app');
  }
  await settle(world);
  const put = (registry: string, name: string, task: TaskCreate) =>
    putTask(registryOf(world, registry), name, task, world.ports);
  return { world, main, pushes, put };
}
export type Two = Awaited<ReturnType<typeof twoTasks>>;

export const spoilDocument = ({ main }: Two, registry: string, rowKey: string, json0 = '{"cut short') =>
  main.change(keys.registryPartition(registry), rowKey, { json0 });
export const changed = ({ main }: Two, registry: string, rowKey: string, change: (value: any) => void) => {
  const value = JSON.parse(String(main.row(keys.registryPartition(registry), rowKey)!.json0));
  change(value);
  return JSON.stringify(value);
};
export const lastRun = async ({ world }: Two, registry: string) => (await runsOf(world, registry)).at(-1)!;

export async function handle(world: World) {
  for (const message of takeMessages(world, 1, () => 0)) await handling(message)(world.ports);
}

export async function minutes(world: World, count: number) {
  const memory = newClockMemory();
  for (let minute = 0; minute < count; minute++) {
    world.pass(60);
    await everyMinute(world.ports, memory);
  }
}
