import { Cron } from 'croner';

/** The first moment after `from` that a schedule names; whole seconds, UTC. */
export type Schedule = (from: Date) => Date;

/**
 * NCrontab has numbers, names, lists, ranges and steps. The library would take more, such as `L` and `#`, which
 * keep a function from starting in Azure.
 */
const value = String.raw`(?:\d+|[A-Za-z]{3})`;
const part = String.raw`(?:\*|${value}(?:-${value})?)(?:\/\d+)?`;
const field = new RegExp(`^${part}(?:,${part})*$`);

/** The library lets steps lead past the end, and counts Sunday as 7 too, where NCrontab has 0 only. */
const highest = [59, 59, 23, 31, 12, 6];
const otherSunday = /-sun/i;

/**
 * Reads a timer's schedule as the Functions host does: NCRONTAB with six fields, seconds first. A day must fit both its
 * day-of-month and its day-of-week field.
 * @throws naming the schedule and what in it cannot be read, or when it names no moment at all
 */
export function parseSchedule(text: string): Schedule {
  const refuse = (why: string) => new Error(`The schedule '${text}' ${why}`);
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 6) throw refuse(`has ${fields.length} fields; NCRONTAB has 6`);
  const unknown = fields.find((one, index) => !isNcrontab(one, highest[index]!));
  if (unknown !== undefined) throw refuse(`cannot be read: '${unknown}' is not NCRONTAB`);
  const cron = read(fields.join(' '), refuse);
  const next: Schedule = (from) => {
    const at = cron.nextRun(from);
    if (!at) throw refuse('names no moment: no such day comes');
    return at;
  };
  next(new Date());
  return next;
}

function isNcrontab(text: string, high: number): boolean {
  const numbers = text.replace(/\/\d+/g, '').match(/\d+/g) ?? [];
  return field.test(text) && !otherSunday.test(text) && numbers.every((number) => Number(number) <= high);
}

function read(pattern: string, refuse: (why: string) => Error): Cron {
  try {
    // Without a function the library starts no timer of its own.
    return new Cron(pattern, { mode: '6-part', timezone: 'Etc/UTC', domAndDow: true, sloppyRanges: true });
  } catch (error) {
    throw refuse(`cannot be read: ${(error as Error).message}`);
  }
}
