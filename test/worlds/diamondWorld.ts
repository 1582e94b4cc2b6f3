import { scheduleTaskRun } from '../../shared/flow/api/runs.ts';
import { putTask } from '../../shared/flow/api/tasks.ts';
import { settle } from './settle.ts';
import { createWorld, type Past, type World } from './world.ts';

export const base = 'baseacr.azurecr.io/base:1';
export const publicBase = 'docker.io/library/alpine:1';

/** base → {mid1, mid2} → app1 in three registries; app2 is built on mid1, on base itself and on a public image. */
export const diamond: { registry: string; name: string; bases: string[]; makes: string }[] = [
  { registry: 'mid1acr', name: 'mid1-task', bases: [base], makes: 'mid1acr.azurecr.io/mid1-task:1' },
  { registry: 'mid2acr', name: 'mid2-task', bases: [base], makes: 'mid2acr.azurecr.io/mid2-task:1' },
  {
    registry: 'baseacr',
    name: 'app1-task',
    bases: ['mid1acr.azurecr.io/mid1-task:1', 'mid2acr.azurecr.io/mid2-task:1'],
    makes: 'baseacr.azurecr.io/app1-task:1',
  },
  {
    registry: 'mid2acr',
    name: 'app2-task',
    bases: [base, publicBase, 'mid1acr.azurecr.io/mid1-task:1'],
    makes: 'mid2acr.azurecr.io/app2-task:1',
  },
];

export const registryOf = (world: World, name: string) =>
  world.ports.settings.registries.find((registry) => registry.name === name)!;

const options = { registries: ['baseacr', 'mid1acr', 'mid2acr'], runsPerRegistry: 2 };
let past: Past | undefined;

/** The diamond, each task built once by hand. */
export async function diamondWorld(
  runsPerRegistry = options.runsPerRegistry,
  keepsKeys = true,
): Promise<World> {
  past ??= (await firstBuilds()).past();
  return createWorld({ ...options, runsPerRegistry, keepsKeys, past });
}

async function firstBuilds(): Promise<World> {
  const world = createWorld(options);
  world.push(base);
  world.push(publicBase);
  for (const { registry, name, bases } of diamond) {
    const knownRegistry = registryOf(world, registry);
    await putTask(knownRegistry, name, world.task(name, bases), world.ports);
    await runByHand(world, registry, name);
    await settle(world);
  }
  return world;
}

export const runByHand = (world: World, registry: string, task: string) =>
  scheduleTaskRun(
    registryOf(world, registry),
    { type: 'TaskRunRequest', taskId: `x/tasks/${task}`, isArchiveEnabled: false },
    world.ports,
  );
