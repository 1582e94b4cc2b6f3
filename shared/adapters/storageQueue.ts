import type { QueueClient } from '@azure/storage-queue';
import type { Queue } from '../ports/queue.ts';

/** Sends that are under way at once; a storage queue takes 2,000 messages a second. */
const sendsAtOnce = 16;

/** Doorbells never expire: the default of seven days would silence a registry that is paused for longer. */
const forever = -1;

/** The Queue on Azure Storage queues; messages are base64 of JSON, as the queue trigger reads them. */
export function createStorageQueue({ start, follow }: { start: QueueClient; follow: QueueClient }): Queue {
  const send = (queue: QueueClient, message: object, delaySeconds: number) =>
    queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'), {
      visibilityTimeout: Math.ceil(delaySeconds),
      messageTimeToLive: forever,
    });
  return {
    async ringStart(doorbells, delaySeconds = 0) {
      const waiting = [...doorbells];
      const worker = async () => {
        for (let doorbell = waiting.shift(); doorbell; doorbell = waiting.shift())
          await send(start, doorbell, delaySeconds);
      };
      await Promise.all(Array.from({ length: Math.min(sendsAtOnce, waiting.length) }, worker));
    },
    async ringFollow(followUp, delaySeconds) {
      await send(follow, followUp, delaySeconds);
    },
  };
}
