import { isEnded } from '../model/run.ts';
import type { Fault } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import { withoutRunning } from '../transitions.ts';
import { alone } from './alone.ts';
import { paceOf, ringReady } from './ready.ts';
import { untilUndisturbed } from './retry.ts';

/** A message is given up for lost when the run should have been asked after this long ago. */
const lostAfterSeconds = 60;
/** Waiting runs that are rung for in one round; the next round takes the next ones. */
const waitingAtOnce = 200;

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
  for (const runId of (await paceOf(registry, ports)).value.running)
    await alone(`run ${runId} of ${registry}`, faults, () => ringRun(registry, runId, ports));
}

async function ringRun(registry: string, runId: string, ports: Flow): Promise<void> {
  const { store, queue, clock } = ports;
  const now = clock.now().getTime();
  const isOver = (time: string) => now - Date.parse(time) > lostAfterSeconds * 1000;
  const run = (await store.run(registry, runId))?.value;
  if (!run || isEnded(run.status)) await takeOff(registry, runId, ports);
  else if (run.engineRunId === undefined) await queue.ringStart([{ registry, runId }]);
  else if (run.followAt && isOver(run.followAt))
    await queue.ringFollow({ registry, runId, at: run.followAt }, 0);
}

/** A run that has ended, or never was, takes nobody's place. */
function takeOff(registry: string, runId: string, ports: Flow): Promise<void> {
  ports.log('warning', `run ${runId} held a place of ${registry} that it has no right to`, {
    registry,
    runId,
  });
  return untilUndisturbed(async () => {
    const pace = await ports.store.pace(registry);
    if (!pace?.value.running.includes(runId)) return;
    const value = withoutRunning(pace.value, runId);
    await ports.store.commit(registry, [{ put: 'pace', value, etag: pace.etag }]);
  });
}

async function ringWaiting(registry: string, { store, queue, clock }: Flow): Promise<void> {
  const waiting: { registry: string; runId: string }[] = [];
  for await (const { runId } of store.places(registry, { waiting: true })) waiting.push({ registry, runId });
  const rounds = Math.ceil(waiting.length / waitingAtOnce);
  const round = rounds > 1 ? Math.floor(clock.now().getTime() / 60_000) % rounds : 0;
  await queue.ringStart(waiting.slice(round * waitingAtOnce, (round + 1) * waitingAtOnce));
}
