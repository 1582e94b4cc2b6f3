import type { KnownRegistry } from '../../model/registry.ts';
import type { Ports } from '../../ports/ports.ts';
import { clockWaitMs } from '../../rules/timing.ts';
import { messageOf } from '../start/postpone.ts';
import { isPassing } from '../transient.ts';
import { type Reached, type ReachPorts, registryReached, storageReached } from '../whatIsReached.ts';
import { changeScan } from './changeScan.ts';
import { endedOrLate } from './everyMinute.ts';

type WatchPorts = ReachPorts & Pick<Ports, 'settings' | 'clock' | 'log'>;

/** What a process remembers, so that it says once what is the same; the scan keeps the same for the next process. */
interface WatchMemory {
  lookedAt: number;
  /** The looks under way, by what is looked at: a registry may not answer for long. */
  looks: Map<string, Promise<void>>;
  /** What was said to be broken, each with what it was found at; undefined before the first look. */
  broken: Promise<Map<string, string>> | undefined;
}
export const newWatchMemory = (): WatchMemory => ({ lookedAt: 0, looks: new Map(), broken: undefined });

/**
 * As often as base images are looked at, and at what is broken each time: says in the log what the app cannot reach any
 * more, a role that was taken away, a registry that was deleted, a table that is not there; once, and once when it is
 * mended. What does not answer keeps nothing else from being said. Never throws.
 */
export async function watchEdges(ports: WatchPorts, memory: WatchMemory, waitMs = clockWaitMs) {
  memory.broken ??= saidBefore(ports);
  const broken = await memory.broken;
  const now = ports.clock.now().getTime();
  const isTime = now - memory.lookedAt >= ports.settings.reconcileMinutes * 60_000;
  if (isTime) memory.lookedAt = now;
  const suspects = new Set(broken.values());
  for (const [name, ask] of askable(ports)) {
    if (memory.looks.has(name) || !(isTime || suspects.has(name))) continue;
    const look = ask()
      .then((found) => (tell(name, found, ports, broken) ? keep(broken, ports) : undefined))
      .finally(() => memory.looks.delete(name));
    memory.looks.set(name, look);
  }
  await endedOrLate(Promise.all(memory.looks.values()), waitMs);
}

type Found = { title: string; error: Error | undefined }[];

/** What is asked by itself: the storage, and each registry. */
const askable = (ports: WatchPorts): [name: string, ask: () => Promise<Found>][] => [
  ['', async () => titled(await storageReached(ports), (name) => `the ${name}`)],
  ...ports.settings.registries.map((registry): [string, () => Promise<Found>] => [
    registry.name,
    async () => {
      const reached = await registryReached(registry, ports, await hasRuns(registry, ports));
      return titled(
        reached,
        (name) => `the ${name === 'registry' ? name : 'run engine of'} ${registry.name}`,
      );
    },
  ]),
];

/** @returns whether anything was said */
function tell(name: string, found: Found, { log }: WatchPorts, broken: Map<string, string>): boolean {
  let isNew = false;
  for (const { title, error } of found) {
    const isMended = !error && broken.delete(title);
    if (isMended) log('information', `${title} can be reached again`);
    // What is busy or away for a moment is tried again by what needs it.
    const isBroken = error && !isPassing(error) && !broken.has(title);
    if (isBroken) {
      broken.set(title, name);
      // The storage service's messages have several lines.
      const why = messageOf(error).replace(/\s*\n\s*/g, ' ');
      log('error', `${title} cannot be reached: ${why} (npm run doctor has what mends it)`);
    }
    isNew ||= Boolean(isMended || isBroken);
  }
  return isNew;
}

/** Where the tables are what is broken, this process remembers by itself. */
const saidBefore = ({ store }: WatchPorts): Promise<Map<string, string>> =>
  store.scan().then(
    (read) => new Map(Object.entries(read?.value.broken ?? {})),
    () => new Map(),
  );
const keep = (broken: Map<string, string>, ports: WatchPorts): Promise<void> =>
  changeScan(ports, (scan) => ({ ...scan, broken: Object.fromEntries(broken) })).catch(() => {});

const titled = (reached: Reached[], titleOf: (name: Reached['name']) => string): Found =>
  reached.map(({ name, error }) => ({ title: titleOf(name), error }));

/** A registry that is only watched has no runs, and the app no right to any. */
export async function hasRuns({ name }: KnownRegistry, { store }: Pick<Ports, 'store'>): Promise<boolean> {
  try {
    for await (const _ of store.runs(name, { atOnce: 1 })) return true;
    return false;
  } catch {
    return false;
  }
}
