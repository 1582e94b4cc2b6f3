import { isDeepStrictEqual } from 'node:util';
import { eventGuid } from '../eventGuid.ts';
import { parseImageRef } from '../imageRef.ts';
import type { Push, TaskState } from '../model/state.ts';
import type { Task } from '../model/task.ts';
import type { Fault, Unseen, Watch } from '../model/watch.ts';
import { staleEdgeMessage } from '../names.ts';
import type { Ports } from '../ports/ports.ts';
import { RegistryError, type RegistryLogin } from '../ports/registry.ts';
import { isDueForRetry, type Tracked, trackedBases, unaware } from '../reconcile.ts';
import { alone, unreadIn } from './alone.ts';
import { changeWatch } from './changeWatch.ts';
import { loginFor } from './logins.ts';
import { onPush } from './onPush.ts';
import { opened } from './opened.ts';
import { messageOf } from './postpone.ts';
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

/**
 * Looks once at every base image that a task's trigger watches: one that moved with no event is as good as pushed.
 * Base images in the registries of the settings at one interval, those of others at another. Then tries failed runs
 * again. Called every minute; when no interval is over, it does nothing. What cannot be read, an image, a secret, a
 * registry or a row, costs its own look.
 */
export async function reconcile(ports: Ports, known: Watch): Promise<Fault[] | undefined> {
  const { own, others } = intervalsOver(known, ports);
  if (!own && !others) return undefined;
  const round = await beginRound(ports);
  if (!round) return undefined;
  const faults: Fault[] = [];
  const read = await mapAtMost(ports.settings.registries, looksAtOnce, ({ name }) =>
    alone(`the tasks of ${name}`, faults, () => ports.store.states(name, unreadIn(faults))),
  );
  const states = read.flatMap((some) => some ?? []);
  const now = round.now.toISOString();
  const isDue = ({ registry }: Tracked) =>
    (isOwn(registry, ports) ? round.own : round.others) && (round.watch.pausedUntil[registry] ?? '') <= now;
  const tracked = trackedBases(states);
  const due = tracked.filter(isDue);
  const looks = await lookAt(due, faults, ports);
  await alone('what was seen', faults, () => endRound(round, tracked, due, looks, ports));

  const failed = round.own ? states.filter((state) => isDueForRetry(state, round.now)) : [];
  for (const state of failed)
    await alone(`trying ${state.task} of ${state.registry} again`, faults, () => retryFailed(state, ports));
  return faults;
}

function intervalsOver(watch: Watch, { clock, settings }: Ports) {
  const now = clock.now().getTime();
  const isOver = (since: string, minutes: number) => now - Date.parse(since) >= minutes * 60_000;
  return {
    own: isOver(watch.lookedAt, settings.reconcileMinutes),
    others: isOver(watch.polledAt, settings.pollMinutes),
  };
}

interface Round {
  now: Date;
  watch: Watch;
  own: boolean;
  others: boolean;
}

/** Takes the round for this worker; undefined when none is due or another has it. */
async function beginRound(ports: Ports): Promise<Round | undefined> {
  let round: Round | undefined;
  await changeWatch(ports, (watch) => {
    const now = ports.clock.now();
    const { own, others } = intervalsOver(watch, ports);
    const time = now.toISOString();
    const begun = { ...watch, ...(own && { lookedAt: time }), ...(others && { polledAt: time }) };
    round = own || others ? { now, watch: begun, own, others } : undefined;
    return round?.watch;
  });
  return round;
}

interface Looks {
  unseen: Unseen[];
  pausedUntil: Map<string, string>;
}

async function lookAt(due: Tracked[], faults: Fault[], ports: Ports): Promise<Looks> {
  const looks: Looks = { unseen: [], pausedUntil: new Map() };
  if (due.length === 0) return looks;
  const loginOf = await logins(due, faults, ports);
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
      const reference = parseImageRef(image);
      const digest = await ports.registry.digestOf(reference, await loginOf(tracked));
      silent.delete(registry);
      const id = eventGuid(`seen-${timestamp.replace(/[-:.]/g, '')}-${at + 1}`);
      if (digest) await moved(tracked, { id, image, digest, timestamp }, ports);
    } catch (error) {
      const reason = messageOf(error);
      looks.unseen.push({ image, reason });
      if (isOwn(registry, ports))
        ports.log('warning', `${staleEdgeMessage}: ${image} cannot be looked at: ${reason}`, { registry });
      if (!(error instanceof RegistryError)) return;
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
async function logins(
  due: Tracked[],
  faults: Fault[],
  ports: Ports,
): Promise<(tracked: Tracked) => Promise<RegistryLogin>> {
  const registries = new Set(due.flatMap(({ tasks }) => tasks.map(({ registry }) => registry)));
  const tasks = new Map<string, Task>();
  for (const registry of registries)
    await alone(`the credentials of ${registry}`, faults, async () => {
      for (const task of await ports.store.tasks(registry, unreadIn(faults)))
        tasks.set(keyOf(registry, task.name), task);
    });

  const loginAs = async (server: string, { registry, task }: TaskState): Promise<RegistryLogin> => {
    const stored = tasks.get(keyOf(registry, task));
    const own = ports.settings.registries.find(({ name }) => name === registry);
    if (!stored || !own)
      throw new Error(`the credentials of task ${task} of ${registry}, which stands on it, cannot be read`);
    const { credentials } = opened(stored, ports).properties;
    return loginFor(server, own, await withVaultSecrets(credentials, ports, server));
  };
  return async ({ registry, tasks: standing }) => {
    const unusable: Fault[] = [];
    for (const state of standing) {
      const login = await alone(state.task, unusable, () => loginAs(registry, state));
      if (login && login.kind !== 'anonymous') return login;
    }
    // One task's credentials that cannot be read do not keep from looking as another, be it as nobody.
    if (unusable.length === standing.length && unusable[0]) throw new Error(unusable[0].reason);
    return { kind: 'anonymous' };
  };
}

const keyOf = (registry: string, task: string) => `${registry}/${task}`.toLowerCase();

const isOwn = (loginServer: string, { settings }: Ports) =>
  settings.registries.some((known) => known.loginServer === loginServer);

/** Writes down what could not be seen, where that has changed. Whoever comes between has a newer round. */
async function endRound(
  round: Round,
  tracked: Tracked[],
  due: Tracked[],
  looks: Looks,
  ports: Ports,
): Promise<void> {
  const { watch } = round;
  const looked = new Set(due.map(({ image }) => image));
  const known = new Set(tracked.map(({ image }) => image));
  const kept = watch.unseen.filter(({ image }) => known.has(image) && !looked.has(image));
  const unseen = [...kept, ...looks.unseen].slice(0, mostUnseen);
  const now = ports.clock.now().toISOString();
  const paused = Object.entries(watch.pausedUntil).filter(([, until]) => until > now);
  const pausedUntil = Object.fromEntries([...paused, ...looks.pausedUntil]);
  if (isDeepStrictEqual({ unseen, pausedUntil }, { unseen: watch.unseen, pausedUntil: watch.pausedUntil }))
    return;
  await changeWatch(ports, (newest) =>
    newest.lookedAt === watch.lookedAt && newest.polledAt === watch.polledAt
      ? { ...newest, unseen, pausedUntil }
      : undefined,
  );
}
