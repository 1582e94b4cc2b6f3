import { app, type StorageQueueHandler } from '@azure/functions';
import { queues, storageConnection } from '../shared/names/azureNames.ts';

/**
 * A message that failed, or whose host died, five times. The store holds all that it names, and the timer sends
 * again for what it was about, so it is written down and dropped.
 */
const drop: StorageQueueHandler = (message, context) =>
  context.warn(
    `A message was given up after five tries; the clock sends another: ${JSON.stringify(message)}`,
  );

for (const [name, queue] of [
  ['startBuildPoison', queues.start],
  ['followRunPoison', queues.follow],
] as const)
  app.storageQueue(name, { queueName: `${queue}-poison`, connection: storageConnection, handler: drop });
