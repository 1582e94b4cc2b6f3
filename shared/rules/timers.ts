import type { TaskState, Timer } from '../model/state.ts';
import type { TaskProperties } from '../model/task.ts';
import { occurrencesBetween, parseSchedule, ScheduleError } from './cron.ts';
import { makeUpMs } from './timing.ts';

/**
 * The stored timers of a task. One that was watched with this schedule goes on where it was, so that
 * replacing a task neither skips nor repeats an occurrence; a new or changed one counts from now on, and so does every
 * timer of a task that was disabled.
 */
export function timersOf(properties: TaskProperties, before: TaskState | undefined, now: Date): Timer[] {
  if (properties.status !== 'Enabled') return [];
  const enabled = (properties.trigger?.timerTriggers ?? []).filter(({ status }) => status === 'Enabled');
  return enabled.map(({ name, schedule }) => {
    const known = before?.timers?.find((timer) => timer.name === name && timer.schedule === schedule);
    return known ?? { name, schedule, last: now.toISOString() };
  });
}

/**
 * Which of a task's timers are due, and the newest occurrence of each: of several that were missed only that one. A
 * timer whose schedule cannot be read is never due (`unreadTimers`).
 */
export function dueTimers(timers: Timer[], now: Date): { timer: Timer; occurrence: Date }[] {
  return timers.flatMap((timer) => {
    const schedule = scheduleOf(timer);
    if (schedule instanceof ScheduleError) return [];
    const after = Math.max(Date.parse(timer.last), now.getTime() - makeUpMs);
    const occurrence = [...occurrencesBetween(schedule, new Date(after), now)].at(-1);
    return occurrence ? [{ timer, occurrence }] : [];
  });
}

/** The timers that cannot be read, as after another version or a hand wrote them, and why. */
export const unreadTimers = (timers: Timer[]): { name: string; why: string }[] =>
  timers.flatMap((timer) => {
    const schedule = scheduleOf(timer);
    return schedule instanceof ScheduleError ? [{ name: timer.name, why: schedule.message }] : [];
  });

function scheduleOf({ schedule }: Timer) {
  try {
    return parseSchedule(schedule);
  } catch (error) {
    if (error instanceof ScheduleError) return error;
    throw error;
  }
}
