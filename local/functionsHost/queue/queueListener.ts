import { setTimeout } from 'node:timers/promises';
import type { DequeuedMessageItem } from '@azure/storage-queue';
import { pollingDelayMs } from './queueBackoff.ts';
import { handleMessage, type MessageHandling } from './queueMessage.ts';

const longestQueueName = 63;
const receiveGraceMs = 2_000;

/** Answers after which the extension's QueueListener waits for its next look; any other ends the host. */
const passing = (status: number) => status === 404 || status === 409 || status >= 500;

export interface Listener {
  /** Takes no more; what was taken runs on and is finished before this resolves. */
  stop(): Promise<void>;
}

/** What takes the next messages; none where the queue cannot be read. */
function receiving({ queue, settings, leaseSeconds, log }: MessageHandling, abortSignal: AbortSignal) {
  /** Since the last answer that ends a host. */
  let isDown = false;
  return async (): Promise<DequeuedMessageItem[]> => {
    try {
      const { batchSize: numberOfMessages } = settings;
      const options = { numberOfMessages, visibilityTimeout: leaseSeconds, abortSignal };
      const { receivedMessageItems } = await queue.receiveMessages(options);
      isDown = false;
      return receivedMessageItems;
    } catch (error) {
      const { statusCode = 0, message } = error as Error & { statusCode?: number };
      const endsHost = !passing(statusCode) && !abortSignal.aborted;
      const said = `An unhandled exception has occurred. Host is shutting down. Cannot read queue ${queue.name}: ${message}`;
      if (endsHost && !isDown) log('error', 'Host.Queues', said);
      isDown = endsHost;
      return [];
    }
  };
}

/**
 * Listens on the queue of one queue-triggered function: takes batchSize messages at a time, runs each at once, and
 * takes the next batch when newBatchThreshold or fewer still run; looks ever more seldom while there are none. An answer
 * that ends a host, a role that is missing, is said once: on Flex Consumption each such function has hosts of its own, so
 * that the other functions go on, and the platform starts it again until its queue can be read.
 */
export function startQueueListener(given: Omit<MessageHandling, 'queue' | 'poison'>): Listener {
  const { definition, queues, settings, log } = given;
  const queue = queues.client(definition.trigger);
  const poisonName = `${queue.name}-poison`;
  const poison =
    queue.name.endsWith('-poison') || poisonName.length > longestQueueName
      ? undefined
      : queues.client({ ...definition.trigger, queueName: poisonName });
  const handling: MessageHandling = { ...given, queue, poison };
  const running = new Set<Promise<unknown>>();
  const giveUp = new AbortController();
  let stopping = false;

  const receive = receiving(handling, giveUp.signal);
  const ended = new AbortController();
  const pause = (ms: number) => setTimeout(ms, undefined, { signal: ended.signal }).catch(() => {});

  function start(message: DequeuedMessageItem): void {
    const handled: Promise<unknown> = handleMessage(handling, message)
      .catch((error: Error) =>
        log('error', 'Host.Queues', `Message ${message.messageId} of ${queue.name}: ${error.message}`),
      )
      .finally(() => running.delete(handled));
    running.add(handled);
  }

  async function listen(): Promise<void> {
    let emptyLooks = 0;
    while (!stopping) {
      const messages = await receive();
      for (const message of messages) start(message);
      emptyLooks = messages.length > 0 ? 0 : emptyLooks + 1;
      if (emptyLooks > 0 && !stopping) await pause(pollingDelayMs(emptyLooks, settings.maxPollingIntervalMs));
      while (running.size > settings.newBatchThreshold && !stopping) await Promise.race(running);
    }
    await Promise.all(running);
  }

  const listening = listen();
  return {
    async stop() {
      stopping = true;
      ended.abort();
      // An aborted receive may have taken messages that then stay hidden for the whole lease: only as a last resort.
      const timer = globalThis.setTimeout(() => giveUp.abort(), receiveGraceMs);
      await listening;
      clearTimeout(timer);
    },
  };
}
