import { z } from 'zod';
import { type EngineRun, RunEngineError } from '../../ports/runEngine.ts';
import { findAgainSeconds, pollSeconds, scheduleSeconds } from '../../rules/timing.ts';
import { type ArmClient, read, refusal } from './armClient.ts';
import { AcrRun, toEngineRun } from './engineRun.ts';
import { toRunRequest } from './runRequest.ts';
import type { Starter, Wait } from './starter.ts';

/** The first version that has them. */
const firstVersion = '2019-06-01-preview';

/** What is read of ACR's TaskRun: the run appears in it as soon as it is made. */
const TaskRunResource = z.object({
  properties: z.object({ provisioningState: z.string().nullish(), runResult: AcrRun.nullish() }),
});
type TaskRun = z.infer<typeof TaskRunResource>['properties'];

/** A taskRun by its name. */
interface Place {
  registry: string;
  key: string;
}

/**
 * Starts builds as `registries/taskRuns/{key}`: a resource that holds a run request and its result. The same PUT does
 * not run again, but a request holds passwords that are minted for each try; so a key that may have been used is read
 * before it is written.
 * https://learn.microsoft.com/azure/templates/microsoft.containerregistry/registries/taskruns
 */
export const createTaskRuns = (arm: ArmClient, wait: Wait): Starter => ({
  keepsKeys: true,
  async schedule(registry, request) {
    const { key } = request;
    const { body, apiVersion } = toRunRequest(request, arm.registry(registry));
    const response = await arm.call(registry, {
      ...{ method: 'PUT', path: pathOf(key) },
      apiVersion: apiVersion < firstVersion ? firstVersion : apiVersion,
      body: { properties: { runRequest: body } },
    });
    const doing = doingTo({ registry, key });
    if (response.status === 404) throw await refusal(response, registry, doing);
    const isTold = response.status === 200 || response.status === 201;
    const told = isTold ? (await read(response, TaskRunResource, doing)).properties : undefined;
    return resultOf(arm, { registry, key }, told, wait);
  },
  async find(registry, key) {
    const place = { registry, key };
    let taskRun = await get(arm, place);
    for (const seconds of findAgainSeconds) {
      if (taskRun) break;
      await wait(seconds);
      taskRun = await get(arm, place);
    }
    return taskRun && resultOf(arm, place, taskRun, wait);
  },
  forget: (registry, key) => remove(arm, { registry, key }),
  keys: (registry) => names(arm, registry),
});

const pathOf = (key: string) => `taskRuns/${key}`;
const doingTo = ({ registry, key }: Place) => `${pathOf(key)} of registry ${registry}`;

async function get(arm: ArmClient, place: Place): Promise<TaskRun | undefined> {
  const { registry, key } = place;
  const response = await arm.call(registry, { method: 'GET', path: pathOf(key), apiVersion: firstVersion });
  if (response.status === 404) return undefined;
  return (await read(response, TaskRunResource, doingTo(place))).properties;
}

/** A taskRun that is gone already was wanted so. */
async function remove(arm: ArmClient, { registry, key }: Place): Promise<void> {
  await arm.call(registry, { method: 'DELETE', path: pathOf(key), apiVersion: firstVersion });
}

const Names = z.object({ value: z.array(z.object({ name: z.string() })), nextLink: z.string().nullish() });

/** More pages than the taskRuns that a registry may have fill; what is on later ones is left. */
const maxPages = 50;

async function names(arm: ArmClient, registry: string): Promise<string[]> {
  const doing = `listing the taskRuns of registry ${registry}`;
  const found: string[] = [];
  let response = await arm.call(registry, { method: 'GET', path: 'taskRuns', apiVersion: firstVersion });
  for (let page = 1; ; page++) {
    if (response.status === 404) throw await refusal(response, registry, doing);
    const { value, nextLink } = await read(response, Names, doing);
    found.push(...value.map(({ name }) => name));
    if (!nextLink || page === maxPages) return found;
    response = await arm.follow(registry, nextLink, doing);
  }
}

/** The run of a taskRun that was taken, as soon as there is one. One of which none came is removed: it would stay so. */
async function resultOf(
  arm: ArmClient,
  place: Place,
  told: TaskRun | undefined,
  wait: Wait,
): Promise<EngineRun> {
  let taskRun = told;
  const until = Date.now() + scheduleSeconds * 1000;
  for (let waited = 0; waited <= scheduleSeconds && Date.now() <= until; waited += pollSeconds) {
    if (taskRun?.runResult) return toEngineRun(taskRun.runResult);
    if (/^(Failed|Canceled)$/i.test(taskRun?.provisioningState ?? '')) {
      // Where it cannot be removed, that is not why the build did not begin; the clock removes it.
      await remove(arm, place).catch(() => {});
      const said = `${doingTo(place)}: Azure ended it as ${taskRun?.provisioningState} without a run`;
      throw new RunEngineError(said, { transient: true });
    }
    await wait(pollSeconds);
    taskRun = await get(arm, place);
  }
  throw new RunEngineError(`${doingTo(place)}: it was taken and no run was made`, { transient: true });
}
