import { QueueClient } from '@azure/storage-queue';
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts';
import { createApiClient, eventually } from '../../../local/tutorial/apiClient.ts';
import { messageQueue } from '../../../shared/names/azureNames.ts';

import { pushImage } from './pushImage.ts';

export type RunProperties = Record<string, any>;

/** The local stack with the words the tests need. */
export interface World {
  stack: Stack;
  api: ReturnType<typeof createApiClient>;
  /** Pushes an image that holds a text, and gives its digest. */
  pushBase(image: string, text: string, registry?: string): Promise<string>;
  /** Makes a git repository and a task that builds it; gives the task's name. */
  task(name: string, dockerfile: string, change?: TaskChange): Promise<string>;
  /** Asks for a run of a task. @returns the run's id */
  queue(task: string, request?: object): Promise<string>;
  /** Runs a task by hand and waits for its end. */
  run(task: string, request?: object): Promise<RunProperties>;
  /** Runs a task by hand until it waits for a role, and cancels it. @returns its log by then */
  waitsForRole(task: string): Promise<string>;
  runsOf(task: string): Promise<RunProperties[]>;
  ended(runId: string, registry?: string): Promise<RunProperties>;
  /** Waits until the task has so many runs that were started by an image update and have ended; newest first. */
  updates(task: string, count: number): Promise<RunProperties[]>;
  log(runId: string): Promise<string>;
  /** Waits until all events are delivered and decided on, and no run is under way: what a push was to start has ended. */
  quiet(): Promise<void>;
}

/** What differs from a task that is built on base images of `baseacr`. */
interface BodyChange {
  step?: object;
  properties?: object;
}

/** The body of a task's PUT: a Docker step of one image, started by updates of its base images. */
export const taskBody = (
  contextPath: string,
  imageName: string,
  { step = {}, properties = {} }: BodyChange = {},
) => ({
  location: 'local',
  identity: { type: 'SystemAssigned' },
  properties: {
    platform: { os: 'linux' },
    step: { type: 'Docker', contextPath, dockerFilePath: 'Dockerfile', imageNames: [imageName], ...step },
    trigger: { baseImageTrigger: { name: 'default' } },
    credentials: { customRegistries: { 'baseacr.azurecr.io': { identity: '[system]' } } },
    ...properties,
  },
});

export interface TaskChange extends BodyChange {
  files?: Record<string, string>;
}

export const hasEnded = (run: RunProperties) =>
  /^(Succeeded|Failed|Canceled|Error|Timeout)$/.test(run.status);

/** Starts the stack; the app may pull from every registry. */
export async function startWorld(options: StackOptions = {}): Promise<World> {
  const registries = options.registries ?? ['baseacr', 'appacr'];
  const stack = await startStack({ pull: registries, ...options, registries });
  const api = createApiClient(stack.url, stack.keys.function);
  const runUrl = (registry: string, runId: string) => `/registries/${registry}/runs/${runId}`;

  const world: World = {
    stack,
    api,
    pushBase: (image, text, registry = 'baseacr') => pushImage(stack, registry, image, text),
    async task(name, dockerfile, { files = {}, ...change } = {}) {
      await stack.git.createRepository(name, { Dockerfile: dockerfile, ...files });
      const body = taskBody(`${stack.git.url}/${name}.git#main`, `${name}:{{.Run.ID}}`, change);
      await api.call('PUT', `/registries/appacr/tasks/${name}`, body);
      return name;
    },
    async quiet() {
      await stack.eventGrid.settled();
      const messages = new QueueClient(stack.azurite.connectionString, messageQueue);
      await eventually('quiet', 60, async () => {
        const { approximateMessagesCount } = await messages.getProperties();
        const { properties } = await api.call('GET', '/registries/appacr');
        return approximateMessagesCount === 0 && properties.running.length + properties.queued.length === 0;
      });
    },
    async queue(task, request = {}) {
      const taskId = `${stack.registries.appacr!.resourceId}/tasks/${task}`;
      const body = { type: 'TaskRunRequest', taskId, ...request };
      return (await api.call('POST', '/registries/appacr/scheduleRun', body)).name;
    },
    async run(task, request = {}) {
      return world.ended(await world.queue(task, request));
    },
    async waitsForRole(task) {
      const runId = await world.queue(task);
      const log = await eventually(`the wait of run ${runId}`, 60, async () => {
        const { properties } = await api.call('GET', runUrl('appacr', runId));
        return properties.plinth?.waitingFor?.givenUpAt && world.log(runId);
      });
      await api.call('POST', `${runUrl('appacr', runId)}/cancel`);
      await world.ended(runId);
      return log;
    },
    async runsOf(task) {
      const filter = encodeURIComponent(`TaskName eq '${task}'`);
      const { value } = await api.call('GET', `/registries/appacr/runs?$filter=${filter}`);
      return value.map((run: { properties: RunProperties }) => run.properties);
    },
    ended: (runId, registry = 'appacr') =>
      eventually(`the end of run ${runId}`, 180, async () => {
        const { properties } = await api.call('GET', runUrl(registry, runId));
        return hasEnded(properties) && properties;
      }),
    updates: (task, count) =>
      eventually(`image update ${count} of ${task}`, 60, async () => {
        const runs = (await world.runsOf(task)).filter((run) => run.imageUpdateTrigger);
        return runs.length >= count && runs.every(hasEnded) && runs;
      }),
    async log(runId) {
      const { logLink } = await api.call('POST', `${runUrl('appacr', runId)}/listLogSasUrl`);
      return (await fetch(logLink)).text();
    },
  };
  return world;
}
