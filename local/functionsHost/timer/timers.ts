import { setTimeout } from 'node:timers/promises';
import type { FunctionDefinition } from '../worker/core.ts';
import type { Invoker } from '../worker/invocation.ts';
import type { HostLog } from '../worker/logging.ts';
import type { Schedule } from './schedule.ts';
import { dotNetTime, never, type TimerStatus, type TimerStatusStore } from './timerStatus.ts';

export interface Timer {
  /** Runs it once by hand, at once, beside the run that may be under way; the schedule does not move. */
  runNow(): void;
  /** No more runs; resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** setTimeout takes no more than 2^31-1 ms; a longer wait is cut in pieces. */
const longestWaitMs = 2_000_000_000;

/** How long a listener that could not start waits before its next try: the WebJobs SDK's FunctionListener. */
const firstRetryMs = 2000;
const longestRetryMs = 120_000;

/**
 * Runs one timer-triggered function at its schedule, never twice at once. An occurrence that passed while it ran
 * comes right after; one that passed while no host was running comes at start, with isPastDue (rules: the timer
 * extension's TimerListener). A listener that cannot start, as its status cannot be read or written, is said and
 * tried again, and the host serves the rest meanwhile (rules: the WebJobs SDK's FunctionListener under
 * AllowPartialHostStartup, which the Functions host sets).
 * @param host runs it; until `heldUntil`, ms, it is not run
 * @param status keeps the next occurrence across restarts; undefined for a schedule that isMonitored leaves out
 */
export function startTimer(
  definition: FunctionDefinition,
  schedule: Schedule,
  status: TimerStatusStore | undefined,
  host: { invoke: Invoker['invoke']; log: HostLog; heldUntil?: () => number },
): Timer {
  const { name } = definition;
  const ended = new AbortController();
  let current: TimerStatus | undefined;
  const say = (problem: string, error: unknown) =>
    host.log('error', 'Host.Triggers.Timer', `${problem}: ${(error as Error).message}`);

  async function run(isPastDue: boolean): Promise<void> {
    const scheduleStatus = status &&
      current && {
        Last: dotNetTime(current.last),
        Next: dotNetTime(current.next),
        LastUpdated: dotNetTime(current.lastUpdated),
      };
    const info = {
      Schedule: { AdjustForDST: true },
      ScheduleStatus: scheduleStatus ?? null,
      IsPastDue: isPastDue,
    };
    // The invoker logs a failure; the schedule goes on.
    await host.invoke(definition, { json: JSON.stringify(info) }).catch(() => {});
  }

  async function occur({ next }: TimerStatus, isPastDue: boolean): Promise<TimerStatus> {
    const startedAt = new Date(Math.max(Date.now(), isPastDue ? 0 : next.getTime()));
    await run(isPastDue);
    const after = { last: startedAt, next: schedule(startedAt), lastUpdated: startedAt };
    await status?.write(name, after).catch((error) => say(`Status of ${name} not written`, error));
    return after;
  }

  async function listen(): Promise<void> {
    current = await openStatus(definition, schedule, status);
    let isPastDue = current.next.getTime() < Date.now();
    while (true) {
      if (!isPastDue) await waitUntil(current.next, ended.signal);
      await waitUntil(new Date(host.heldUntil?.() ?? 0), ended.signal);
      if (ended.signal.aborted) return;
      current = await occur(current, isPastDue);
      isPastDue = false;
    }
  }

  async function keepListening(): Promise<void> {
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(2 * retryMs, longestRetryMs)) {
      try {
        return await listen();
      } catch (error) {
        if (ended.signal.aborted) return;
        say(`The listener for function 'Functions.${name}' was unable to start`, error);
      }
      await waitUntil(new Date(Date.now() + retryMs), ended.signal);
    }
  }

  const listening = keepListening();
  return {
    runNow: () => void run(false),
    stop: () => {
      ended.abort();
      return listening;
    },
  };
}

/** When the timer last ran and is due: as recorded, or begun now and recorded. */
async function openStatus(
  { name }: FunctionDefinition,
  schedule: Schedule,
  status: TimerStatusStore | undefined,
): Promise<TimerStatus> {
  const known = await status?.read(name);
  // A recorded occurrence that this schedule would not have named belongs to an older schedule: the schedule starts
  // over.
  if (known && isOf(schedule, known)) return known;
  const begun = { last: never, next: schedule(new Date()), lastUpdated: new Date() };
  await status?.write(name, begun);
  return begun;
}

async function waitUntil(time: Date, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const ms = time.getTime() - Date.now();
    if (ms <= 0) return;
    await setTimeout(Math.min(ms, longestWaitMs), undefined, { signal }).catch(() => {});
  }
}

function isOf(schedule: Schedule, { last, next, lastUpdated }: TimerStatus): boolean {
  const from = last.getTime() === never.getTime() ? lastUpdated : last;
  return schedule(from).getTime() === next.getTime();
}

/** Whether a timer's status is kept: for schedules a minute and more apart. */
export function isMonitored(schedule: Schedule): boolean {
  const first = schedule(new Date());
  return schedule(first).getTime() - first.getTime() >= 60_000;
}
