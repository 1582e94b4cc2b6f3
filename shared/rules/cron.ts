import { PlinthError } from '../names/plinthError.ts';

/** A timer's schedule, read: the values of each field. Day of the week: Sunday is 0. */
interface Schedule {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  days: ReadonlySet<number>;
  months: ReadonlySet<number>;
  weekdays: ReadonlySet<number>;
}

/** A schedule that cannot be read; the message names it, the field and what the field takes. */
export class ScheduleError extends PlinthError {}

interface Field {
  name: string;
  low: number;
  high: number;
  /** Full names, the first of which stands for `low`. */
  names?: string[];
}

const fields = [
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of the month', low: 1, high: 31 },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: 'january february march april may june july august september october november december'.split(' '),
  },
  {
    name: 'day of the week',
    low: 0,
    high: 6,
    names: 'sunday monday tuesday wednesday thursday friday saturday'.split(' '),
  },
] as const satisfies Field[];

/** In the longest of years. */
const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Reads the five fields of an ACR timer, NCronTab's grammar (atifaziz/NCrontab, CrontabFieldImpl.cs): lists, ranges,
 * steps (`2/5` is every fifth from the second on), names of months and days from their first letters, any case. Unlike
 * NCronTab, which quietly takes `5-1` for `1-5` and a step of 0 for 1, those are refused, and so is a day that never
 * comes.
 * @throws ScheduleError
 */
export function parseSchedule(text: string): Schedule {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== fields.length)
    throw new ScheduleError(
      `The schedule '${text}' has ${parts.length} fields; a timer has five: minute, hour, day of the month, month, day of the week (UTC).`,
    );
  const [minutes, hours, days, months, weekdays] = fields.map((field, at) =>
    parseField(field, parts[at]!, text),
  ) as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const comes = [...months].some((month) => [...days].some((day) => day <= daysInMonth[month - 1]!));
  if (!comes) throw new ScheduleError(`The schedule '${text}' never comes: no such day is in such a month.`);
  return { minutes, hours, days, months, weekdays };
}

function parseField(field: Field, text: string, schedule: string): Set<number> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [, whole, first, last, step] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
    const low = whole ? field.low : parseValue(field, first);
    const highest = whole || step ? field.high : low;
    const high = last !== undefined ? parseValue(field, last) : highest;
    if (low === undefined || high === undefined || low > high || Number(step) === 0) {
      const names = field.names
        ? `, or ${field.names[0]!.slice(0, 3)} to ${field.names.at(-1)!.slice(0, 3)}`
        : '';
      throw new ScheduleError(
        `The schedule '${schedule}': '${part}' is no ${field.name} (${field.low} to ${field.high}${names}; *, lists with commas, ranges from low to high, steps with /).`,
      );
    }
    for (let value = low; value <= high; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

function parseValue({ low, high, names = [] }: Field, text = ''): number | undefined {
  const named = names.findIndex((name) => text !== '' && name.startsWith(text.toLowerCase()));
  const byName = named < 0 ? -1 : named + low;
  const value = /^\d+$/.test(text) ? Number(text) : byName;
  return value >= low && value <= high ? value : undefined;
}

const day = 24 * 3_600_000;

/**
 * The instants after `after` up to and with `until` at which a schedule is due, in order. A day must fit both its
 * day-of-month and its day-of-week field, as NCronTab has it (crontab(5) would take either).
 */
export function* occurrencesBetween(schedule: Schedule, after: Date, until: Date): Generator<Date> {
  const inOrder = (values: ReadonlySet<number>) => [...values].sort((a, b) => a - b);
  const [hours, minutes] = [inOrder(schedule.hours), inOrder(schedule.minutes)];
  for (let midnight = Math.floor(after.getTime() / day) * day; midnight <= until.getTime(); midnight += day) {
    const date = new Date(midnight);
    if (!schedule.months.has(date.getUTCMonth() + 1)) continue;
    if (!schedule.days.has(date.getUTCDate()) || !schedule.weekdays.has(date.getUTCDay())) continue;
    for (const hour of hours)
      for (const minute of minutes) {
        const time = midnight + (hour * 60 + minute) * 60_000;
        if (time > until.getTime()) return;
        if (time > after.getTime()) yield new Date(time);
      }
  }
}
