import { isEnded, type Run } from '../../model/run.ts';
import type { Fault } from '../../model/scan.ts';
import type { Slots } from '../../model/state.ts';
import type { Waiting } from '../../model/waiting.ts';
import type { Ports } from '../../ports/ports.ts';
import { UnreadableError } from '../../ports/store.ts';
import { hasAsked, isBehind } from '../../rules/queue/asking.ts';
import { withoutRunning, withoutSkipped, withRunning, withUnread } from '../../rules/taskState.ts';
import { messageLostSeconds, waitingAgainRounds } from '../../rules/timing.ts';
import { alone } from '../alone.ts';
import { dropGhost, setAside, takeBack } from '../queue/ghosts.ts';
import { callAgain, changeSlots } from '../queue/nextInQueue.ts';
import { endedAmong } from '../queue/waiters.ts';
import { toReplace } from '../retryOnConflict.ts';

/** Waiting runs that are looked at in one round; the next round takes the next ones. */
const waitingAtOnce = 200;

/** Runs that a lost pace is made from: many times what a registry may have at once. */
const runsLookedAt = 1000;

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings' | 'log'>;

/**
 * Sends lost messages again: for the runs whose turn it is, those that wait for what is over, every run that was claimed
 * and not given to the engine, and every run whose follow-up is overdue. A repeated message does nothing.
 */
export async function resendLost(ports: Flow): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { name: registry } of ports.settings.registries) {
    await alone(`the runs of ${registry} that go on`, faults, () => resendRunning(registry, faults, ports));
    await alone(`the queue of ${registry}`, faults, () => callAgain(registry, ports));
    await alone(`the runs of ${registry} that wait`, faults, () => resendWaiting(registry, ports));
  }
  return faults;
}

async function resendRunning(registry: string, faults: Fault[], ports: Flow): Promise<void> {
  const pace = await readPace(registry, faults, ports);
  const { running, unread = [], skipped = [] } = pace;
  for (const runId of [...running, ...unread])
    await alone(`run ${runId} of ${registry}`, faults, () =>
      resendRun(registry, runId, unread.includes(runId), ports),
    );
  for (const runId of skipped)
    await alone(`run ${runId} of ${registry}`, faults, () => lookAtSkipped(registry, runId, ports));
}

/** A pace that cannot be read would stop its registry for good: it is rebuilt from the newest runs. */
async function readPace(registry: string, faults: Fault[], ports: Flow): Promise<Slots> {
  const read = await toReplace(ports.store.pace(registry));
  if (!read) return { registry, running: [] };
  if (read.value) return read.value;
  const running: string[] = [];
  let left = runsLookedAt;
  for await (const { runId, status } of ports.store.runs(registry, { atOnce: runsLookedAt })) {
    if (status !== 'Queued' && !isEnded(status)) running.push(runId);
    if (--left === 0) break;
  }
  const value = { registry, running };
  await ports.store.commit(registry, [{ put: 'pace', value, etag: read.etag }]);
  faults.push({ what: `the row pace of ${registry}`, reason: 'it could not be read, and was rebuilt' });
  return value;
}

/** Looks again at queued runs whose rows could not be read. @throws UnreadableError */
async function lookAtSkipped(registry: string, runId: string, ports: Flow): Promise<void> {
  const run = await ports.store.run(registry, runId);
  await takeBack(registry, runId, ports);
  await changeSlots(registry, ports, (slots) => withoutSkipped(slots, runId));
  if (!run) await dropGhost(registry, runId, ports);
}

async function resendRun(registry: string, runId: string, isAside: boolean, ports: Flow): Promise<void> {
  const { queue, clock } = ports;
  const now = clock.now().getTime();
  const isOver = (time: string) => now - Date.parse(time) > messageLostSeconds * 1000;
  const run = await readRun(registry, runId, isAside, ports);
  if (!run) await dropGhost(registry, runId, ports);
  if (!run || isEnded(run.status)) await takeOff(registry, runId, ports);
  else if (run.engineRunId === undefined) await queue.sendStart([{ registry, runId }]);
  else if (run.followAt && isOver(run.followAt))
    await queue.sendFollow({ registry, runId, at: run.followAt }, 0);
}

