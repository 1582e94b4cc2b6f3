import type { Stack } from '../../../local/stack.ts';
import type { ApiClient } from '../../../local/tutorial/apiClient.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { taskBody } from './world.ts';

/** A task of the storm: it is built on `bases`, and makes `makes`. */
export interface ChaosTask {
  registry: string;
  name: string;
  level: number;
  bases: string[];
  makes: string;
}

export interface Layout {
  registries: string[];
  /** Images that are pushed from outside, all in the first registry. */
  bases: string[];
  tasks: ChaosTask[];
}

/**
 * Tasks in three levels: the first is built on base images, the second on one or two of the first, the third on two of the
 * second and a base image. Each level is spread over all registries.
 */
export function layOut(registries: string[], perLevel: [number, number, number]): Layout {
  const bases = Array.from({ length: 4 }, (_, at) => `${registries[0]}.azurecr.io/base/image${at}:1`);
  const tasks: ChaosTask[] = [];
  const level = (number: number) => tasks.filter((task) => task.level === number).map(({ makes }) => makes);
  const add = (number: number, at: number, under: string[]) => {
    const registry = registries[(number + at) % registries.length]!;
    const name = `level${number}-task${at}`;
    const makes = `${registry}.azurecr.io/made/${name}:1`;
    tasks.push({ registry, name, level: number, bases: [...new Set(under)], makes });
  };
  const of = (images: string[], at: number) => images[at % images.length]!;
  for (let at = 0; at < perLevel[0]; at++) add(1, at, [of(bases, at)]);
  for (let at = 0; at < perLevel[1]; at++) add(2, at, [of(level(1), at), of(level(1), at * 3 + 1)]);
  for (let at = 0; at < perLevel[2]; at++)
    add(3, at, [of(bases, at), of(level(2), at), of(level(2), at * 2 + 1)]);
  return { registries, bases, tasks };
}

/** Makes the tasks, and builds each once by hand, a level after the other. */
export async function firstBuilds(
  { registries, tasks }: Layout,
  stack: Stack,
  api: ApiClient,
): Promise<void> {
  const files = Object.fromEntries(
    tasks.map((task) => [`${task.name}/Dockerfile`, dockerfileOver(task.bases)]),
  );
  await stack.git.createRepository('tasks', files);
  // The engine pushes to the task's own registry as itself.
  const others = (own: string) =>
    Object.fromEntries(
      registries
        .filter((name) => name !== own)
        .map((name) => [`${name}.azurecr.io`, { identity: '[system]' }]),
    );
  for (const { registry, name, makes } of tasks)
    await api.call(
      'PUT',
      `/registries/${registry}/tasks/${name}`,
      taskBody(`${stack.git.url}/tasks.git#main:${name}`, makes.slice(makes.indexOf('/') + 1), {
        properties: {
          trigger: { baseImageTrigger: { name: 'default', baseImageTriggerType: 'All' } },
          credentials: { customRegistries: others(registry) },
        },
      }),
    );
  for (const level of [1, 2, 3]) {
    const runs = await Promise.all(
      tasks
        .filter((task) => task.level === level)
        .map(async ({ registry, name }) => {
          const taskId = `${stack.registries[registry]!.resourceId}/tasks/${name}`;
          const request = { type: 'TaskRunRequest', taskId };
          return { registry, ...(await api.call('POST', `/registries/${registry}/scheduleRun`, request)) };
        }),
    );
    for (const { registry, name } of runs)
      await eventually(`the first run ${name} of ${registry}`, 240, async () => {
        const { properties } = await api.call('GET', `/registries/${registry}/runs/${name}`);
        if (/Failed|Error|Timeout|Canceled/.test(properties.status))
          throw new Error(properties.runErrorMessage);
        return properties.status === 'Succeeded';
      });
  }
}

const dockerfileOver = (bases: string[]) =>
  [
    ...bases.map((base, at) => `FROM ${base} AS s${at}`),
    ...bases.slice(0, -1).map((_, at) => `COPY --from=s${at} / /from${at}/`),
  ].join('\n');
