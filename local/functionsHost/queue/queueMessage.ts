import type { DequeuedMessageItem, QueueClient } from '@azure/storage-queue';
import type { QueueSettings } from '../settings.ts';
import { dotNetTime } from '../timer/timerStatus.ts';
import type { FunctionDefinition } from '../worker/core.ts';
import type { Invoker } from '../worker/invocation.ts';
import type { HostLog } from '../worker/logging.ts';
import type { RpcTypedData } from '../worker/typedData.ts';
import type { Queues } from './queues.ts';

export interface MessageHandling {
  definition: FunctionDefinition;
  queue: QueueClient;
  /** Where messages go that failed too often; undefined for a queue that is itself a poison queue. */
  poison: QueueClient | undefined;
  queues: Queues;
  settings: QueueSettings;
  /** Visibility timeout of a message; renewed at half of it while the function runs. */
  leaseSeconds: number;
  invoke: Invoker['invoke'];
  log: HostLog;
}

/**
 * Takes one received message to its end: deleted, hidden for visibilityTimeout, or moved to the poison queue.
 * The rules are the storage extension's QueueProcessor. Throws only when storage does.
 */
export async function handleMessage(handling: MessageHandling, message: DequeuedMessageItem): Promise<void> {
  const { definition, queue, poison, queues, settings, invoke, log } = handling;
  const bytes = queues.decode(message.messageText);
  if (bytes === undefined) {
    const why = "is not base64, which host.json's messageEncoding asks for";
    log('warning', 'Host.Queues', `A message of ${queue.name} (Id=${message.messageId}) ${why}.`);
    return moveToPoison(handling, message, message.popReceipt);
  }
  // It failed as often as it may before a host died holding it.
  if (message.dequeueCount > settings.maxDequeueCount)
    return moveToPoison(handling, message, message.popReceipt);
  const lease = holdLease(handling, message);
  let succeeded = true;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    await invoke(definition, { string: text }, metadata(text, message));
  } catch {
    // The invoker logged it; what is not UTF-8 cannot be bound, and the function does not run.
    succeeded = false;
  }
  const popReceipt = await lease.release();
  if (succeeded) return ifStillOurs(() => queue.deleteMessage(message.messageId, popReceipt));
  // Without a poison queue a message keeps its lease, so that it is not tried again in a fast, endless loop.
  if (!poison) return;
  if (message.dequeueCount >= settings.maxDequeueCount) return moveToPoison(handling, message, popReceipt);
  await ifStillOurs(() =>
    queue.updateMessage(message.messageId, popReceipt, undefined, settings.visibilityTimeoutMs / 1000),
  );
}

function holdLease({ queue, leaseSeconds, log }: MessageHandling, message: DequeuedMessageItem) {
  let popReceipt = message.popReceipt;
  let renewing: Promise<void> = Promise.resolve();
  const renew = async () => {
    try {
      const renewed = await queue.updateMessage(message.messageId, popReceipt, undefined, leaseSeconds);
      popReceipt = renewed.popReceipt ?? popReceipt;
    } catch (error) {
      log(
        'warning',
        'Host.Queues',
        `Lease of ${queue.name} message ${message.messageId}: ${(error as Error).message}`,
      );
    }
  };
  const timer = setInterval(() => {
    renewing = renew();
  }, leaseSeconds * 500);
  return {
    async release() {
      clearInterval(timer);
      await renewing;
      return popReceipt;
    },
  };
}

async function moveToPoison(
  { queue, poison, queues, settings, log }: MessageHandling,
  message: DequeuedMessageItem,
  popReceipt: string,
): Promise<void> {
  if (!poison) return;
  const count = `MaxDequeueCount of ${settings.maxDequeueCount}, now ${message.dequeueCount}`;
  log('warning', 'Host.Queues', `Moving a message of ${queue.name} to ${poison.name} (${count}).`);
  await queues.put(poison, message.messageText);
  await ifStillOurs(() => queue.deleteMessage(message.messageId, popReceipt));
}

/** A message whose lease was lost is another receiver's: the update is left out. */
async function ifStillOurs(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: number; code?: string };
    if (statusCode !== 404 && code !== 'PopReceiptMismatch') throw error;
  }
}

function metadata(text: string, message: DequeuedMessageItem): Record<string, RpcTypedData> {
  return {
    QueueTrigger: { string: text },
    DequeueCount: { int: message.dequeueCount },
    Id: { string: message.messageId },
    PopReceipt: { string: message.popReceipt },
    InsertionTime: { json: JSON.stringify(dotNetTime(message.insertedOn)) },
    ExpirationTime: { json: JSON.stringify(dotNetTime(message.expiresOn)) },
    NextVisibleTime: { json: JSON.stringify(dotNetTime(message.nextVisibleOn)) },
  };
}
