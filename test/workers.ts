import { followRun } from '../shared/flow/followRun.ts';
import { startRun } from '../shared/flow/startRun.ts';
import type { Ports } from '../shared/ports/ports.ts';
import type { Message, World } from './world.ts';

/** A worker died: whatever it calls from then on fails too, so that nothing tidies up after it. */
export class Died extends Error {
  override name = 'Died';
}

/** Numbers from a seed, the same each time. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export interface Work {
  run: (ports: Ports) => Promise<unknown>;
  /** It dies before its call of this number, or after it where `after` is set. */
  diesAt?: number | undefined;
  after?: boolean;
}

const writes = ['commit', 'takeRunNumbers', 'changeEdges', 'recordPush', 'putWatch'];

/**
 * Carries out several pieces of work at once. At each call to a port the one that goes on next is drawn, so that every
 * order of their reads and writes comes up.
 * @returns for each whether it died or failed, and with what
 */
export async function carryOut(
  world: World,
  works: Work[],
  draw: (below: number) => number,
): Promise<(Error | undefined)[]> {
  const waiting: (() => void)[] = [];
  let left = works.length;
  const outcomes = works.map(async ({ run, diesAt, after }) => {
    let calls = 0;
    let dead = false;
    const call = async (method: (...args: never[]) => unknown, args: never[], counts: boolean) => {
      if (works.length > 1) await new Promise<void>((go) => waiting.push(go));
      if (dead) throw new Died('its worker died');
      if (!counts || ++calls !== diesAt) return method(...args);
      dead = true;
      if (after) await method(...args);
      throw new Died('its worker died');
    };
    const mortal = <T extends object>(port: T, counts: (name: string) => boolean): T =>
      Object.fromEntries(
        Object.entries(port).map(([name, method]) => [
          name,
          // Ranges are read as a whole.
          ['runs', 'places', 'decisions', 'imagesOf'].includes(name)
            ? method
            : (...args: never[]) => call(method, args, counts(name)),
        ]),
      ) as T;
    const { store, queue, engine, registry } = world.ports;
    try {
      await run({
        ...world.ports,
        store: mortal(store, (name) => writes.includes(name)),
        queue: mortal(queue, () => true),
        engine: mortal(engine, (name) => name === 'schedule' || name === 'cancel'),
        registry: mortal(registry, () => false),
      });
      return undefined;
    } catch (error) {
      return error as Error;
    } finally {
      left--;
    }
  });
  while (left > 0) {
    await new Promise(setImmediate);
    const next = waiting.splice(draw(waiting.length), 1)[0];
    next?.();
  }
  return Promise.all(outcomes);
}

/** What the queue's trigger does with a message. */
export const handling =
  (message: Message) =>
  (ports: Ports): Promise<void> =>
    message.queue === 'start' ? startRun(message.body, ports) : followRun(message.body, ports);

/** Takes the messages that can be seen, at most so many, from anywhere in the queues. */
export function takeMessages(world: World, atMost: number, draw: (below: number) => number): Message[] {
  const taken: Message[] = [];
  for (let count = 0; count < atMost; count++) {
    const visible = world.messages.filter(({ due }) => due <= world.now());
    const message = visible[draw(visible.length)];
    if (!message) break;
    world.messages.splice(world.messages.indexOf(message), 1);
    taken.push(message);
  }
  return taken;
}
