import { app, type StorageQueueHandler } from '@azure/functions';
import { queues, storageConnection } from '../shared/names.ts';

/**
 * A message that failed, or whose host died, five times. It says nothing that the store does not say: the clock rings
 * again for what it was about, so it is written down and dropped.
 */
const drop: StorageQueueHandler = (message, context) =>
  context.warn(`A message was given up after five tries; the clock rings again: ${JSON.stringify(message)}`);

for (const [name, queue] of [
  ['startBuildPoison', queues.start],
  ['followRunPoison', queues.follow],
] as const)
  app.storageQueue(name, { queueName: `${queue}-poison`, connection: storageConnection, handler: drop });
