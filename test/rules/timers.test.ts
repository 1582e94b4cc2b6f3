import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Timer } from '../../shared/model/state.ts';
import type { TaskProperties } from '../../shared/model/task.ts';
import { dueTimers, timersOf, unreadTimers } from '../../shared/rules/timers.ts';
import { sampleState, sampleTask } from '../doubles/storeContract.ts';

const now = new Date('2026-11-23T10:00:00.000Z');
const nowText = now.toISOString();
const at = (time: string) => `2026-11-23T${time}:00.000Z`;
const timer = (schedule: string, last: string, name = 'nightly'): Timer => ({ name, schedule, last });
const hourly = '0 * * * *';

type Triggers = NonNullable<TaskProperties['trigger']>['timerTriggers'];
const defined = (...timerTriggers: NonNullable<Triggers>) => timerTriggers;
const nightly = { name: 'nightly', schedule: hourly, status: 'Enabled' as const };

const kept: [
  title: string,
  triggers: Triggers,
  before: Timer[] | undefined,
  timers: Timer[],
  status?: 'Disabled',
][] = [
  ['a new task’s timer counts from now on', defined(nightly), undefined, [timer(hourly, nowText)]],
  ['a known one goes on', defined(nightly), [timer(hourly, at('09:00'))], [timer(hourly, at('09:00'))]],
  [
    'one with another schedule counts from now on',
    defined(nightly),
    [timer('5 * * * *', at('09:05'))],
    [timer(hourly, nowText)],
  ],
  [
    'one with another name counts from now on',
    defined(nightly),
    [timer(hourly, at('09:00'), 'other')],
    [timer(hourly, nowText)],
  ],
  ['a disabled one is not watched', defined({ ...nightly, status: 'Disabled' }), undefined, []],
  ['a task without a timer has none', undefined, [timer(hourly, at('09:00'))], []],
  ['a disabled task has none', defined(nightly), [timer(hourly, at('09:00'))], [], 'Disabled'],
];
for (const [title, timerTriggers, before, timers, status = 'Enabled'] of kept)
  test(title, () => {
    const { properties } = sampleTask('appacr', 'app');
    const trigger = timerTriggers && { trigger: { timerTriggers } };
    const state = { ...sampleState('appacr', 'app'), ...(before && { timers: before }) };
    assert.deepEqual(timersOf({ ...properties, status, ...trigger }, state, now), timers);
  });

test('a task that was never stored has timers that count from now on', () => {
  const { properties } = sampleTask('appacr', 'app');
  const withTimer = { ...properties, trigger: { timerTriggers: [nightly] } };
  assert.deepEqual(timersOf(withTimer, undefined, now), [timer(hourly, nowText)]);
  assert.deepEqual(timersOf({ ...properties, trigger: {} }, undefined, now), []);
});

const due: [title: string, timers: Timer[], occurrences: string[]][] = [
  ['one whose time has come is due', [timer(hourly, at('09:00'))], [at('10:00')]],
  ['one that was dealt with is not', [timer(hourly, at('10:00'))], []],
  ['one whose time comes is not', [timer('1 10 * * *', at('09:00'))], []],
  ['of several that were missed the newest is', [timer('*/10 * * * *', at('09:05'))], [at('10:00')]],
  ['what was missed an hour ago is made up for', [timer('1 9 * * *', at('08:00'))], [at('09:01')]],
  ['what was missed longer ago is not', [timer('0 9 * * *', at('08:00'))], []],
  [
    'one that cannot be read keeps no other from it',
    [timer('x', at('08:00'), 'bad'), timer(hourly, at('09:00'))],
    [at('10:00')],
  ],
  [
    'each of several is',
    [timer(hourly, at('09:00')), timer('59 9 * * *', at('09:00'))],
    [at('10:00'), at('09:59')],
  ],
];
for (const [title, timers, occurrences] of due)
  test(title, () =>
    assert.deepEqual(
      dueTimers(timers, now).map(({ occurrence }) => occurrence.toISOString()),
      occurrences,
    ),
  );

test('a timer that cannot be read is named, with the reason', () => {
  const unread = unreadTimers([timer('x', nowText, 'bad'), timer(hourly, nowText)]);
  assert.deepEqual(
    unread.map(({ name }) => name),
    ['bad'],
  );
  assert.match(unread[0]!.why, /'x' has 1 fields/);
});

test('a fault that is not the schedule’s is not hidden', () => {
  const broken = { ...timer(hourly, nowText), schedule: undefined as never };
  assert.throws(() => dueTimers([broken], now), TypeError);
  assert.throws(() => unreadTimers([broken]), TypeError);
});

test.run();
