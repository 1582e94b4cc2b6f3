import type { QueueClient } from '@azure/storage-queue';
import type { Queue } from '../../ports/queue.ts';
import { inStorageTime } from './storageTime.ts';

/** Sends that are under way at once; a storage queue takes 2,000 messages a second. */
const sendsAtOnce = 16;

/** Messages never expire: the default of seven days would lose those of a registry that is paused for longer. */
const forever = -1;

/** The Queue on an Azure Storage queue; messages are base64 of JSON, as the queue trigger reads them. */
export function createStorageQueue(queue: QueueClient): Queue {
  const send = (message: object, delaySeconds: number) =>
    inStorageTime(queue.url, (abortSignal) =>
      queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'), {
        visibilityTimeout: Math.ceil(delaySeconds),
        messageTimeToLive: forever,
        abortSignal,
      }),
    );
  return {
    async reach() {
      await inStorageTime(queue.url, (abortSignal) => queue.getProperties({ abortSignal }));
    },
    async sendStart(messages, delaySeconds = 0) {
      const waiting = [...messages];
      const worker = async () => {
        for (let message = waiting.shift(); message; message = waiting.shift())
          await send(message, delaySeconds);
      };
      await Promise.all(Array.from({ length: Math.min(sendsAtOnce, waiting.length) }, worker));
    },
    async sendPush(push) {
      await send(push, 0);
    },
    async sendFollow(followUp, delaySeconds) {
      await send(followUp, delaySeconds);
    },
  };
}
