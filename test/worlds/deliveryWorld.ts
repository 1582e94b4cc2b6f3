import { type GivenDelivery, onDelivery, type Received } from '../../shared/flow/webhooks/onDelivery.ts';
import { webhookViews } from '../../shared/flow/webhooks/webhookViews.ts';
import { signatureOf } from '../doubles/sourceDeliveries.ts';
import {
  createWorld,
  knownRegistry,
  type SourceTriggerGiven,
  sourceTrigger,
  taskOf,
} from './triggerWorld.ts';

export type World = ReturnType<typeof createWorld>;

/** The part of a trigger that makes it one of Azure DevOps. */
export const devops = {
  sourceControlType: 'VisualStudioTeamService',
  repositoryUrl: 'https://dev.azure.com/org/Project%20One/_git/app#main',
};
export const both = ['commit', 'pullrequest'];

/** A world with one task, `webapp`, of one trigger. */
export async function worldOf(trigger: SourceTriggerGiven = {}, properties = {}): Promise<World> {
  const world = createWorld();
  await world.put(
    'webapp',
    taskOf({ sourceTriggers: [sourceTrigger(trigger)], baseImageTrigger: {} }, properties),
  );
  return world;
}

/** The secret of its webhook. */
export const secretOf = async ({ ports }: World) =>
  (await webhookViews(knownRegistry.name, 'webapp', ports, true))[0]!.secret!;

/** Delivers a body, proved both ways unless told otherwise. */
export async function deliver(
  world: World,
  event: string,
  body: unknown,
  change: Partial<GivenDelivery> = {},
): Promise<Received> {
  const secret = await secretOf(world);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return onDelivery(
    {
      registry: 'appacr',
      task: 'webapp',
      trigger: 'defaultSourceTriggerName',
      body: Buffer.from(text),
      signature: signatureOf(text, secret),
      authorization: `Basic ${Buffer.from(`plinth:${secret}`).toString('base64')}`,
      event,
      deliveryId: 'd-1',
      ...change,
    },
    world.ports,
  );
}
