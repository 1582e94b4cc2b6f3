import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { occurrencesBetween, parseSchedule, ScheduleError } from '../../shared/rules/cron.ts';

const next = (text: string, after: string) => {
  const from = new Date(after);
  const until = new Date(from.getTime() + 6 * 366 * 24 * 3_600_000);
  for (const time of occurrencesBetween(parseSchedule(text), from, until))
    return time.toISOString().slice(0, 16);
  return 'never';
};

// Instants of NCronTab's own tests, with its five-field schedules.
const following: [schedule: string, after: string, next: string][] = [
  ['* * * * *', '2003-12-31T23:59Z', '2004-01-01T00:00'],
  ['* * * * *', '2004-02-28T23:59Z', '2004-02-29T00:00'],
  ['45-47,48,49 * * * *', '2003-01-01T00:49Z', '2003-01-01T01:45'],
  ['2/5 * * * *', '2003-01-01T00:52Z', '2003-01-01T00:57'],
  [' * 3/4 * * *', '2003-12-20T10:00Z', '2003-12-20T11:00'],
  ['30  *  1 * *', '2003-01-07T00:00Z', '2003-02-01T00:30'],
  ['0 0 15,30,31 * *', '2000-01-31T00:00Z', '2000-02-15T00:00'],
  ['0 0 15,30,31 * *', '2000-02-15T00:00Z', '2000-03-15T00:00'],
  ['10 * * February,April-Jun *', '2002-07-01T05:00Z', '2003-02-01T00:10'],
  [
    '20 * * january,FeB,Mar,april,May,JuNE,July,Augu,SEPT-October,Nov,DECEM *',
    '1988-03-11T14:23Z',
    '1988-03-11T15:20',
  ],
  ['30 6 * * SUNDAY', '2003-06-26T10:00Z', '2003-06-29T06:30'],
  ['1 12 * * 2', '2003-06-24T12:01Z', '2003-07-01T12:01'],
  ['45 16 1 * Mon', '2003-01-01T12:00Z', '2003-09-01T16:45'],
  ['1 12 29 2 *', '2000-02-29T12:01Z', '2004-02-29T12:01'],
  ['40 14/1 * * *', '2000-01-01T14:40Z', '2000-01-01T15:40'],
  ['*/15 * * * *', '2026-11-23T10:15Z', '2026-11-23T10:30'],
  ['0 21 * * *', '2026-11-23T21:00:00.001Z', '2026-11-24T21:00'],
  ['50,5 22,3 * * *', '2026-11-23T00:00Z', '2026-11-23T03:05'],
  ['50,5 22,3 * * *', '2026-11-23T03:05Z', '2026-11-23T03:50'],
  ['50,5 22,3 * * *', '2026-11-23T03:50Z', '2026-11-23T22:05'],
  ['0 0 * * 0', '2026-11-23T00:00Z', '2026-11-29T00:00'],
  ['0 0 * * sat', '2026-11-23T00:00Z', '2026-11-28T00:00'],
  ['0 0 * * S', '2026-11-23T00:00Z', '2026-11-29T00:00'],
  ['0 0 * j *', '2026-11-23T00:00Z', '2027-01-01T00:00'],
  ['0 0 31 4,5 *', '2026-11-23T00:00Z', '2027-05-31T00:00'],
  ['0 0 29,30 2 *', '2026-11-23T00:00Z', '2028-02-29T00:00'],
  ['0 0 31 12 *', '2026-01-01T00:00Z', '2026-12-31T00:00'],
  ['0 0 30 11 *', '2026-01-01T00:00Z', '2026-11-30T00:00'],
  ['07 5-5 * * *', '2026-11-23T00:00Z', '2026-11-23T05:07'],
  ['*/1000 * * * *', '2026-11-23T00:00Z', '2026-11-23T01:00'],
  ['10-20/5 * * * *', '2026-11-23T00:15Z', '2026-11-23T00:20'],
  ['10-20/5 * * * *', '2026-11-23T00:20Z', '2026-11-23T01:10'],
  ['59 23 * * *', '2026-11-23T00:00Z', '2026-11-23T23:59'],
];
for (const [schedule, after, wanted] of following)
  test(`after ${after}, '${schedule}' is due at ${wanted}`, () =>
    assert.equal(next(schedule, after), wanted));

test('a day must fit both the day of the month and the day of the week', () => {
  const due = occurrencesBetween(
    parseSchedule('0 0 13 * fri'),
    new Date('2026-01-01Z'),
    new Date('2027-01-01Z'),
  );
  assert.deepEqual(
    [...due].map((time) => time.toISOString().slice(0, 10)),
    ['2026-02-13', '2026-03-13', '2026-11-13'],
  );
});

