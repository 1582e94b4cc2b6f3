import { createAesSeal } from '../shared/adapters/aesSeal.ts';
import type { Run } from '../shared/model/run.ts';
import type { Push } from '../shared/model/state.ts';
import type { Task } from '../shared/model/task.ts';
import type { Ports } from '../shared/ports/ports.ts';
import type { Doorbell, FollowUp } from '../shared/ports/queue.ts';
import { RegistryError } from '../shared/ports/registry.ts';
import { type EngineRequest, type EngineRun, RunEngineError } from '../shared/ports/runEngine.ts';
import { dockerfileOver } from './dockerfileOver.ts';
import { createMemoryStore, type MemoryRows } from './memoryStore.ts';

/** A message of one of the two queues; visible from `due`, in milliseconds of the world's clock. */
export type Message = { due: number } & (
  | { queue: 'start'; body: Doorbell }
  | { queue: 'follow'; body: FollowUp }
);

/** A build as the engine of the world has it. */
export interface Build {
  registry: string;
  run: EngineRun;
  request: Extract<EngineRequest, { type: 'DockerBuildRequest' }>;
  /** Image → digest, as the pinned Dockerfile names them; every base image here has the tag 1. */
  bases: Map<string, string>;
  scheduledAt: number;
}

export interface WorldOptions {
  registries: string[];
  runsPerRegistry?: number;
  /** Begins where another world was when it was asked for its past. */
  past?: Past;
}

/** What a world at rest consists of. */
export interface Past {
  now: number;
  serial: number;
  tags: Map<string, string>;
  layers: Map<string, string[]>;
  dockerfiles: Map<string, string>;
  builds: Build[];
  digests: string[];
  rows: MemoryRows;
}

/**
 * Everything around the flow, in memory and under the test's hand: a clock that stands still, registries whose tags
 * move, an engine whose builds end when told, queues whose messages are taken when told, events that wait to be sent.
 */
