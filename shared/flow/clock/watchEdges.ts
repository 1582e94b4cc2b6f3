import type { KnownRegistry } from '../../model/registry.ts';
import type { Ports } from '../../ports/ports.ts';
import { clockWaitMs } from '../../rules/timing.ts';
import { messageOf } from '../start/postpone.ts';
import { isTransient, isUnknownHost } from '../transient.ts';
import { type Reached, type ReachPorts, registryReached, storageReached } from '../whatIsReached.ts';
import { endedOrLate } from './everyMinute.ts';

type WatchPorts = ReachPorts & Pick<Ports, 'settings' | 'clock' | 'log'>;

/** What a process remembers, so that it says once what is the same. */
interface WatchMemory {
  lookedAt: number;
  /** Set while a look goes on: a registry may not answer for long. */
  look: Promise<void> | undefined;
  broken: Set<string>;
}
export const newWatchMemory = (): WatchMemory => ({ lookedAt: 0, look: undefined, broken: new Set() });

/**
 * As often as base images are looked at: says in the log what the app cannot reach any more, a role that was taken away, a
 * registry that was deleted, a table that is not there; once, and once when it is mended. Never throws.
 */
export async function watchEdges(ports: WatchPorts, memory: WatchMemory, waitMs = clockWaitMs) {
  const now = ports.clock.now().getTime();
  if (!memory.look && now - memory.lookedAt < ports.settings.reconcileMinutes * 60_000) return;
  memory.look ??= look(ports, memory).finally(() => {
    memory.look = undefined;
  });
  memory.lookedAt = now;
  await endedOrLate(memory.look, waitMs);
}

async function look(ports: WatchPorts, memory: WatchMemory): Promise<void> {
  const ofStorage = storageReached(ports).then((reached) => titled(reached, (name) => `the ${name}`));
  const ofRegistries = ports.settings.registries.map(async (registry) => {
    const reached = await registryReached(registry, ports, await hasRuns(registry, ports));
    return titled(reached, (name) => `the ${name === 'registry' ? name : 'run engine of'} ${registry.name}`);
  });
  const found = await Promise.all([ofStorage, ...ofRegistries]);
  for (const { title, error } of found.flat()) {
    if (!error && memory.broken.delete(title)) ports.log('information', `${title} can be reached again`);
    // What is busy or away for a moment is tried again by what needs it; a registry that was deleted has no name any more.
    if (!error || (isTransient(error) && !isUnknownHost(error)) || memory.broken.has(title)) continue;
    memory.broken.add(title);
    // The storage service's messages have several lines.
    const why = messageOf(error).replace(/\s*\n\s*/g, ' ');
    ports.log('error', `${title} cannot be reached: ${why} (npm run doctor has what mends it)`);
  }
}

const titled = (reached: Reached[], titleOf: (name: Reached['name']) => string) =>
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
