import { isDeepStrictEqual } from 'node:util';
import { type Fault, newScan, type Scan } from '../../model/scan.ts';
import type { Ports } from '../../ports/ports.ts';
import { choreLateMs, clockWaitMs } from '../../rules/timing.ts';
import { messageOf } from '../start/postpone.ts';
import { syncDueWebhooks } from '../webhooks/syncWebhooks.ts';
import { changeScan } from './changeScan.ts';
import { pruneDeliveries } from './pruneDeliveries.ts';
import { pruneLedger } from './pruneLedger.ts';
import { forgettingRuns, pruneRuns } from './pruneRuns.ts';
import { resendLost } from './resendLost.ts';
import { scanBaseImages } from './scanBaseImages.ts';
import { startDueTimers } from './startDueTimers.ts';
import { sweepEngine } from './sweepEngine.ts';

/**
 * @param scan the timer's stored state, just read
 * @returns what could not be read or done; undefined where it was not the time to look
 * @throws Error when nothing could be done at all
 */
type Chore = (ports: Ports, scan: Scan) => Promise<Fault[] | undefined>;

/** The chores of the timer. They run independently: a failure in one does not stop the others. */
const chores: Record<string, Chore> = {
  'starting what timers are due': startDueTimers,
  'sending lost messages again': resendLost,
  'registering and removing webhooks': syncDueWebhooks,
};
/** Chores that continue from stored state: they are skipped while that cannot be read. */
const remembering: Record<string, Chore> = {
  'the round over all base images': scanBaseImages,
  'forgetting old decisions': pruneLedger,
  'forgetting old deliveries': pruneDeliveries,
  [forgettingRuns]: pruneRuns,
  'removing what stayed at the run engine': sweepEngine,
};

/** The state of the timer in one process, for chores that take longer than a minute. */
interface ClockMemory {
  /** Since when, by the chore's name. */
  underWay: Map<string, Date>;
  /** What was found since it was last reported. */
  faults: Record<string, Fault[]>;
  failed: { what: string; error: unknown }[];
}
export const newClockMemory = (): ClockMemory => ({ underWay: new Map(), faults: {}, failed: [] });

const maxFaults = 100;

/**
 * Runs every chore at once. One that takes longer than the time limit goes on in the background and is not started
 * again before it has ended; the others run every minute all the same. One that does not end is reported as a fault.
 * @throws AggregateError that names every chore which failed, and has what each failed with
 */
export async function everyMinute(ports: Ports, memory = newClockMemory(), waitMs = clockWaitMs) {
  const scan = await ports.store.scan().then(
    (read) => read?.value ?? newScan,
    (error) => void memory.failed.push({ what: 'reading where its chores were', error }),
  );
  const done = Object.entries(scan ? { ...chores, ...remembering } : chores)
    .filter(([name]) => !memory.underWay.has(name))
    .map((named) => carryOut(named, ports, scan ?? newScan, memory));
  await endedOrLate(Promise.all(done), waitMs);
  if (scan) await reportFaults(scan, memory, ports);
  const failed = memory.failed.splice(0);
  if (failed.length === 0) return;
  const sentences = failed.map(({ what, error }) => `${what}: ${messageOf(error)}`);
  throw new AggregateError(
    failed.map(({ error }) => error),
    `The clock failed at ${sentences.join('; ')}`,
  );
}

async function carryOut([name, chore]: [string, Chore], ports: Ports, scan: Scan, memory: ClockMemory) {
  memory.underWay.set(name, ports.clock.now());
  try {
    const faults = await chore(ports, scan);
    if (faults) memory.faults[name] = faults.slice(0, maxFaults);
  } catch (error) {
    memory.failed.push({ what: name, error });
  } finally {
    memory.underWay.delete(name);
  }
}

/** Waits for work to end, but no longer; it goes on by itself. */
export async function endedOrLate(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}

/** Writes what is new to the log, and all of it where a person can ask for it; nothing when nothing has changed. */
async function reportFaults(before: Scan, memory: ClockMemory, ports: Ports): Promise<void> {
  const found = memory.faults;
  memory.faults = {};
  const known = before.faults ?? {};
  const changed = Object.entries({ ...lateIn(known, memory, ports), ...found }).filter(
    ([name, faults]) => !isSame(faults, known[name]),
  );
  if (changed.length === 0) return;
  for (const [name, faults] of changed)
    for (const fault of faults)
      if (!known[name]?.some((old) => isDeepStrictEqual(old, fault)))
        ports.log('warning', `${name}: ${fault.what} is left out: ${fault.reason}`);
  await changeScan(ports, (scan) => ({
    ...scan,
    faults: { ...scan.faults, ...Object.fromEntries(changed) },
  })).catch((error) => memory.failed.push({ what: 'telling what could not be done', error }));
}

const rest = 'the rest';
const since = 'under way since ';
const isLate = ({ what, reason }: Fault) => what === rest && reason.startsWith(since);

/** The faults of each chore, with one more for each that has been under way for too long. */
function lateIn(known: Record<string, Fault[]>, { underWay }: ClockMemory, ports: Ports) {
  const now = ports.clock.now().getTime();
  const told = Object.keys({ ...chores, ...remembering }).map((name): [string, Fault[]] => {
    const begun = underWay.get(name);
    const isOver = begun && now - begun.getTime() >= choreLateMs;
    const late = isOver ? [{ what: rest, reason: since + begun.toISOString() }] : [];
    return [name, [...late, ...(known[name] ?? []).filter((fault) => !isLate(fault))]];
  });
  return Object.fromEntries(told);
}

const isSame = (faults: Fault[], known: Fault[] = []) => isDeepStrictEqual(faults, known);
