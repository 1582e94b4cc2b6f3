import { isDeepStrictEqual } from 'node:util';
import { type Fault, newWatch, type Watch } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { changeWatch } from './changeWatch.ts';
import { startDueTimers } from './clockTimers.ts';
import { forgetDeliveries } from './forgetDeliveries.ts';
import { forgetLedger } from './forgetLedger.ts';
import { forgetRuns, forgettingRuns } from './forgetRuns.ts';
import { messageOf } from './postpone.ts';
import { reconcile } from './reconcile.ts';
import { ringAgain } from './ringAgain.ts';
import { settleDueWebhooks } from './settleWebhooks.ts';

/**
 * @param watch what the clock remembers, as it was read just now
 * @returns what could not be read or done; undefined where it was not the time to look
 * @throws Error when nothing could be done at all
 */
type Chore = (ports: Ports, watch: Watch) => Promise<Fault[] | undefined>;

/** What the clock does. None waits for another, and what fails in one is no reason to leave out the others. */
const chores: Record<string, Chore> = {
  'starting what timers are due': startDueTimers,
  'ringing again': ringAgain,
  'the round over all base images': reconcile,
  'registering and removing webhooks': settleDueWebhooks,
  'forgetting old decisions': forgetLedger,
  'forgetting old deliveries': forgetDeliveries,
  [forgettingRuns]: forgetRuns,
};

/** What a process remembers of its clock, for chores that take longer than a minute. */
export interface ClockMemory {
  underWay: Set<string>;
  /** What was found since it was last told of. */
  faults: Record<string, Fault[]>;
  failed: string[];
}
export const newClockMemory = (): ClockMemory => ({ underWay: new Set(), faults: {}, failed: [] });

/** The host does not come again before its call has ended, so a call ends before the next minute. */
const patienceMs = 45_000;
const mostFaults = 100;

/**
 * Does every chore, all at once. One that takes longer than the clock waits goes on by itself and is not begun again
 * before it has ended; the others are done every minute all the same.
 * @throws Error that names every chore which failed
 */
export async function everyMinute(ports: Ports, memory = newClockMemory(), waitMs = patienceMs) {
  const watch = (await ports.store.watch().catch(() => undefined))?.value ?? newWatch;
  const done = Object.entries(chores)
    .filter(([name]) => !memory.underWay.has(name))
    .map(([name, chore]) => carryOut(name, chore, ports, watch, memory));
  await endedOrLate(Promise.all(done), waitMs);
  await tellFaults(watch, memory, ports);
  const failed = memory.failed.splice(0);
  if (failed.length > 0) throw new Error(`The clock failed at ${failed.join('; ')}`);
}

async function carryOut(name: string, chore: Chore, ports: Ports, watch: Watch, memory: ClockMemory) {
  memory.underWay.add(name);
  try {
    const faults = await chore(ports, watch);
    if (faults) memory.faults[name] = faults.slice(0, mostFaults);
  } catch (error) {
    memory.failed.push(`${name}: ${messageOf(error)}`);
  } finally {
    memory.underWay.delete(name);
  }
}

async function endedOrLate(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Writes what is new to the log, and all of it where a person can ask for it; nothing when nothing has changed. */
async function tellFaults(before: Watch, memory: ClockMemory, ports: Ports): Promise<void> {
  const found = memory.faults;
  memory.faults = {};
  const known = before.faults ?? {};
  const changed = Object.entries(found).filter(([name, faults]) => !isSame(faults, known[name]));
  if (changed.length === 0) return;
  for (const [name, faults] of changed)
    for (const fault of faults)
      if (!known[name]?.some((old) => isDeepStrictEqual(old, fault)))
        ports.log('warning', `${name}: ${fault.what} is left out: ${fault.reason}`);
  await changeWatch(ports, (watch) => ({
    ...watch,
    faults: { ...watch.faults, ...Object.fromEntries(changed) },
  })).catch((error) => memory.failed.push(`telling what could not be done: ${messageOf(error)}`));
}

const isSame = (faults: Fault[], known: Fault[] = []) => isDeepStrictEqual(faults, known);
