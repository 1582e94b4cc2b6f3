import { scanBaseImages } from '../../../../shared/flow/clock/scanBaseImages.ts';
import { newScan, type Scan } from '../../../../shared/model/scan.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import type { World } from '../../../worlds/world.ts';
import { pushWorld, putTaskRow, registry, taskOn, time } from '../../push/steps/pushWorld.ts';

export const own = 'appacr.azurecr.io/base:1';
export const foreign = 'docker.io/library/node:1';
export const ago = (seconds: number) => new Date(Date.parse(time) - seconds * 1000).toISOString();
export const scanOf = async ({ ports: { store } }: World) => (await store.scan())?.value;
/** A world of tasks, each built on the digest that its images have now. */
export async function worldOf(states: TaskState[], scan: Partial<Scan> = {}) {
  const world = await pushWorld(states);
  for (const { registry: of, task } of states) if (of === registry) await putTaskRow(world, task);
  await world.ports.store.putScan({ ...newScan, ...scan }, undefined);
  for (const { bases } of states) for (const { image } of bases) world.tags.set(image, 'old');
  return world;
}
export const round = async (world: World) => scanBaseImages(world.ports, (await scanOf(world))!);
export const both = [taskOn('app', [own, foreign])];
