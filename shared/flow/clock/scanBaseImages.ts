import { isDeepStrictEqual } from 'node:util';
import type { Fault, Scan, Unreachable } from '../../model/scan.ts';
import type { TaskState } from '../../model/state.ts';
import type { Task } from '../../model/task.ts';
import { staleEdgeMessage } from '../../names/azureNames.ts';
import { eventGuid } from '../../names/eventGuid.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import { taskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { RegistryError, type RegistryLogin } from '../../ports/registry.ts';
import { isDueForRetry, type Tracked, trackedBases } from '../../rules/decideOnFailure.ts';
import { elapsedMs } from '../../rules/elapsed.ts';
import { maxTimeouts, registryPauseSeconds } from '../../rules/timing.ts';
import { alone, unreadIn } from '../alone.ts';
import { mapAtMost } from '../concurrency.ts';
import { finishDelete } from '../finishDelete.ts';
import { termsNow } from '../push/see.ts';
import { taskLogin } from '../secrets/taskLogin.ts';
import { messageOf } from '../start/postpone.ts';
import { changeScan } from './changeScan.ts';
import { type HeldEdge, isOwn, keepNotes, moved, tellHeld } from './movedBase.ts';
import { retryFailed } from './retryFailed.ts';

/** Base images that are looked at, at once. */
const looksAtOnce = 16;
const maxUnseen = 100;

/**
 * Looks once at every base image that a task's trigger watches: one that moved without an event is treated as pushed.
 * Base images in the registries of the settings at one interval, those of others at another. Then tries failed runs
 * again, and removes what a DELETE has left that was not carried to its end. Called every minute; when no interval is over, it does nothing. What cannot be read, an image, a secret, a
 * registry or a row, costs its own look.
 */
export async function scanBaseImages(ports: Ports, known: Scan): Promise<Fault[] | undefined> {
  const { own, others } = intervalsOver(known, ports);
  if (!own && !others) return undefined;
  const round = await beginRound(ports);
  if (!round) return undefined;
  const faults: Fault[] = [];
  const read = await mapAtMost(ports.settings.registries, looksAtOnce, ({ name }) =>
    alone(`the tasks of ${name}`, faults, () => ports.store.states(name, unreadIn(faults))),
  );
  const states = read.flatMap((some) => some ?? []);
  for (const { registry, task } of states.filter(({ deleted }) => deleted))
    await alone(`the rest of the deleted task ${task} of ${registry}`, faults, () =>
      finishDelete({ registry, task }, ports),
    );
  const now = round.now.toISOString();
  const isDue = ({ registry }: Tracked) =>
    (isOwn(registry, ports) ? round.own : round.others) && (round.scan.pausedUntil[registry] ?? '') <= now;
  const tracked = trackedBases(states);
  const due = tracked.filter(isDue);
  const looks = await lookAt(due, faults, ports);
  await alone('what is held', faults, () => keepNotes(looks.isBad, ports));
  await alone('what was seen', faults, () => endRound(round, { tracked, due, looks }, ports));

  const failed = round.own ? states.filter((state) => isDueForRetry(state, round.now)) : [];
  for (const state of failed)
    await alone(`trying ${state.task} of ${state.registry} again`, faults, () => retryFailed(state, ports));
  return faults;
}

function intervalsOver(scan: Scan, { clock, settings }: Ports) {
  const now = clock.now();
  const isOver = (since: string, minutes: number) => elapsedMs(since, now) >= minutes * 60_000;
  return {
    own: isOver(scan.lookedAt, settings.reconcileMinutes),
    others: isOver(scan.polledAt, settings.pollMinutes),
  };
}

interface Round {
  now: Date;
  scan: Scan;
  own: boolean;
  others: boolean;
}

/** Takes the round for this worker; undefined when none is due or another has it. */
async function beginRound(ports: Ports): Promise<Round | undefined> {
  let round: Round | undefined;
  await changeScan(ports, (scan) => {
    const now = ports.clock.now();
    const { own, others } = intervalsOver(scan, ports);
    const time = now.toISOString();
    const begun = { ...scan, ...(own && { lookedAt: time }), ...(others && { polledAt: time }) };
    round = own || others ? { now, scan: begun, own, others } : undefined;
    return round?.scan;
  });
  return round;
}