test('the first bound is not an occurrence, the last is', () => {
  const due = occurrencesBetween(
    parseSchedule('* * * * *'),
    new Date('2026-01-01T10:00Z'),
    new Date('2026-01-01T10:02Z'),
  );
  assert.deepEqual(
    [...due].map((time) => time.toISOString().slice(11, 16)),
    ['10:01', '10:02'],
  );
});

const refused: [schedule: string, because: RegExp][] = [
  ['', /has 1 fields/],
  ['* * * *', /has 4 fields; a timer has five/],
  ['0 * * * * *', /has 6 fields/],
  ['60 * * * *', /'60' is no minute \(0 to 59/],
  ['* 24 * * *', /'24' is no hour/],
  ['* * 0 * *', /'0' is no day of the month \(1 to 31/],
  ['* * * 13 *', /'13' is no month/],
  ['* * * * 7', /'7' is no day of the week \(0 to 6, or sun to sat/],
  ['* * * * fri-mon', /'fri-mon' is no day of the week/],
  ['*/0 * * * *', /'\*\/0' is no minute/],
  ['1,,2 * * * *', /'' is no minute/],
  ['@daily', /has 1 fields/],
  ['* * L * *', /'L' is no day of the month/],
  ['-1 * * * *', /'-1' is no minute/],
  ['0 0 30 2 *', /never comes/],
  ['0 0 30,31 2 *', /never comes/],
  ['0 0 31 11 *', /never comes/],
  ['*/10000 * * * *', /'\*\/10000' is no minute/],
  ['*/x * * * *', /'\*\/x' is no minute/],
  ['*/5x * * * *', /'\*\/5x' is no minute/],
  ['x*/5 * * * *', /'x\*\/5' is no minute/],
  ['*5 * * * *', /'\*5' is no minute/],
  ['*-5 * * * *', /'\*-5' is no minute/],
  ['5- * * * *', /'5-' is no minute/],
  ['5-9-10 * * * *', /'5-9-10' is no minute/],
  ['5-60 * * * *', /'5-60' is no minute/],
  ['1a * * * *', /'1a' is no minute/],
  ['a1 * * * *', /'a1' is no minute/],
  ['jan * * * *', /'jan' is no minute \(0 to 59; \*,/],
  ['* * * anuary *', /'anuary' is no month \(1 to 12, or jan to dec; /],
  ['* * * 0 *', /'0' is no month/],
  ['* * * dec-jan *', /'dec-jan' is no month/],
  ['* * 32 * *', /'32' is no day of the month/],
  ['0 0 31 apr,jun *', /never comes/],
];
for (const [schedule, because] of refused)
  test(`refuses '${schedule}'`, () => {
    assert.throws(
      () => parseSchedule(schedule),
      (error) => error instanceof ScheduleError && because.test(error.message),
    );
  });

test('a schedule’s values are those of its fields', () => {
  const { minutes, hours, days, months, weekdays } = parseSchedule('3,1-2 */12 31 jan-mar,12 mon,6');
  const values = [minutes, hours, days, months, weekdays].map((field) => [...field]);
  assert.deepEqual(values, [[3, 1, 2], [0, 12], [31], [1, 2, 3, 12], [1, 6]]);
});

test('nothing is due before a bound that has passed, nor on a day that ends before it', () => {
  const every = parseSchedule('0 12 * * *');
  const due = (after: string, until: string) =>
    [...occurrencesBetween(every, new Date(after), new Date(until))].map((time) =>
      time.toISOString().slice(5, 13),
    );
  assert.deepEqual(due('2026-01-01T13:00Z', '2026-01-02T11:59Z'), []);
  assert.deepEqual(due('2026-01-01T12:00Z', '2026-01-02T12:00Z'), ['01-02T12']);
  assert.deepEqual(due('2026-01-01T11:59Z', '2026-01-01T12:00Z'), ['01-01T12']);
  assert.deepEqual(due('2026-01-01T00:00Z', '2026-01-03T00:00Z'), ['01-01T12', '01-02T12']);
  assert.deepEqual(due('2026-01-02T00:00Z', '2026-01-01T00:00Z'), []);
});

test('whatever is sent as a schedule is read or refused, and nothing else', () => {
  const field = fc.stringMatching(/^[0-9*,/a-z-]{1,8}$/);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.tuple(field, field, field, field, field).map((parts) => parts.join(' ')),
      ),
      (text) => {
        try {
          parseSchedule(text);
        } catch (error) {
          assert.ok(error instanceof ScheduleError);
        }
      },
    ),
  );
});

test.run();
