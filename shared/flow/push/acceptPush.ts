import type { Push } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';

/**
 * Takes a push from who announces it. Where tasks are built on the image a queue message goes on with it: that asks a
 * registry, for which the sender does not wait.
 * @returns whether there are such tasks
 */
export async function acceptPush(push: Push, { store, queue }: Pick<Ports, 'store' | 'queue'>) {
  const { dependents } = await store.imageEdges(push.image, { top: 1 });
  if (dependents.length > 0) await queue.sendPush(push);
  return dependents.length > 0;
}
