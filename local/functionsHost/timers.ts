import type { FunctionDefinition } from './core.ts';
import type { Invoker } from './invocation.ts';
import type { HostLog } from './logging.ts';
import type { Schedule } from './schedule.ts';
import type { TimerStatus, TimerStatusStore } from './timerStatus.ts';

export interface Timer {
  /** Runs it once by hand, after the run that may be under way; the schedule does not move. */
  runNow(): Promise<void>;
  /** No more runs; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

const never = new Date(0);
/** setTimeout takes no more than 2^31-1 ms; a longer wait is cut in pieces. */
const longestWaitMs = 2_000_000_000;

/**
 * Runs one timer-triggered function at its schedule, never twice at once. An occurrence that passed while it ran
 * comes right after; one that passed while no host was running comes at start, with isPastDue (rules: the timer
 * extension's TimerListener).
 * @param status remembers the next occurrence across restarts; undefined when the function's useMonitor is off
 */
export async function startTimer(
  definition: FunctionDefinition,
  schedule: Schedule,
  status: TimerStatusStore | undefined,
  invoke: Invoker['invoke'],
  log: HostLog,
): Promise<Timer> {
  const known = await status?.read(definition.name);
  // A recorded occurrence that this schedule would not have named belongs to an older schedule: it starts anew.
  const kept = known && isOf(schedule, known) ? known : undefined;
  let current: TimerStatus = kept ?? { last: never, next: schedule(new Date()), lastUpdated: new Date() };
  if (!kept) await status?.write(definition.name, current);

  let timeout: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  async function run(isPastDue: boolean): Promise<void> {
    const scheduleStatus = status && {
      Last: current.last.toISOString(),
      Next: current.next.toISOString(),
      LastUpdated: current.lastUpdated.toISOString(),
    };
    const info = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: scheduleStatus ?? null,
      IsPastDue: isPastDue,
    };
    // The invoker logs a failure; the schedule goes on.
    await invoke(definition, { json: JSON.stringify(info) }).catch(() => {});
  }

  async function occur(isPastDue: boolean): Promise<void> {
    const startedAt = new Date(Math.max(Date.now(), isPastDue ? 0 : current.next.getTime()));
    await run(isPastDue);
    current = { last: startedAt, next: schedule(startedAt), lastUpdated: startedAt };
    try {
      await status?.write(definition.name, current);
    } catch (error) {
      log(
        'error',
        'Host.Triggers.Timer',
        `Status of ${definition.name} not written: ${(error as Error).message}`,
      );
    }
  }

  function inTurn(act: () => Promise<void>): Promise<void> {
    running = running.then(() => (stopped ? undefined : act()));
    return running;
  }

  function arm(): void {
    if (stopped) return;
    const wait = Math.max(0, current.next.getTime() - Date.now());
    timeout = setTimeout(
      () => (wait > longestWaitMs ? arm() : void inTurn(() => occur(false)).then(arm)),
      Math.min(wait, longestWaitMs),
    );
  }

  if (kept && kept.next.getTime() < Date.now()) void inTurn(() => occur(true)).then(arm);
  else if (definition.trigger.runOnStartup) void inTurn(() => occur(false)).then(arm);
  else arm();

  return {
    runNow: () => inTurn(() => run(false)),
    async stop() {
      stopped = true;
      clearTimeout(timeout);
      await running;
    },
  };
}

function isOf(schedule: Schedule, { last, next, lastUpdated }: TimerStatus): boolean {
  const from = last.getTime() === never.getTime() ? lastUpdated : last;
  return schedule(from).getTime() === next.getTime();
}

/** Whether the function's status is kept: unless told otherwise, for schedules a minute and more apart. */
export function isMonitored(definition: FunctionDefinition, schedule: Schedule): boolean {
  if (definition.trigger.useMonitor === false) return false;
  const first = schedule(new Date());
  return schedule(first).getTime() - first.getTime() >= 60_000;
}
