import { isDeepStrictEqual } from 'node:util';
import { parseImageRef } from '../imageRef.ts';
import type { Push, TaskState } from '../model/state.ts';
import type { Task } from '../model/task.ts';
import type { Unseen, Watch } from '../model/watch.ts';
import { staleEdgeMessage } from '../names.ts';
import type { Ports } from '../ports/ports.ts';
import { RegistryError, type RegistryLogin } from '../ports/registry.ts';
import { ConflictError, type Stored } from '../ports/store.ts';
import { VaultError } from '../ports/vault.ts';
import { isDueForRetry, type Tracked, trackedBases, unaware } from '../reconcile.ts';
import { loginFor } from './logins.ts';
import { onPush } from './onPush.ts';
import { opened } from './opened.ts';
import { mapAtMost } from './retry.ts';
import { retryFailed } from './retryFailed.ts';
import { withVaultSecrets } from './vaultSecrets.ts';

/** Base images that are looked at, at once. */
const looksAtOnce = 16;
/** A registry that does not answer so often in a round is left alone until the next. */
const patience = 3;
/** Where a registry that asks to slow down does not say for how long. */
const pauseSeconds = 60;
const mostUnseen = 100;

const never = new Date(0).toISOString();
const newWatch: Watch = { lookedAt: never, polledAt: never, pausedUntil: {}, unseen: [] };

/**
 * Looks once at every base image that a task's trigger watches: one that moved with no event is as good as pushed.
 * Base images in the registries of the settings at one interval, those of others at another. Then tries failed runs
 * again. Called every minute; when no interval is over, that is one point read.
 */
export async function reconcile(ports: Ports): Promise<void> {
  const round = await beginRound(ports);
  if (!round) return;
  const { store, settings } = ports;
  const states = (await Promise.all(settings.registries.map(({ name }) => store.states(name)))).flat();
  const isDue = ({ registry }: Tracked) =>
    (isOwn(registry, ports) ? round.own : round.others) &&
    (round.watch.pausedUntil[registry] ?? never) <= round.now.toISOString();
  const tracked = trackedBases(states);
  const due = tracked.filter(isDue);
  const looks = await lookAt(due, ports);
  await endRound(round.watch, tracked, due, looks, ports);

  if (!round.own) return;
  const failed = states.filter((state) => isDueForRetry(state, round.now));
  for (const state of failed) await retryFailed(state, ports);
}

interface Round {
  now: Date;
  watch: Watch;
  own: boolean;
  others: boolean;
}

/** Takes the round for this worker; undefined when none is due or another has it. */
async function beginRound({ store, clock, settings }: Ports): Promise<Round | undefined> {
  const read: Stored<Watch> | undefined = await store.watch();
  const watch = read?.value ?? newWatch;
  const now = clock.now();
  const isOver = (since: string, minutes: number) => now.getTime() - Date.parse(since) >= minutes * 60_000;
  const own = isOver(watch.lookedAt, settings.reconcileMinutes);
  const others = isOver(watch.polledAt, settings.pollMinutes);
  if (!own && !others) return undefined;
  const time = now.toISOString();
  const begun = { ...watch, ...(own && { lookedAt: time }), ...(others && { polledAt: time }) };
  try {
    await store.putWatch(begun, read?.etag);
  } catch (error) {
    if (error instanceof ConflictError) return undefined;
    throw error;
  }
  return { now, watch: begun, own, others };
}

interface Looks {
  unseen: Unseen[];
  pausedUntil: Map<string, string>;
}

async function lookAt(due: Tracked[], ports: Ports): Promise<Looks> {
  const looks: Looks = { unseen: [], pausedUntil: new Map() };
  if (due.length === 0) return looks;
  const loginOf = await logins(due, ports);
  const silent = new Map<string, number>();
  const numbered = due.map((tracked, at) => ({ tracked, at }));
  await mapAtMost(numbered, looksAtOnce, async ({ tracked, at }) => {
    const { image, registry } = tracked;
    if (looks.pausedUntil.has(registry) || (silent.get(registry) ?? 0) >= patience) {
      looks.unseen.push({ image, reason: `${registry} was left alone for the rest of the round` });
      return;
    }
    // Before the digest is asked for: what a run reads after it, is newer.
    const timestamp = ports.clock.now().toISOString();
    try {
      const digest = await ports.registry.digestOf(parseImageRef(image), await loginOf(tracked));
      silent.delete(registry);
      const id = `seen-${timestamp.replace(/[-:.]/g, '')}-${at + 1}`;
      if (digest) await moved(tracked, { id, image, digest, timestamp }, ports);
    } catch (error) {
      if (!(error instanceof RegistryError || error instanceof VaultError)) throw error;
      looks.unseen.push({ image, reason: error.message });
      if (isOwn(registry, ports))
        ports.log('warning', `${staleEdgeMessage}: ${image} cannot be looked at: ${error.message}`, {
          registry,
        });
      if (error instanceof VaultError) return;
      if (error.code === 'Unreachable') silent.set(registry, (silent.get(registry) ?? 0) + 1);
      if (error.code === 'TooManyRequests')
        looks.pausedUntil.set(registry, later(timestamp, error.retryAfter ?? pauseSeconds));
    }
  });
  return looks;
}

