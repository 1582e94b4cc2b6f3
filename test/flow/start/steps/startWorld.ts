import { isDeepStrictEqual } from 'node:util';
import { queueEntryOf, waitingPlace } from '../../../../shared/flow/queue/places.ts';
import { startRun } from '../../../../shared/flow/start/startRun.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { formatRunId } from '../../../../shared/names/runId.ts';
import type { Write } from '../../../../shared/ports/store.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import { builtWorld, type Given, start } from '../../../worlds/counted.ts';
import type { World } from '../../../worlds/world.ts';

export const registry = 'appacr';
export const base = 'baseacr.azurecr.io/base:1';
export const mid = 'appacr.azurecr.io/mid:1';
const tasks: Given[] = [
  { registry, name: 'mid', bases: [base] },
  { registry, name: 'app', bases: [base, mid] },
];

/** A run of another task, under way. */
export const under = formatRunId(registry, 90);
export const timerTrigger = { timerTriggerName: 'nightly', scheduleOccurrence: '2026-11-23T10:00:00.000Z' };

/**
 * Two tasks that were built once, `app` on `mid` and both on a base image, and a queued run of `app`; what a test changes
 * of its row and of its task's state is written over them.
 */
export async function startWorld(change: Partial<Run> = {}, state: Partial<TaskState> = {}) {
  const world = await builtWorld('start steps', { runsPerRegistry: 1 }, tasks, [base]);
  world.messages.splice(0);
  world.events.splice(0);
  const goes: Run = { ...sampleRun(registry, under, 'mid'), status: 'Started' };
  await world.ports.store.commit(registry, [{ put: 'run', value: goes }]);
  const before = world.builds.length;
  const { runId } = await start(world, registry, 'app');
  world.messages.splice(0);
  if (Object.keys(change).length > 0) await rewrite(world, runId, change);
  if (Object.keys(state).length > 0) await rewriteState(world, 'app', state);
  return {
    ...{ world, runId },
    run: () => rowOf(world, runId),
    /** The builds that the engine was asked for since. */
    built: () => world.builds.slice(before),
    start: () => startRun({ registry, runId }, world.ports),
  };
}

export const rowOf = async ({ ports: { store } }: World, runId: string) =>
  (await store.run(registry, runId))?.value;
export const stateOf = async ({ ports: { store } }: World, task: string) =>
  (await store.state(registry, task))!.value;

/** Changes the row of a queued run, and its place with it. */
async function rewrite(world: World, runId: string, change: Partial<Run>): Promise<void> {
  const { store } = world.ports;
  const { value, etag } = (await store.run(registry, runId))!;
  const run: Run = JSON.parse(JSON.stringify({ ...value, ...change }));
  const [old, now] = [queueEntryOf(value), queueEntryOf(run)];
  const places: Write[] = run.waitingFor ? waitingPlace(run) : [{ put: 'place', value: now }];
  await store.commit(registry, [
    { put: 'run', value: run, etag },
    ...(isDeepStrictEqual(old, now) && run.status === 'Queued'
      ? []
      : [{ remove: 'place' as const, value: old }]),
    ...(isDeepStrictEqual(old, now) || run.status !== 'Queued' ? [] : places),
  ]);
}

export async function rewriteState(world: World, task: string, change: Partial<TaskState>): Promise<void> {
  const { value, etag } = (await world.ports.store.state(registry, task))!;
  await world.ports.store.commit(registry, [{ put: 'state', value: { ...value, ...change }, etag }]);
}

/** Takes the only slot of the registry. */
export async function takeSlot({ ports: { store } }: World): Promise<void> {
  const etag = (await store.pace(registry))?.etag;
  await store.commit(registry, [
    { put: 'pace', value: { registry, running: ['other'] }, ...(etag && { etag }) },
  ]);
}

export async function placesOf({ ports: { store } }: World, waiting: boolean): Promise<string[]> {
  const places: string[] = [];
  for await (const place of store.places(registry, { waiting })) places.push(place.runId);
  return places;
}

export const startsOf = (world: World) =>
  world.messages.flatMap(({ queue, body, due }) =>
    queue === 'start' ? [[body.runId, (due - world.now()) / 1000]] : [],
  );
