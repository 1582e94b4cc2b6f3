import type { Ports } from '../../ports/ports.ts';
import type { StartMessage } from '../../ports/queue.ts';

/** The run that is started when the work of a queue message is done, and whether it is. */
interface Kept {
  run?: StartMessage;
  isOver?: boolean;
}

/**
 * The ports for the work of one queue message. The first run that it calls is put into `kept` and is sent no start message,
 * which would wait for the next poll of the queue. One, so that no more contexts are fetched at once than
 * the host handles messages. A process that ends before the start leaves the run to the clock, as one that ends before it
 * has sent its messages.
 */
function keepingStart(ports: Ports, kept: Kept): Ports {
  const { queue } = ports;
  return {
    ...ports,
    queue: {
      ...queue,
      async sendStart(messages, delaySeconds) {
        const [first, ...others] = messages;
        if (!first || delaySeconds || kept.run || kept.isOver) return queue.sendStart(messages, delaySeconds);
        kept.run = first;
        if (others.length > 0) await queue.sendStart(others);
      },
    },
  };
}

/**
 * Does the work of one queue message, and then starts the run that it left to that, also where the work has failed.
 * @param work is given what makes its ports keep a start
 */
export async function thenStart(
  work: (keeping: (ports: Ports) => Ports) => Promise<void>,
  start: (run: StartMessage) => Promise<void>,
): Promise<void> {
  const kept: Kept = {};
  try {
    await work((ports) => keepingStart(ports, kept));
  } finally {
    kept.isOver = true;
    if (kept.run) await start(kept.run);
  }
}