const later = (time: string, seconds: number) => new Date(Date.parse(time) + seconds * 1000).toISOString();

async function moved(tracked: Tracked, push: Push, ports: Ports): Promise<void> {
  const tasks = unaware(tracked, push);
  if (tasks.length === 0) return;
  tellStale(tracked, tasks.length, ports);
  // Had an edge been lost, no event would ever have found the task.
  for (const { registry, task } of tasks)
    await ports.store.changeEdges({ registry, task }, { bases: [tracked.image], outputs: [] }, noEdges);
  await onPush(push, ports);
}

/** From a registry of the settings an event should have come, and an alert looks for that; others send none. */
function tellStale({ image, registry }: Tracked, tasks: number, ports: Ports): void {
  const message = `${image} moved and no event told of it`;
  if (!isOwn(registry, ports)) {
    ports.log('information', message, { tasks });
    return;
  }
  // It moved since the round before: no more is known.
  const seconds = ports.settings.reconcileMinutes * 60;
  ports.log('warning', `${staleEdgeMessage}: ${message}`, { registry, tasks, seconds });
}

const noEdges = { bases: [], outputs: [] };

/** How each base image is asked for: as one of the tasks that stand on it, best one that has credentials for it. */
async function logins(due: Tracked[], ports: Ports): Promise<(tracked: Tracked) => Promise<RegistryLogin>> {
  const registries = new Set(due.flatMap(({ tasks }) => tasks.map(({ registry }) => registry)));
  const tasks = new Map<string, Task>();
  for (const registry of registries)
    for (const task of await ports.store.tasks(registry)) tasks.set(keyOf(registry, task.name), task);

  const loginAs = async (
    server: string,
    { registry, task }: TaskState,
  ): Promise<RegistryLogin | undefined> => {
    const stored = tasks.get(keyOf(registry, task));
    const own = ports.settings.registries.find(({ name }) => name === registry);
    if (!stored || !own) return undefined;
    const { credentials } = opened(stored, ports).properties;
    return loginFor(server, own, await withVaultSecrets(credentials, ports, server));
  };
  return async ({ registry, tasks: standing }) => {
    let login: RegistryLogin | undefined;
    let fault: VaultError | undefined;
    for (const state of standing) {
      try {
        login = await loginAs(registry, state);
        if (login && login.kind !== 'anonymous') return login;
      } catch (error) {
        if (!(error instanceof VaultError)) throw error;
        fault = error;
      }
    }
    if (fault) throw fault;
    return login ?? { kind: 'anonymous' };
  };
}

const keyOf = (registry: string, task: string) => `${registry}/${task}`.toLowerCase();

const isOwn = (loginServer: string, { settings }: Ports) =>
  settings.registries.some((known) => known.loginServer === loginServer);

/** Writes down what could not be seen, where that has changed. Whoever comes between has a newer round. */
async function endRound(
  watch: Watch,
  tracked: Tracked[],
  due: Tracked[],
  looks: Looks,
  ports: Ports,
): Promise<void> {
  const looked = new Set(due.map(({ image }) => image));
  const known = new Set(tracked.map(({ image }) => image));
  const kept = watch.unseen.filter(({ image }) => known.has(image) && !looked.has(image));
  const unseen = [...kept, ...looks.unseen].slice(0, mostUnseen);
  const now = ports.clock.now().toISOString();
  const paused = Object.entries(watch.pausedUntil).filter(([, until]) => until > now);
  const pausedUntil = Object.fromEntries([...paused, ...looks.pausedUntil]);
  if (isDeepStrictEqual({ unseen, pausedUntil }, { unseen: watch.unseen, pausedUntil: watch.pausedUntil }))
    return;
  const read = await ports.store.watch();
  if (!read || read.value.lookedAt !== watch.lookedAt || read.value.polledAt !== watch.polledAt) return;
  try {
    await ports.store.putWatch({ ...read.value, unseen, pausedUntil }, read.etag);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
}
