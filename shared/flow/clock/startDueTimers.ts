import type { Run } from '../../model/run.ts';
import type { Fault } from '../../model/scan.ts';
import type { TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Stored } from '../../ports/store.ts';
import { pausedTask } from '../../rules/bases/policies.ts';
import { dueTimers, unreadTimers } from '../../rules/timers.ts';
import { alone } from '../alone.ts';
import { mapAtMost } from '../concurrency.ts';
import { enqueue, enqueueAll, type QueueRequest } from '../queue/enqueue.ts';
import { callNext } from '../queue/nextInQueue.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

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
      const due: Stored<TaskState>[] = [];
      for (const state of await ports.store.statesWithTimers(registry))
        await alone(`the timers of ${state.value.task} of ${registry}`, faults, async () => {
          const { task, timers = [] } = state.value;
          for (const { name, why } of unreadTimers(timers))
            faults.push({ what: `the timer ${name} of ${task} of ${registry}`, reason: why });
          // Where the task is paused, the newest occurrence is made up for when it is no more.
          if (pausedTask({ registry, task }, ports.settings.policies)) return;
          if (dueTimers(timers, now).length > 0) due.push(state);
        });
      if (due.length === 0) return;
      const runs = await enqueueAll(
        registry,
        due.map((state) => requestFor(state, now)!),
        ports,
      );
      for (const { run } of runs) if (run) logStart(run, ports);
      // Whose state was changed meanwhile, and whose other timers are due too.
      const rest = due.filter(
        ({ value }, at) => !runs[at]!.run || dueTimers(value.timers ?? [], now).length > 1,
      );
      await mapAtMost(rest, tasksAtOnce, ({ value: { task } }) =>
        alone(`the timers of ${task} of ${registry}`, faults, () => startRest(registry, task, now, ports)),
      );
      await callNext(registry, ports);
    });
  return faults;
}

/** Starts what is still due of one task, one timer after the other. */
async function startRest(registry: string, task: string, now: Date, ports: Flow): Promise<void> {
  for (;;) {
    const run = await retryOnConflict(async () => {
      const state = await ports.store.state(registry, task);
      const request = state && requestFor(state, now);
      return request && enqueue(request, ports);
    });
    if (!run) return;
    logStart(run, ports);
  }
}

/** The run of the first timer that is due; undefined where none is. */
function requestFor(state: Stored<TaskState>, now: Date): QueueRequest | undefined {
  const [due] = dueTimers(state.value.timers ?? [], now);
  if (!due) return undefined;
  const { name } = due.timer;
  const last = due.occurrence.toISOString();
  return {
    state,
    cause: { kind: 'timer', trigger: { timerTriggerName: name, scheduleOccurrence: last } },
    change: (value) => ({
      ...value,
      timers: value.timers!.map((timer) => (timer.name === name ? { ...timer, last } : timer)),
    }),
  };
}

function logStart({ registry, runId, task, timerTrigger }: Run, { log }: Flow): void {
  const { timerTriggerName, scheduleOccurrence } = timerTrigger!;
  log('information', `timer ${timerTriggerName} of ${task} is due: run ${runId}`, {
    registry,
    runId,
    occurrence: scheduleOccurrence,
  });
}
