import type { Run } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { Fault } from '../model/watch.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored } from '../ports/store.ts';
import { formatRunId } from '../runId.ts';
import { dueTimers } from '../timers.ts';
import { withQueued } from '../transitions.ts';
import { alone } from './alone.ts';
import { newTaskRun, placeWrite } from './newRun.ts';
import { mapAtMost, untilUndisturbed } from './retry.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;

const tasksAtOnce = 16;

/**
 * Starts a run for every timer that is due. The run and the timer's new `last` are one transaction under the state's
 * version, so an occurrence has one run however often, late or parallel the clock comes. Reads one range for each
 * registry, and only the tasks with timers.
 */
export async function startDueTimers(ports: Flow): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const { name: registry } of ports.settings.registries)
    await alone(`the timers of ${registry}`, faults, async () => {
      const now = ports.clock.now();
      const states = await ports.store.statesWithTimers(registry);
      const runIds = await mapAtMost(states, tasksAtOnce, (state) =>
        alone(`the timers of ${state.value.task} of ${registry}`, faults, async () =>
          dueTimers(state.value.timers ?? [], now).length > 0 ? startDue(registry, state, now, ports) : [],
        ),
      );
      const started = runIds.flatMap((some) => some ?? []);
      await ports.queue.ringStart(started.map((runId) => ({ registry, runId })));
    });
  return faults;
}

/** The runs started for one task, whose state may have moved since it was read. */
function startDue(registry: string, read: Stored<TaskState>, now: Date, ports: Flow): Promise<string[]> {
  const { store, clock, log } = ports;
  let state: Stored<TaskState> | undefined = read;
  return untilUndisturbed(async () => {
    const before = state ?? (await store.state(registry, read.value.task));
    state = undefined;
    const due = before ? dueTimers(before.value.timers ?? [], now) : [];
    if (!before || due.length === 0) return [];
    const first = await store.takeRunNumbers(registry, due.length);
    const runs: Run[] = due.map(({ timer, occurrence }, at) =>
      newTaskRun(before.value, formatRunId(registry, first + at), clock.now(), {
        timerTrigger: { timerTriggerName: timer.name, scheduleOccurrence: occurrence.toISOString() },
      }),
    );
    const queued = runs.reduce((value, run) => withQueued(value, run, true), before.value);
    const timers = before.value.timers!.map((timer) => {
      const found = due.find((one) => one.timer.name === timer.name);
      return found ? { ...timer, last: found.occurrence.toISOString() } : timer;
    });
    await store.commit(registry, [
      { put: 'state', value: { ...queued, timers }, etag: before.etag },
      ...runs.flatMap((run) => [{ put: 'run' as const, value: run }, placeWrite(run, true)]),
    ]);
    for (const { runId, task, timerTrigger } of runs)
      log('information', `timer ${timerTrigger!.timerTriggerName} of ${task} is due: run ${runId}`, {
        registry,
        runId,
        occurrence: timerTrigger!.scheduleOccurrence,
      });
    return runs.map(({ runId }) => runId);
  });
}
