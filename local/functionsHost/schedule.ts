import { parseTimeSpan } from './settings.ts';

/** The first moment after `from` that a schedule names; whole seconds, UTC. */
export type Schedule = (from: Date) => Date;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const fields = [
  { name: 'second', low: 0, high: 59, names: [], offset: 0 },
  { name: 'minute', low: 0, high: 59, names: [], offset: 0 },
  { name: 'hour', low: 0, high: 23, names: [], offset: 0 },
  { name: 'day', low: 1, high: 31, names: [], offset: 0 },
  { name: 'month', low: 1, high: 12, names: months, offset: 1 },
  { name: 'day of the week', low: 0, high: 6, names: weekdays, offset: 0 },
] as const;

type Field = (typeof fields)[number];

/** Leap days in February come at most eight years apart; what has not come by then never does. */
const horizonYears = 9;

/**
 * Reads a timer's schedule: NCRONTAB with six fields (or five, then at second 0), or a time span.
 * A day must fit both its day-of-month and its day-of-week field, as in NCrontab.
 * @throws naming the field that cannot be read, or when the schedule names no moment at all
 */
export function parseSchedule(text: string): Schedule {
  if (text.includes(':')) {
    const interval = parseTimeSpan(text.trim());
    if (interval === 0) throw new Error(`The schedule '${text}' is no interval`);
    return (from) => new Date(from.getTime() + interval);
  }
  const parts = text.trim().split(/\s+/);
  if (parts.length === 5) parts.unshift('0');
  if (parts.length !== 6)
    throw new Error(`The schedule '${text}' has ${parts.length} fields; NCRONTAB has 6`);
  const [seconds, minutes, hours, days, monthsOfYear, daysOfWeek] = fields.map((field, index) =>
    parseField(field, parts[index]!, text),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];

  const next: Schedule = (from) => {
    const at = new Date(Math.floor(from.getTime() / 1000) * 1000 + 1000);
    const end = at.getTime() + horizonYears * 366 * 86_400_000;
    while (at.getTime() < end) {
      if (!monthsOfYear.has(at.getUTCMonth() + 1)) {
        at.setUTCMonth(at.getUTCMonth() + 1, 1);
        at.setUTCHours(0, 0, 0);
      } else if (!days.has(at.getUTCDate()) || !daysOfWeek.has(at.getUTCDay())) {
        at.setUTCDate(at.getUTCDate() + 1);
        at.setUTCHours(0, 0, 0);
      } else if (!hours.has(at.getUTCHours())) at.setUTCHours(at.getUTCHours() + 1, 0, 0);
      else if (!minutes.has(at.getUTCMinutes())) at.setUTCMinutes(at.getUTCMinutes() + 1, 0);
      else if (!seconds.has(at.getUTCSeconds())) at.setUTCSeconds(at.getUTCSeconds() + 1);
      else return at;
    }
    throw new Error(`The schedule '${text}' names no moment: no such day comes`);
  };
  next(new Date());
  return next;
}

function parseField(field: Field, text: string, schedule: string): Set<number> {
  const fail = () =>
    new Error(`The schedule '${schedule}': '${text}' is no ${field.name} (${field.low} to ${field.high})`);
  const number = (part: string): number => {
    const named = (field.names as readonly string[]).indexOf(part.toLowerCase().slice(0, 3));
    const value = named >= 0 ? named + field.offset : /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!(value >= field.low && value <= field.high)) throw fail();
    return value;
  };
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, range, first, last, stepText] = /^(\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part) ?? [];
    if (range === undefined || stepText === '0') throw fail();
    const low = first === undefined ? field.low : number(first);
    const high =
      last !== undefined ? number(last) : first === undefined || stepText !== undefined ? field.high : low;
    if (low > high) throw fail();
    for (let value = low; value <= high; value += Number(stepText ?? 1)) values.add(value);
  }
  return values;
}
