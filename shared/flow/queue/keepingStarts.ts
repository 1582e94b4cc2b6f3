import type { Ports } from '../../ports/ports.ts';
import type { StartMessage } from '../../ports/queue.ts';

/** So many contexts at most are fetched beside each other for one message, of the two dozen that a host handles at once. */
const startsAtOnce = 4;

/**
 * The ports for the work of one queue message. The first runs that it calls are put into `kept` and are sent no start
 * message, which would wait for the next poll of the queue, up to a second: they are started when the work has ended.
 * A process that ends before that leaves them to the clock, as one that ends before it has sent its messages.
 */
export function keepingStarts(ports: Ports, kept: StartMessage[]): Ports {
  const { queue } = ports;
  return {
    ...ports,
    queue: {
      ...queue,
      async sendStart(messages, delaySeconds) {
        const here = delaySeconds ? 0 : startsAtOnce - kept.length;
        kept.push(...messages.slice(0, here));
        if (messages.length > here) await queue.sendStart(messages.slice(here), delaySeconds);
      },
    },
  };
}