interface Looks {
  unseen: Unreachable[];
  pausedUntil: Map<string, string>;
  /** Of each image that could be looked at, whether its newest digest is quarantined. */
  isBad: Map<string, boolean>;
}

async function lookAt(due: Tracked[], faults: Fault[], ports: Ports): Promise<Looks> {
  const looks: Looks = { unseen: [], pausedUntil: new Map(), isBad: new Map() };
  if (due.length === 0) return looks;
  const loginOf = await logins(due, faults, ports);
  const terms = await termsNow(ports);
  const silent = new Map<string, number>();
  const held: HeldEdge[] = [];
  const numbered = due.map((tracked, at) => ({ tracked, at }));
  await mapAtMost(numbered, looksAtOnce, async ({ tracked, at }) => {
    const { image, registry } = tracked;
    if (looks.pausedUntil.has(registry) || (silent.get(registry) ?? 0) >= maxTimeouts) {
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
      if (!digest) return;
      const found = await moved(tracked, { id, image, digest, timestamp }, terms, ports);
      held.push(...found.held);
      if (found.isBad !== undefined) looks.isBad.set(image, found.isBad);
    } catch (error) {
      const reason = messageOf(error);
      looks.unseen.push({ image, reason });
      if (isOwn(registry, ports))
        ports.log('warning', `${staleEdgeMessage}: ${image} cannot be looked at: ${reason}`, { registry });
      if (!(error instanceof RegistryError)) return;
      if (error.code === 'Unreachable') silent.set(registry, (silent.get(registry) ?? 0) + 1);
      if (error.code === 'TooManyRequests')
        looks.pausedUntil.set(registry, later(timestamp, error.retryAfter ?? registryPauseSeconds));
    }
  });
  tellHeld(held, ports);
  return looks;
}

const later = (time: string, seconds: number) => new Date(Date.parse(time) + seconds * 1000).toISOString();

/** The login for each base image: that of one of its dependents, preferably one with credentials for it. */
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
        tasks.set(taskKey({ registry, task: task.name }), task);
    });

  const loginAs = (server: string, { registry, task }: TaskState) =>
    taskLogin(server, { registry, task, stored: tasks.get(taskKey({ registry, task })) }, ports);
  return async ({ registry, tasks: dependents }) => {
    const unusable: Fault[] = [];
    for (const state of dependents) {
      const login = await alone(state.task, unusable, () => loginAs(registry, state));
      if (login && login.kind !== 'anonymous') return login;
    }
    // Where one task's credentials cannot be read, another's are used, or none.
    if (unusable.length === dependents.length && unusable[0]) throw new Error(unusable[0].reason);
    return { kind: 'anonymous' };
  };
}

/** Stores which images could not be read, where that has changed. A newer round of another worker takes precedence. */
async function endRound(
  round: Round,
  { tracked, due, looks }: { tracked: Tracked[]; due: Tracked[]; looks: Looks },
  ports: Ports,
): Promise<void> {
  const { scan } = round;
  const looked = new Set(due.map(({ image }) => image));
  const known = new Set(tracked.map(({ image }) => image));
  const kept = scan.unseen.filter(({ image }) => known.has(image) && !looked.has(image));
  const unseen = [...kept, ...looks.unseen].slice(0, maxUnseen);
  const now = ports.clock.now().toISOString();
  const paused = Object.entries(scan.pausedUntil).filter(([, until]) => until > now);
  const pausedUntil = Object.fromEntries([...paused, ...looks.pausedUntil]);
  if (isDeepStrictEqual({ unseen, pausedUntil }, { unseen: scan.unseen, pausedUntil: scan.pausedUntil }))
    return;
  await changeScan(ports, (newest) =>
    newest.lookedAt === scan.lookedAt && newest.polledAt === scan.polledAt
      ? { ...newest, unseen, pausedUntil }
      : undefined,
  );
}
