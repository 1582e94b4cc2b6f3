import { taskOwner } from '../../../../shared/flow/secrets/owners.ts';
import type { Sighting } from '../../../../shared/model/bases/sightings.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import type { Store } from '../../../../shared/ports/store.ts';
import { sampleState, sampleTask } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';

export const registry = 'appacr';
export const other = 'otheracr';
export const base = 'baseacr.azurecr.io/base:1';
export const time = '2026-11-23T10:00:00.000Z';
export const earlier = '2026-11-23T08:00:00.000Z';
export const push = { id: 'e1', image: base, digest: 'new', timestamp: '2026-11-23T09:00:00.000Z' };

/** A task that was built on images, each at its digest `old`. */
export const taskOn = (task: string, images: string[], change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState(registry, task),
  bases: images.map((image) => ({ image, type: 'RunTime', digest: 'old', pinnedAt: earlier })),
  built: { runId: 'c1', pins: images.map((image) => ({ image, type: 'RunTime', digest: 'old' })) },
  ...change,
});

/** A world with the states of tasks and the edges to their base images. */
export async function pushWorld(states: TaskState[]): Promise<World> {
  const world = createWorld({ registries: [registry, other] });
  const { store } = world.ports;
  for (const state of states) {
    const bases = state.bases.map(({ image }) => image);
    await store.commit(state.registry, [{ put: 'state', value: state }]);
    await store.changeEdges(state, { bases, outputs: state.outputs }, { bases: [], outputs: [] });
  }
  return world;
}

/** The row of a task with its password for a registry, where one is named; that is `pass` of `user`. */
export async function putTaskRow({ ports: { seal, store } }: World, task: string, server?: string) {
  const value = sampleTask(registry, task);
  const password = { type: 'Opaque' as const, value: seal.seal('pass', taskOwner(registry, task)) };
  const userName = { type: 'Opaque' as const, value: seal.seal('user', taskOwner(registry, task)) };
  if (server) value.properties.credentials = { customRegistries: { [server]: { userName, password } } };
  await store.commit(registry, [{ put: 'task', value }]);
}
export const passwordLogin = { kind: 'password', userName: 'user', password: 'pass' } as const;

/** What is seen of an image: digests, the newest last. */
export const seen = (digests: (string | (Partial<Sighting> & { digest: string }))[], image = base) => ({
  image,
  digests: digests.map((one) => ({
    ...{ firstSeen: earlier, since: earlier, sure: true },
    ...(typeof one === 'string' ? { digest: one } : one),
  })),
});

/** The calls of some members of a store from now on, in order. */
export function callsOf(world: World, ...names: (keyof Store)[]): { name: string; args: unknown[] }[] {
  const calls: { name: string; args: unknown[] }[] = [];
  const { store } = world.ports;
  world.ports.store = new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name] as (...args: unknown[]) => unknown;
      if (!names.includes(name)) return member;
      return (...args: unknown[]) => {
        calls.push({ name, args });
        return member.apply(target, args);
      };
    },
  });
  return calls;
}

/** The lines that are logged from now on, with their fields. */
export function linesOf(world: World): unknown[][] {
  const lines: unknown[][] = [];
  world.ports.log = (...line) => void lines.push(line);
  return lines;
}
