import { parseAcrEvent } from '../../../shared/events/acrEvent.ts';
import type { Push } from '../../../shared/model/state.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { numbersFrom } from '../workers.ts';
import { inject, type World } from '../world.ts';
import { createReplicas } from './replicas.ts';

/** How Azure is rougher than a world in memory, with the sentence that says so. */
export const roughnesses = {
  /** "the same tag may resolve to different digests" (Azure Container Registry, Geo-replication, Consistency model) */
  lag: 'a replica answers what a tag stood for before',
  /** "manifest unknown … until replication catches up" (the same page) */
  unknown: 'a replica does not have a digest yet',
  /** "untagged manifests … are deleted after a number of days", 0 too (Retention policy for untagged manifests) */
  purge: 'a digest without a tag is deleted',
  /** "up to 10 minutes for changes to take effect" (Troubleshoot Azure RBAC) */
  role: 'a role that was assigned does not count yet',
  /** Resource Manager is eventually consistent: what was made may be 404 for a moment */
  missing: 'the engine does not know a run at first',
  /** "429 Too Many Requests … Retry-After" (Registry service tiers and limits) */
  registryThrottle: 'the registry throttles and says for how long',
  /** "x-ms-ratelimit … 429 … Retry-After" (Throttling Resource Manager requests) */
  engineThrottle: 'the engine throttles and says for how long',
  /** "503 Server Busy" where a partition is asked for too much (Scalability targets for Table storage) */
  busy: 'the storage is busy and does nothing',
  /** "OperationTimedOut … may or may not have succeeded" (Table storage error codes) */
  lostAnswer: 'the storage does it and does not answer',
  /** "Event Grid delivers each message at least once" and in no order (Event Grid delivery and retry) */
  late: 'an event is minutes late',
  twice: 'an event comes twice',
  /** Events carry the host that was pushed to, a region's own too */
  replicaHost: 'an event names the host of a replica',
  /** An event that was not delivered in a day is dropped (the same page) */
  never: 'an event does not come',
  /** A timer may stop after a deployment (Azure Functions host, issue 11828) */
  timer: 'the timer stands still for an hour',
  /** A lease of ten minutes that a dead host leaves (Azure Functions host, QueueListener) */
  lease: 'a message comes back after ten minutes only',
} as const;
export type Roughness = keyof typeof roughnesses;

const minuteMs = 60_000;
/** Of so many calls one is not answered as hoped. */
const oneIn = 40;

export interface Rough {
  /** The world's, made rough; what a test asks of the world itself is answered as before. */
  ports: World['ports'];
  /** How often each was met. */
  counts: Record<Roughness, number>;
  /** Whether one is met now. */
  meets(kind: Roughness, oneIn: number): boolean;
  /** What is made of an event that is sent: when it comes, and as what; none where it never does. */
  sent(push: Push): { push: Push; due: number }[];
  /** Whether something was lost by now that only a round finds. */
  loses(): boolean;
  /** From now on nothing is rough; what had not reached a replica has. */
  end(): void;
}

/**
 * What works on a world as rough as Azure, the same way for the same seed.
 * @param off what is left out
 */
