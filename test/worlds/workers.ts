import { followRun } from '../../shared/flow/finish/followRun.ts';
import { continuePush, onPush } from '../../shared/flow/push/onPush.ts';
import { thenStart } from '../../shared/flow/queue/keepingStart.ts';
import { startKept } from '../../shared/flow/start/startKept.ts';
import { startRun } from '../../shared/flow/start/startRun.ts';
import type { NamedPush } from '../../shared/model/state.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import type { Message, World } from './world.ts';

/** A worker died: whatever it calls from then on fails too, so that nothing tidies up after it. */
export class Died extends Error {
  override name = 'Died';
}

type Draw = (below: number) => number;

/** Numbers from a seed, the same each time. */
export function numbersFrom(seed: number): Draw {
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
  /** Is told how it ended, and how often the engine was asked for a build and no row could be given its name. */
  ended?: (outcome: Error | undefined, unnamedBuilds: number) => unknown;
}

/** The calls at which a worker may be drawn to die: those that change something outside it. */
const changing = ['commit', 'takeRunNumbers', 'changeEdges', 'recordPush', 'putPushProgress', 'putScan'];
const ofEngine = ['schedule', 'cancel', 'forget'];
/** Give their rows one by one; the first is asked for as any other call, and then all are read. */
const listings = ['runs', 'places', 'decisions', 'imagesOf'];

/**
 * Workers whose every call to a port waits until it is let go on, so that whoever draws which is next sees every order of
 * their reads and writes.
 * @param between happens before each call is let go on
 */
export function createShift(world: World, between: (draw: Draw) => void = () => {}) {
  const waiting: (() => void)[] = [];
  let busy = 0;

  async function begin({ run, diesAt, after, ended }: Work): Promise<Error | undefined> {
    let calls = 0;
    let dead = false;
    let isUnnamed = false;
    let unnamedBuilds = 0;
    const turn = async () => {
      await new Promise<void>((go) => waiting.push(go));
      if (dead) throw new Died('its worker died');
    };
    const call = async (name: string, method: () => Promise<unknown>, counts: boolean) => {
      await turn();
      const isLast = counts && ++calls === diesAt;
      dead = isLast;
      if (isLast && !after) throw new Died('its worker died');
      const answer = await method().catch((error) => {
        if (isUnnamed) unnamedBuilds++;
        isUnnamed = false;
        throw error;
      });
      if (name === 'schedule') isUnnamed = true;
      if (name === 'commit') isUnnamed = false;
      if (isLast) throw new Died('its worker died');
      return answer;
    };
    const mortalAs = (name: string, method: (...args: never[]) => any, counts: boolean) =>
      listings.includes(name)
        ? async function* (...args: never[]) {
            await turn();
            yield* method(...args);
          }
        : (...args: never[]) => call(name, () => method(...args), counts);
    const mortal = <T extends object>(port: T, counts: (name: string) => boolean): T =>
      Object.fromEntries(
        Object.entries(port).map(([name, member]) => [
          name,
          typeof member === 'function' ? mortalAs(name, member, counts(name)) : member,
        ]),
      ) as T;
    const { store, queue, engine, registry, source, log } = world.ports;
    busy++;
    let outcome: Error | undefined;
    try {
      await run({
        ...world.ports,
        store: mortal(store, (name) => changing.includes(name)),
        queue: mortal(queue, () => true),
        engine: mortal(engine, (name) => ofEngine.includes(name)),
        registry: mortal(registry, () => false),
        source: mortal(source, () => false),
        log: (...line) => dead || log(...line),
      });
    } catch (error) {
      outcome = error as Error;
    } finally {
      busy--;
    }
    // What it did not wait for may have caught its death.
    if (dead) outcome ??= new Died('its worker died');
    if (dead && isUnnamed) unnamedBuilds++;
    await ended?.(outcome, unnamedBuilds);
    return outcome;
  }

  const calm = () => new Promise(setImmediate);
  async function letGo(draw: Draw): Promise<boolean> {
    await calm();
    if (waiting.length === 0) return false;
    between(draw);
    waiting.splice(draw(waiting.length), 1)[0]!();
    return true;
  }
  return {
    begin,
    /** How many have not ended. */
    busy: () => busy,
    /** Lets so many calls go on. */
    async goOn(calls: number, draw: Draw) {
      for (let count = 0; count < calls && (await letGo(draw)); count++);
      await calm();
    },
    /** Lets all go on until they have ended. */
    async rest(draw: Draw) {
      while (busy > 0) await letGo(draw);
      await calm();
    },
  };
}

/**
 * Carries out several pieces of work at once. At each call to a port the one that goes on next is drawn, so that every
 * order of their reads and writes comes up.
 * @returns for each whether it died or failed, and with what
 */
export async function carryOut(world: World, works: Work[], draw: Draw): Promise<(Error | undefined)[]> {
  const shift = createShift(world);
  const outcomes = works.map((work) => shift.begin(work));
  await shift.rest(draw);
  return Promise.all(outcomes);
}

/** What the queue's trigger does with a message. */
export const handling =
  (message: Message) =>
  async (ports: Ports): Promise<void> => {
    // The pages of a push take long: their runs are sent messages.
    if (message.queue === 'push' && 'push' in message.body)
      return void (await continuePush(message.body, ports));
    await thenStart(
      (keeping) => handle(message, keeping(ports)),
      (run) => startKept(run, ports),
    );
  };

async function handle(message: Message, ports: Ports): Promise<void> {
  if (message.queue === 'push') {
    const { how, ...push } = message.body as NamedPush;
    await onPush(push, ports, how);
  } else if (message.queue === 'start') await startRun(message.body, ports);
  else await followRun(message.body, ports);
}

/** The messages that can be seen, at most so many, from anywhere in the queues. */
export function visibleMessages(world: World, atMost: number, draw: Draw): Message[] {
  const visible = world.messages.filter(({ due }) => due <= world.now());
  const drawn: Message[] = [];
  while (drawn.length < atMost && visible.length > 0) drawn.push(...visible.splice(draw(visible.length), 1));
  return drawn;
}

/** Takes such messages out of their queues. */
export function takeMessages(world: World, atMost: number, draw: Draw): Message[] {
  const taken = visibleMessages(world, atMost, draw);
  for (const message of taken) world.messages.splice(world.messages.indexOf(message), 1);
  return taken;
}

/** Handles what can be seen, second by second, with no build ending. */
export async function seconds(world: World, count: number) {
  for (let second = 0; second < count; second++) {
    for (const message of takeMessages(world, 50, () => 0)) await handling(message)(world.ports);
    world.pass(1);
  }
}
