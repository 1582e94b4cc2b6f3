import { isEnded, type Run } from '../model/run.ts';
import type { Pace } from '../model/state.ts';
import type { Fault } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { UnreadableError } from '../ports/store.ts';
import { withoutRunning, withRunning, withUnread } from '../transitions.ts';
import { alone } from './alone.ts';
import { ringReady } from './ready.ts';
import { toReplace, untilUndisturbed } from './retry.ts';

/** A message is given up for lost when the run should have been asked after this long ago. */
const lostAfterSeconds = 60;
/** Waiting runs that are rung for in one round; the next round takes the next ones. */
const waitingAtOnce = 200;

/** Runs that a lost pace is made from: many times what a registry may have at once. */
const runsLookedAt = 1000;

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings' | 'log'>;

/**
 * Rings again for what a lost message left behind: the runs whose turn it is, those that wait, every run that was
 * claimed and not asked for, and every run whose follow-up is overdue. A doorbell too many does nothing.
 */
export async function ringAgain(ports: Flow): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { name: registry } of ports.settings.registries) {
    await alone(`the runs of ${registry} that go on`, faults, () => ringRunning(registry, faults, ports));
    await alone(`the queue of ${registry}`, faults, () => ringReady(registry, ports));
    await alone(`the runs of ${registry} that wait`, faults, () => ringWaiting(registry, ports));
  }
  return faults;
}

async function ringRunning(registry: string, faults: Fault[], ports: Flow): Promise<void> {
  const pace = await readPace(registry, faults, ports);
  const { running, unread = [] } = pace;
  for (const runId of [...running, ...unread])
    await alone(`run ${runId} of ${registry}`, faults, () =>
      ringRun(registry, runId, unread.includes(runId), ports),
    );
}

/** A pace that cannot be read would stop its registry for good: it is made anew from the newest runs. */
async function readPace(registry: string, faults: Fault[], ports: Flow): Promise<Pace> {
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
  faults.push({ what: `the row pace of ${registry}`, reason: 'it could not be read, and was made anew' });
  return value;
}

async function ringRun(registry: string, runId: string, isAside: boolean, ports: Flow): Promise<void> {
  const { queue, clock } = ports;
  const now = clock.now().getTime();
  const isOver = (time: string) => now - Date.parse(time) > lostAfterSeconds * 1000;
  const run = await readRun(registry, runId, isAside, ports);
  if (!run || isEnded(run.status)) await takeOff(registry, runId, ports);
  else if (run.engineRunId === undefined) await queue.ringStart([{ registry, runId }]);
  else if (run.followAt && isOver(run.followAt))
    await queue.ringFollow({ registry, runId, at: run.followAt }, 0);
}

/** One whose row cannot be read gives up its place and has it back when it can be. @throws UnreadableError */
async function readRun(registry: string, runId: string, isAside: boolean, ports: Flow) {
  let run: Run | undefined;
  try {
    run = (await ports.store.run(registry, runId))?.value;
  } catch (error) {
    const isNew = error instanceof UnreadableError && !isAside;
    if (isNew) await changePace(registry, ports, (pace) => withUnread(pace, runId));
    throw error;
  }
  if (isAside) await changePace(registry, ports, (pace) => withRunning(withoutRunning(pace, runId), runId));
  return run;
}

/** A run that has ended, or never was, takes nobody's place. */
function takeOff(registry: string, runId: string, ports: Flow): Promise<void> {
  ports.log('warning', `run ${runId} held a place of ${registry} that it has no right to`, {
    registry,
    runId,
  });
  return changePace(registry, ports, (pace) =>
    pace.running.includes(runId) ? withoutRunning(pace, runId) : undefined,
  );
}

function changePace(
  registry: string,
  { store }: Flow,
  change: (pace: Pace) => Pace | undefined,
): Promise<void> {
  return untilUndisturbed(async () => {
    const pace = await store.pace(registry);
    const value = pace && change(pace.value);
    if (value) await store.commit(registry, [{ put: 'pace', value, etag: pace.etag }]);
  });
}

async function ringWaiting(registry: string, { store, queue, clock }: Flow): Promise<void> {
  const waiting: { registry: string; runId: string }[] = [];
  for await (const { runId } of store.places(registry, { waiting: true })) waiting.push({ registry, runId });
  const rounds = Math.ceil(waiting.length / waitingAtOnce);
  const round = rounds > 1 ? Math.floor(clock.now().getTime() / 60_000) % rounds : 0;
  await queue.ringStart(waiting.slice(round * waitingAtOnce, (round + 1) * waitingAtOnce));
}