export function createWorld({ registries, runsPerRegistry = 10, past }: WorldOptions) {
  const before = structuredClone(past);
  let now = before?.now ?? Date.parse('2026-11-23T10:00:00.000Z');
  let serial = before?.serial ?? 0;
  const tags = before?.tags ?? new Map<string, string>();
  /** digest → the diff_ids of its layers. */
  const layers = before?.layers ?? new Map<string, string[]>();
  const dockerfiles = before?.dockerfiles ?? new Map<string, string>();
  const builds: Build[] = before?.builds ?? [];
  const messages: Message[] = [];
  const events: Push[] = [];
  /** Consulted before each call to the outside; gives an error to throw. */
  const trouble: { engine?: () => Error | undefined; registry?: (image: string) => Error | undefined } = {};
  const looks: string[] = [];
  const digests: string[] = before?.digests ?? [];
  const store = createMemoryStore(before?.rows);

  const known = registries.map((name) => ({
    name,
    id: `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/${name}`,
    loginServer: `${name}.azurecr.io`,
    endpoint: `https://${name}.azurecr.io`,
  }));
  const digest = () => `sha256:${(++serial).toString(16).padStart(64, '0')}`;
  const isOwn = (image: string) => known.some(({ loginServer }) => image.startsWith(`${loginServer}/`));
  const mayFail = (error: Error | undefined) => {
    if (error) throw error;
  };

  /** Moves a tag; its event waits to be sent. A registry that is not ours sends none. */
  function push(image: string, to = digest(), over: string[] = []): string {
    if (!layers.has(to)) layers.set(to, [...over, `layer-of-${to}`]);
    tags.set(image, to);
    if (over.length === 0 && isOwn(image)) digests.push(to);
    if (isOwn(image))
      events.push({ id: `event-${++serial}`, image, digest: to, timestamp: new Date(now).toISOString() });
    return to;
  }

  const ports: Ports = {
    settings: {
      registries: known,
      runsPerRegistry,
      runsPerTask: 1,
      maxContextBytes: 1e9,
      reconcileMinutes: 5,
      pollMinutes: 15,
      ledgerDays: 90,
      deliveryDays: 90,
      runDays: 365,
      vaults: { own: [] },
      publicUrl: 'https://plinth.example.com',
    },
    store,
    queue: {
      async ringStart(doorbells, delaySeconds = 0) {
        for (const body of doorbells) messages.push({ queue: 'start', body, due: now + delaySeconds * 1000 });
      },
      async ringFollow(body, delaySeconds) {
        messages.push({ queue: 'follow', body, due: now + delaySeconds * 1000 });
      },
    },
    registry: {
      async digestOf({ registry, repository, tag, digest }) {
        const image = `${registry}/${repository}:${tag}`;
        looks.push(image);
        mayFail(trouble.registry?.(image));
        return digest ?? tags.get(image);
      },
      async *imagesOf({ repository, digest }) {
        const found = layers.get(digest ?? '');
        if (!found) throw new RegistryError('NotFound', `${repository}@${digest} is not there`);
        yield { platform: { os: 'linux', architecture: 'amd64' }, layers: found };
      },
      pullPassword: async () => undefined,
    },
    engine: {
      uploadUrl: async () => ({ uploadUrl: 'https://upload', relativePath: 'upload' }),
      // The place of a context is its Dockerfile: the build reads its bases from it.
      upload: async (_, archive) => archive.path,
      async schedule(registry, request) {
        mayFail(trouble.engine?.());
        if (request.type !== 'DockerBuildRequest') throw new Error(`this world builds no ${request.type}`);
        const run: EngineRun = { runId: `e${++serial}`, status: 'Queued', outputImages: [] };
        const bases = new Map(
          [...request.sourceLocation.matchAll(/^FROM\s*([^\s@]+)@(\S+)/gm)].map(([, image, pinned]) => [
            `${image}:1`,
            pinned!,
          ]),
        );
        builds.push({ registry, run, request, bases, scheduledAt: now });
        return run;
      },
      async run(registry, engineRunId) {
        mayFail(trouble.engine?.());
        return structuredClone(buildOf(registry, engineRunId)?.run);
      },
      async cancel(registry, engineRunId) {
        mayFail(trouble.engine?.());
        const build = buildOf(registry, engineRunId);
        if (build && !hasEnded(build)) build.run.status = 'Canceled';
      },
      log: async () => undefined,
    },
    source: {
      fetch: async (location) => ({
        dir: location.kind === 'git' ? location.url : '',
        bytes: 1,
        warnings: [],
        dispose: async () => {},
      }),
    },
    files: {
      read: async (dir) => dockerfiles.get(dir),
      pack: async (_, [replaced]) => ({ path: replaced!.content, size: 1, dispose: async () => {} }),
    },
    sourceControl: { register: async () => [], remove: async () => {} },
    vault: { secret: async (uri) => uri },
    seal: createAesSeal([Buffer.alloc(32, 1)]),
    clock: { now: () => new Date(now) },
    log: () => {},
  };

  const buildOf = (registry: string, id: string) =>
    builds.find((build) => build.registry === registry && build.run.runId === id);
  const hasEnded = ({ run }: Build) => !['Queued', 'Started', 'Running'].includes(run.status);

  return {
    ports,
    tags,
    builds,
    messages,
    events,
    trouble,
    /** Every image that a registry was asked for, in order. */
    looks,
    /** What was pushed to base images of our registries, oldest first. */
    digests,
    push,
    hasEnded,
    now: () => now,
    past: (): Past => ({ now, serial, tags, layers, dockerfiles, builds, digests, rows: store.rows() }),
    pass(seconds: number) {
      now += seconds * 1000;
    },
    /** The body of PUT …/tasks/{name}: `bases` in the order of its FROM lines, the last one is the image's own. */
    task(name: string, bases: string[], imageName = `${name}:1`, trigger: 'Runtime' | 'All' = 'All') {
      const url = `https://git.example.com/${name}.git`;
      dockerfiles.set(url, dockerfileOver(bases));
      const properties: Task['properties'] = {
        status: 'Enabled',
        platform: { os: 'Linux', architecture: 'amd64' },
        timeout: 3600,
        isSystemTask: false,
        step: {
          type: 'Docker',
          contextPath: url,
          dockerFilePath: 'Dockerfile',
          imageNames: [imageName],
          isPushEnabled: true,
          noCache: false,
          arguments: [],
        },
        trigger: { baseImageTrigger: { name: 'base', baseImageTriggerType: trigger, status: 'Enabled' } },
      };
      return { location: 'local', properties };
    },
    /** Changes what a task's Dockerfile stands on. */
    dockerfile(name: string, text: string) {
      dockerfiles.set(`https://git.example.com/${name}.git`, text);
    },
    /** Ends a build, and pushes what it makes. */
    end(build: Build, status: 'Succeeded' | 'Failed') {
      if (hasEnded(build)) return;
      build.run.status = status;
      build.run.finishTime = new Date(now).toISOString();
      if (status === 'Failed') return;
      const below = layers.get([...build.bases.values()].at(-1) ?? '') ?? [];
      const made = digest();
      const server = `${build.registry}.azurecr.io`;
      for (const name of build.request.imageNames) {
        const [repository = '', tag = 'latest'] = name.split(':');
        push(`${server}/${name}`, made, below);
        build.run.outputImages.push({ registry: server, repository, tag, digest: made });
      }
    },
    forget(build: Build) {
      builds.splice(builds.indexOf(build), 1);
    },
  };
}

export type World = ReturnType<typeof createWorld>;

/** What an engine answers when it has too much to do. */
export const busy = () => new RunEngineError('the engine asks to slow down', { transient: true });

/** All runs of a registry, oldest first. */
export async function runsOf(world: World, registry: string): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of world.ports.store.runs(registry)) runs.unshift(run);
  return runs;
}
