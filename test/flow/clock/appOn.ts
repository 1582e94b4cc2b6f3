/** An app on a storage in memory, whose other edges work unless they are told otherwise. */
import { health } from '../../../shared/flow/api/health.ts';
import { notePresence } from '../../../shared/flow/clock/notePresence.ts';
import { sampleSettings } from '../../doubles/storeContract.ts';
import type { MemoryStore } from '../../worlds/memoryStore.ts';

const start = Date.parse('2026-11-23T10:00:00.000Z');
export const own = {
  name: 'team1',
  id: '/registries/team1',
  loginServer: 'team1.azurecr.io',
  endpoint: 'https://team1',
};

/** An app on a storage, whose other ports work unless they are told otherwise. */
export function appOn(store: MemoryStore, app: string) {
  const logged: string[] = [];
  const world = {
    now: start,
    logged,
    ports: {
      store,
      settings: { ...sampleSettings, app },
      clock: { now: () => new Date(world.now) },
      log: (level: string, message: string) => void logged.push(`${level} ${message}`),
      queue: {
        reach: async () => {},
        sendStart: async () => {},
        sendPush: async () => {},
        sendFollow: async () => {},
      },
      registry: { reach: async () => {} } as any,
      engine: { run: async () => undefined } as any,
    },
    tick: async (minutes = 0) => {
      world.now += minutes * 60_000;
      await notePresence(world.ports);
    },
    says: async () =>
      Object.fromEntries(
        (await health(own, world.ports)).edges.map(({ name, works, says }) => [name, `${works} ${says}`]),
      ) as Record<string, string>,
  };
  return world;
}

export const broken = (error: Error) => async () => {
  throw error;
};
export type AppPorts = ReturnType<typeof appOn>['ports'];
