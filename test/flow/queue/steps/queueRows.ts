import { queueEntryOf, waitingPlace } from '../../../../shared/flow/queue/places.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Slots } from '../../../../shared/model/state.ts';
import type { Waiting } from '../../../../shared/model/waiting.ts';
import { formatRunId } from '../../../../shared/names/runId.ts';
import { ConflictError, type Write } from '../../../../shared/ports/store.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';

export const registry = 'appacr';
export const other = 'otheracr';
export const begun = Date.parse('2026-11-23T10:00:00.000Z');
export const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
export const id = (number: number) => formatRunId(registry, number);
export const path = (number: number, of = registry) => `${of}/${id(number)}`;

export const waits = (runs: string[], more: Partial<Waiting> = {}): Waiting => ({
  ...{ runs, images: [], reason: `waits for ${runs.join(' ')}` },
  ...more,
});
/** A run with its place, as it stands in the queue or waits. */
export const placed = (run: Run): Write[] => [
  { put: 'run', value: run },
  ...(run.waitingFor ? waitingPlace(run) : [{ put: 'place' as const, value: queueEntryOf(run) }]),
];
export const queued = (number: number, change: Partial<Run> = {}, of = registry): Run => ({
  ...sampleRun(of, id(number), 'app'),
  ...change,
});

/** A world of one slot with these rows, in order. */
export async function queueWorld(writes: Write[], slots: Partial<Slots> = {}): Promise<World> {
  const world = createWorld({ registries: [registry, other], runsPerRegistry: 1 });
  await world.ports.store.commit(registry, [
    ...writes,
    { put: 'pace', value: { registry, running: [], ...slots } },
  ]);
  return world;
}
export const calls = (...numbers: number[]) =>
  numbers.map((number) => ({ runId: id(number), at: at(-1), by: 'before' }));

export async function placesOf({ ports: { store } }: World, waiting: boolean): Promise<string[]> {
  const places: string[] = [];
  for await (const place of store.places(registry, { waiting })) places.push(place.runId);
  return places.sort();
}
/** The start messages that were sent, with their delay in seconds. */
export const startsOf = (world: World) =>
  world.messages.flatMap(({ queue, body, due }) =>
    queue === 'start' ? [[body.runId, (due - begun) / 1000]] : [],
  );
export const rowOf = async ({ ports: { store } }: World, number: number) =>
  (await store.run(registry, id(number)))?.value;

/** What each write of a world has from now on; `meets` may have one of them fail, before or after it is written. */
export function writesOf(
  world: World,
  meets: (nth: number) => { before?: Error; after?: Error } = () => ({}),
) {
  const writes: string[][] = [];
  const { store } = world.ports;
  world.ports.store = {
    ...store,
    async commit(of, given) {
      const { before, after } = meets(writes.length);
      writes.push(given.map((one) => ('put' in one ? `put ${one.put}` : `remove ${one.remove}`)));
      if (before) throw before;
      await store.commit(of, given);
      if (after) throw after;
    },
  };
  return writes;
}
export const conflict = new ConflictError('another write came between');