/** One whose row cannot be read leaves the queue until it can be. @throws UnreadableError */
async function readRun(registry: string, runId: string, isAside: boolean, ports: Flow) {
  let run: Run | undefined;
  try {
    run = (await ports.store.run(registry, runId))?.value;
  } catch (error) {
    const isNew = error instanceof UnreadableError && !isAside;
    if (isNew) {
      await setAside(registry, runId, ports);
      await changeSlots(registry, ports, (pace) => withUnread(pace, runId));
    }
    throw error;
  }
  if (!isAside) return run;
  await takeBack(registry, runId, ports);
  await changeSlots(registry, ports, (pace) => withRunning(withoutRunning(pace, runId), runId));
  return run;
}

/** A run that has ended, or never was, has no place in the queue. */
function takeOff(registry: string, runId: string, ports: Flow): Promise<void> {
  ports.log('warning', `run ${runId} held a place of ${registry} that it has no right to`, {
    registry,
    runId,
  });
  return changeSlots(registry, ports, (pace) =>
    pace.running.includes(runId) ? withoutRunning(pace, runId) : undefined,
  );
}

/**
 * What waits is looked at in its rows, and sent a message only where what it waits for is over; every few minutes all the
 * same, as what it waits for may have changed otherwise.
 */
async function resendWaiting(registry: string, ports: Flow): Promise<void> {
  const { store, queue, clock } = ports;
  const now = clock.now();
  const minute = Math.floor(now.getTime() / 60_000);
  const waiting: string[] = [];
  for await (const { runId } of store.places(registry, { waiting: true })) waiting.push(runId);
  if (waiting.length === 0) return;
  const rounds = Math.ceil(waiting.length / waitingAtOnce);
  const begin = (minute % rounds) * waitingAtOnce;
  const some = waiting.slice(begin, begin + waitingAtOnce);
  const runs = await store.runsOf(registry, some);
  const waits = runs.map((run) => (run && 'value' in run ? run.value.waitingFor : undefined));
  const over = await overAmong(
    waits.filter((wait) => wait !== undefined),
    ports,
  );
  const lost = some.filter((_, at) => {
    const wait = waits[at];
    const isTurn = Math.floor(minute / rounds) % waitingAgainRounds === at % waitingAgainRounds;
    return (
      !wait ||
      (isTurn && !isBehind(wait, now)) ||
      isLate(wait, now) ||
      wait.runs.some((one) => over.has(`${wait.server} ${one}`))
    );
  });
  await queue.sendStart(lost.map((runId) => ({ registry, runId })));
}

/** `server registry/runId` of the runs that are waited for and need not be any more. */
async function overAmong(waits: Waiting[], ports: Flow): Promise<Set<string>> {
  const now = ports.clock.now();
  const over = new Set<string>();
  for (const server of new Set(waits.map((wait) => wait.server))) {
    const awaited = waits.filter((wait) => wait.server === server).flatMap(({ runs }) => runs);
    // One that waits for a time, or for who asks a server, lets those behind it in its task go first.
    const isOver = server
      ? hasAsked({ server }, now)
      : ({ waitingFor: wait }: Run) =>
          wait !== undefined && (wait.nextTry !== undefined || isBehind(wait, now));
    for (const run of await endedAmong([...new Set(awaited)], ports, isOver)) over.add(`${server} ${run}`);
  }
  return over;
}

function isLate({ runs, nextTry, givenUpAt }: Waiting, now: Date): boolean {
  const time = nextTry ?? givenUpAt;
  return time ? now.getTime() - Date.parse(time) > messageLostSeconds * 1000 : runs.length === 0;
}