export function roughen(world: World, seed: number, off: Roughness[] = []): Rough {
  const draw = numbersFrom(seed);
  const counts = Object.fromEntries(Object.keys(roughnesses).map((kind) => [kind, 0])) as Rough['counts'];
  let over = false;
  const is = (kind: Roughness) => !over && !off.includes(kind);
  const met = (kind: Roughness) => ++counts[kind] > 0;
  const meets = (kind: Roughness, one: number) => is(kind) && draw(one) === 0 && met(kind);
  const replicas = createReplicas(world, draw);
  const registry = { ...world.ports.registry };
  const engine = { ...world.ports.engine };
  const store = { ...world.ports.store };
  const queue = { ...world.ports.queue };

  const begun = world.now();
  const roleCounts = new Map<string, number>();
  const refused = (name: string) => {
    const at = roleCounts.get(name) ?? begun + draw(5 * minuteMs);
    roleCounts.set(name, at);
    if (world.now() >= at || !is('role')) return;
    met('role');
    throw inject(
      new RegistryError('Unauthorized', `the role on ${name} does not count`, { isRoleMissing: true }),
    );
  };
  const throttled = () => {
    if (meets('registryThrottle', oneIn))
      throw inject(
        new RegistryError('TooManyRequests', 'the registry is busy', { retryAfter: 1 + draw(60) }),
      );
  };
  const { digestOf, imagesOf } = registry;
  registry.digestOf = async (reference, login) => {
    refused(reference.registry);
    throttled();
    const found = await digestOf(reference, login);
    const image = `${reference.registry}/${reference.repository}:${reference.tag}`;
    const answered = replicas.digestOf(image, replicas.any());
    if (reference.digest || !isReplicated(image) || answered === found || !is('lag')) return found;
    met('lag');
    return answered;
  };
  registry.imagesOf = async function* (reference, login, like) {
    throttled();
    const { digest = '', repository } = reference;
    const missing = (kind: 'unknown' | 'purge') => {
      met(kind);
      throw inject(new RegistryError('NotFound', `manifest unknown: ${repository}@${digest}`));
    };
    if (isReplicated(`${reference.registry}/`)) {
      if (is('unknown') && !replicas.has(digest, replicas.any())) missing('unknown');
      if (is('purge') && replicas.isPurged(digest)) missing('purge');
    }
    yield* imagesOf(reference, login, like);
  };
  const isReplicated = (image: string) =>
    world.ports.settings.registries.some(({ loginServer }) => image.startsWith(`${loginServer}/`));

  roughenEngine();
  roughenStorage();
  function roughenEngine() {
    const ask =
      (method: (...args: never[]) => Promise<unknown>) =>
      async (...args: never[]) => {
        if (meets('engineThrottle', oneIn))
          throw inject(
            new RunEngineError('the engine is busy', { transient: true, retryAfter: 1 + draw(60) }),
          );
        return method(...args);
      };
    for (const [name, member] of Object.entries(engine))
      if (typeof member === 'function') Object.assign(engine, { [name]: ask(member as never) });
    const asked = engine.run;
    engine.run = async (of, id) => {
      const build = world.builds.find((one) => one.registry === of && one.run.runId === id);
      const isNew = build && world.now() - build.scheduledAt < 5000;
      if (isNew && meets('missing', 3)) return undefined;
      return asked(of, id);
    };
  }
  function roughenStorage() {
    const storing =
      (method: (...args: never[]) => Promise<unknown>, mayLose: boolean) =>
      async (...args: never[]) => {
        if (meets('busy', 2 * oneIn)) throw inject(new Error('the storage is busy'));
        const answer = await method(...args);
        if (mayLose && meets('lostAnswer', 2 * oneIn)) throw inject(new Error('the storage did not answer'));
        return answer;
      };
    const writes = [
      'commit',
      'takeRunNumbers',
      'changeEdges',
      'recordPush',
      'putPushProgress',
      'putScan',
      'putSightings',
      'putJudgements',
    ] as const;
    for (const name of writes) Object.assign(store, { [name]: storing(store[name] as never, true) });
    for (const name of [
      'state',
      'statesOf',
      'run',
      'runsOf',
      'pace',
      'imageEdges',
      'producers',
      'sightings',
      'judgements',
    ] as const)
      Object.assign(store, { [name]: storing(store[name] as never, false) });
    for (const name of ['sendStart', 'sendPush', 'sendFollow'] as const)
      Object.assign(queue, { [name]: storing(queue[name] as never, true) });
  }

  const asParsed = (push: Push) => {
    if (!meets('replicaHost', 3)) return push;
    const parsed = parseAcrEvent(regionalEvent(push, world), world.ports.settings.registries);
    if ('ignored' in parsed) throw new Error(`the event was not taken: ${parsed.ignored}`);
    return parsed;
  };
  return {
    ports: { ...world.ports, registry, engine, store, queue },
    counts,
    meets,
    sent(push) {
      if (meets('never', 20)) return [];
      const copies = meets('twice', 6) ? 2 : 1;
      return Array.from({ length: copies }, () => ({
        push: asParsed(push),
        due: world.now() + (meets('late', 4) ? draw(10 * minuteMs) : 0),
      }));
    },
    loses: () => counts.never + counts.busy + counts.lostAnswer > 0,
    end() {
      over = true;
    },
  };
}

/** An event as a registry sends it for a push to the endpoint of one of its regions. */
function regionalEvent({ id, image, digest, timestamp }: Push, { ports }: World) {
  const [host = '', repository = '', tag] = image.split(/[/:]/);
  const registry = ports.settings.registries.find(({ loginServer }) => loginServer === host);
  return {
    id,
    eventType: 'Microsoft.ContainerRegistry.ImagePushed',
    topic: registry?.id,
    data: {
      timestamp,
      action: 'push',
      target: { repository, tag, digest },
      request: { host: host.replace('.azurecr.io', '.westeurope.geo.azurecr.io') },
    },
  };
}
