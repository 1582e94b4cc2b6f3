import { occurrencesBetween, parseSchedule } from './cron.ts';
import type { TaskState, Timer } from './model/state.ts';
import type { TaskProperties } from './model/task.ts';

/** A missed occurrence is made up for this long; what is older was better never than now. */
const makeUpMs = 3_600_000;

/**
 * The timers that the clock is to watch. One that was watched with this schedule goes on where it was, so that
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

/** Which of a task's timers are due, and the newest occurrence of each: of several that were missed only that one. */
export function dueTimers(timers: Timer[], now: Date): { timer: Timer; occurrence: Date }[] {
  return timers.flatMap((timer) => {
    const after = Math.max(Date.parse(timer.last), now.getTime() - makeUpMs);
    const occurrence = [...occurrencesBetween(parseSchedule(timer.schedule), new Date(after), now)].at(-1);
    return occurrence ? [{ timer, occurrence }] : [];
  });
}
