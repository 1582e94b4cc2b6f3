import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import type { Policy } from '../../../shared/model/bases/policy.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { diamondWorld } from '../diamondWorld.ts';
import { settle } from '../settle.ts';
import type { World } from '../world.ts';

const dayS = 86_400;

/** The diamond under policies, by which what there is, is old enough. */
export async function heldWorld(...policies: Policy[]): Promise<World> {
  const world = await diamondWorld();
  world.pass(4 * dayS);
  world.ports.settings.policies = policies;
  return world;
}

/** Decides on every event that waits. */
export async function deliver(world: World): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (const event of world.events.splice(0)) decisions.push(...((await onPush(event, world.ports)) ?? []));
  return decisions;
}

/** Time passes with a round an hour, and everything that is begun ends. */
export async function hours(world: World, count: number): Promise<void> {
  for (let hour = 0; hour < count; hour++) {
    world.pass(3600);
    await everyMinute(world.ports);
    if (world.messages.length > 0) await settle(world);
  }
}
