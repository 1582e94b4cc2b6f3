import { isDeepStrictEqual } from 'node:util';
import { basesInLog } from '../../shared/adapters/engine/acrBuildLog.ts';
import { createAesSeal } from '../../shared/adapters/secrets/aesSeal.ts';
import type { Run } from '../../shared/model/run.ts';
import type { NamedPush, Push, PushProgress } from '../../shared/model/state.ts';
import type { Task } from '../../shared/model/task.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import type { FollowMessage, StartMessage } from '../../shared/ports/queue.ts';
import { RegistryError } from '../../shared/ports/registry.ts';
import { type EngineRun, type KeyedBuild, RunEngineError } from '../../shared/ports/runEngine.ts';
import { dockerfileOver } from '../doubles/dockerfileOver.ts';
import { createMemoryStore, type MemoryRows } from './memoryStore.ts';

/** A message of the queue, by what it is of; visible from `due`, in milliseconds of the world's clock. */
export type Message = { due: number } & (
  | { queue: 'start'; body: StartMessage }
  | { queue: 'follow'; body: FollowMessage }
  | { queue: 'push'; body: NamedPush | PushProgress }
);

/** A build as the engine of the world has it. */
export interface Build {
  registry: string;
  run: EngineRun;
  request: Extract<KeyedBuild, { kind: 'Dockerfile' }>;
  /** Image → digest, as the pinned Dockerfile names them; every base image here has the tag 1. */
  bases: Map<string, string>;
  scheduledAt: number;
}

export interface Move {
  image: string;
  digest: string;
  before: string | undefined;
  at: number;
  /** When its event had been handled. */
  heardAt?: number;
}

export interface WorldOptions {
  registries: string[];
  runsPerRegistry?: number;
  /** As a run engine that finds a build by its key; the default, as with taskRuns. */
  keepsKeys?: boolean;
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
  keys: Map<string, string>;
  digests: string[];
  rows: MemoryRows;
}

/**
 * Everything around the flow, in memory and under the test's hand: a clock that stands still, registries whose tags
 * move, an engine whose builds end when told, queues whose messages are taken when told, events that wait to be sent.
 */
export function createWorld({ registries, runsPerRegistry = 10, keepsKeys = true, past }: WorldOptions) {
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
  /** The engine's run of each key. */
  const keys = before?.keys ?? new Map<string, string>();
  const moves: Move[] = [];
  /** Consulted before each call to the outside; gives an error to throw. */
  const trouble: { engine?: () => Error | undefined; registry?: (image: string) => Error | undefined } = {};
  const looks: string[] = [];
  /** What digests are for a platform, where they share that with others. */
  const contents = new Map<string, Record<string, string>>();
  /** The digests that an index holds for a platform. */
  const manifests = new Map<string, Record<string, string[]>>();
  const asked: string[] = [];
  const log: { level: string; message: string }[] = [];
  const digests: string[] = before?.digests ?? [];
  const store = createMemoryStore(before?.rows);
  /** By how much the app's clock is before those of all others. */
  const clock = { skewMs: 0 };

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
    // No tag moves twice in a millisecond.
    if (moves.findLast((move) => move.image === image)?.at === now) now++;
    moves.push({ image, digest: to, before: tags.get(image), at: now });
    tags.set(image, to);
    if (over.length === 0 && isOwn(image)) digests.push(to);
    if (isOwn(image))
      events.push({ id: `event-${++serial}`, image, digest: to, timestamp: new Date(now).toISOString() });
    return to;
  }

  const ports: Ports = {
    settings: {
      registries: known,
      app: 'plinth.example.com',
      runsPerRegistry,
      runsPerTask: 1,
      maxContextBytes: 1e9,
      reconcileMinutes: 5,
      pollMinutes: 15,
      ledgerDays: 90,
      deliveryDays: 90,
      runDays: 365,
      vaults: { own: [] },
      policies: [],
      publicUrl: 'https://plinth.example.com',
    },
    store,
    queue: {
      reach: async () => {},
      async sendStart(doorbells, delaySeconds = 0) {
        for (const body of doorbells) messages.push({ queue: 'start', body, due: now + delaySeconds * 1000 });
      },
      async sendPush(body) {
        messages.push({ queue: 'push', body: structuredClone(body), due: now });
      },
      async sendFollow(body, delaySeconds) {
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
      async contentsOf({ registry, repository, digest }, _login, platforms) {
        asked.push(digest!);
        mayFail(trouble.registry?.(`${registry}/${repository}`));
        const known = contents.get(digest!);
        const held = manifests.get(digest!);
        return {
          contents: Object.fromEntries(platforms.map((one) => [one, known?.[one] ?? `${one} of ${digest}`])),
          ...(held && { manifests: Object.fromEntries(platforms.map((one) => [one, held[one] ?? []])) }),
        };
      },
      reach: async () => {},
      pullPassword: async () => undefined,
    },
    engine: {
      keepsKeys,
      async find(registry, key) {
        mayFail(trouble.engine?.());
        const id = keys.get(`${registry}/${key}`);
        return structuredClone(id && buildOf(registry, id)?.run) || undefined;
      },
      async forget(registry, key) {
        mayFail(trouble.engine?.());
        keys.delete(`${registry}/${key}`);
      },
      async keys(registry) {
        mayFail(trouble.engine?.());
        return [...keys.keys()]
          .filter((key) => key.startsWith(`${registry}/`))
          .map((key) => key.split('/')[1]!);
      },
      uploadUrl: async () => ({ uploadUrl: 'https://upload', relativePath: 'upload' }),
      // The place of a context is its Dockerfile: the build reads its bases from it.
      upload: async (_, archive) => archive.path,
      async schedule(registry, request) {
        mayFail(trouble.engine?.());
        const known = buildOf(registry, keys.get(`${registry}/${request.key}`) ?? '');
        // Another request under the same key runs again: its passwords are others.
        if (known && isDeepStrictEqual(known.request, request)) return structuredClone(known.run);
        if (request.kind !== 'Dockerfile') throw new Error(`this world builds no ${request.kind}`);
        const run: EngineRun = { runId: `e${++serial}`, status: 'Queued', outputImages: [] };
        const bases = new Map(
          [...(request.source ?? '').matchAll(/^FROM\s*([^\s@]+)@(\S+)/gm)].map(([, image, pinned]) => [
            `${image}:1`,
            pinned!,
          ]),
        );
        builds.push({ registry, run, request, bases, scheduledAt: now });
        if (keepsKeys) keys.set(`${registry}/${request.key}`, run.runId);
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
      bases: async (registry, engineRunId) => basesInLog(await ports.engine.log(registry, engineRunId)),
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
    clock: { now: () => new Date(now + clock.skewMs) },
    log: (level, message) => void log.push({ level, message }),
  };

  const buildOf = (registry: string, id: string) =>
    builds.find((build) => build.registry === registry && build.run.runId === id);
  const hasEnded = ({ run }: Build) => !['Queued', 'Started', 'Running'].includes(run.status);

  return {
    ports,
    tags,
    /** Every move of a tag since the world was made, oldest first. */
    moves,
    builds,
    keys,
    messages,
    events,
    trouble,
    /** Every image that a registry was asked for, in order. */
    looks,
    contents,
    manifests,
    /** Every digest of which a registry was asked for its content, in order. */
    asked,
    log,
    /** What was pushed to base images of our registries, oldest first. */
    digests,
    push,
    hasEnded,
    now: () => now,
    clock,
    /** Is called with each event that is handed over, if it is for the first time or not. */
    told: (_: Push): void => {},
    /** An event was handled. */
    heard({ image, digest, timestamp }: Push) {
      const isIts = (move: Move) => move.image === image && move.digest === digest;
      const move = moves.find((one) => isIts(one) && one.at === Date.parse(timestamp));
      if (move) move.heardAt ??= now;
    },
    past: (): Past => ({ now, serial, tags, layers, dockerfiles, builds, keys, digests, rows: store.rows() }),
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
    /** Changes the base images of a Dockerfile. */
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

const injected = new WeakSet<object>();
/** Marks an error as one that the test itself has others meet. */
export function inject<E extends Error>(error: E): E {
  injected.add(error);
  return error;
}
/** Whether it is such an error, or comes of nothing but such errors. */
export function isInjected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isInjected);
  if (!(error instanceof Error)) return false;
  return injected.has(error) || (error.cause !== undefined && isInjected(error.cause));
}

/** What an engine answers when it has too much to do. */
export const busy = () => inject(new RunEngineError('the engine asks to slow down', { transient: true }));

/** All runs of a registry, oldest first. */
export async function runsOf(world: World, registry: string): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of world.ports.store.runs(registry)) runs.unshift(run);
  return runs;
}
