import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Pin, Run } from '../../shared/model/run.ts';
import type { OpenRun, Slots, TaskState } from '../../shared/model/state.ts';
import {
  inputsOf,
  withAside,
  withBack,
  withEnded,
  withoutOpen,
  withoutRunning,
  withoutSkipped,
  withPinned,
  withQueued,
  withRunning,
  withSkipped,
  withUnread,
} from '../../shared/rules/taskState.ts';
import { sampleRun, sampleState } from '../doubles/storeContract.ts';

const image = 'baseacr.azurecr.io/base:1';
const pins = (digest: string): Pin[] => [{ image, type: 'RunTime', digest }];
const at = '2026-11-23T10:00:00.000Z';
const reading = (digest: string) => ({ pins: pins(digest), pinnedAt: at });
const run = (runId: string, change: Partial<Run> = {}): Run => ({ ...sampleRun('appacr', runId), ...change });
const pinnedOn = (state: TaskState, runId: string, digest: string) =>
  withPinned(withQueued(state, run(runId)), runId, reading(digest));
const ended = (state: TaskState, runId: string, status: Run['status'], digest: string) =>
  withEnded(pinnedOn(state, runId, digest), run(runId, { status }), reading(digest));
const fresh = sampleState('appacr', 'app-1');

test('a pinned run sets the base images of the task before it has ended', () => {
  const state = pinnedOn(fresh, 'ca1', 'one');
  assert.deepEqual(state.bases, [{ image, type: 'RunTime', digest: 'one', pinnedAt: at }]);
  assert.equal(state.open[0]!.phase, 'Pinned');
  assert.equal(state.built, undefined);
});

test('only a run that succeeded says what the task was built on', () => {
  const once = ended(fresh, 'ca1', 'Succeeded', 'one');
  assert.deepEqual(once.built, { runId: 'ca1', pins: pins('one') });
  const twice = ended(once, 'ca2', 'Failed', 'two');
  assert.equal(twice.built!.runId, 'ca1');
  assert.equal(twice.bases[0]!.digest, 'two');
  assert.deepEqual(twice.open, []);
});

test('failures are counted for the same inputs in a row', () => {
  let state = ended(fresh, 'ca1', 'Failed', 'one');
  assert.equal(state.last!.failures, 1);
  state = ended(state, 'ca2', 'Timeout', 'one');
  assert.equal(state.last!.failures, 2);
  state = ended(state, 'ca3', 'Failed', 'two');
  assert.equal(state.last!.failures, 1);
  state = ended(state, 'ca4', 'Succeeded', 'two');
  assert.equal(state.last!.failures, 0);
});

test('a run that builds something else leaves no trace but that it was the newest', () => {
  const overridden = run('ca1', { overrides: { arguments: [], values: [], target: 'debug' } });
  const open = withPinned(withQueued(fresh, overridden), 'ca1', reading('one'));
  assert.deepEqual(withEnded(open, { ...overridden, status: 'Succeeded' }, reading('one')), {
    ...fresh,
    newest: 'ca1',
  });
});

test('a run that failed before it read its digests has tried what its trigger names', () => {
  const known = ended(fresh, 'ca1', 'Succeeded', 'one');
  const images = [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest: 'two' }];
  const trigger = { id: 'event', timestamp: at, images };
  const failed = run('ca2', { status: 'Failed', imageUpdateTrigger: trigger });
  const state = withEnded(withQueued(known, failed), failed, undefined);
  assert.equal(state.bases[0]!.digest, 'two');
  const { runId, status, inputs, failures } = state.last!;
  assert.deepEqual(
    { runId, status, inputs, failures },
    { runId: 'ca2', status: 'Failed', inputs: `${image}@two`, failures: 1 },
  );
});

test('inputs are the same in any order', () => {
  const two: Pin[] = [...pins('one'), { image: 'b/c:1', type: 'BuildTime', digest: 'three' }];
  assert.equal(inputsOf(two), `b/c:1@three ${image}@one`);
  assert.equal(inputsOf(two), inputsOf([...two].reverse()));
});

const openRun = (runId: string, phase: OpenRun['phase'] = 'Queued'): OpenRun => ({
  ...{ runId, phase, automatic: false, canonical: true },
});
const [one, two, three] = [openRun('ca1'), openRun('ca2'), openRun('ca3')];
const openState = (open: OpenRun[], aside?: OpenRun[]): TaskState => ({
  ...fresh,
  open,
  ...(aside && { aside }),
});

const moves: [title: string, found: TaskState | undefined, wanted: TaskState | undefined][] = [
  [
    'a queued run comes last, and is the newest',
    withQueued(
      openState([one]),
      run('ca2', { timerTrigger: { timerTriggerName: 't', scheduleOccurrence: at } }),
    ),
    { ...openState([one, { ...two, automatic: true }]), newest: 'ca2' },
  ],
  [
    'a run that cannot be read is set aside',
    withAside(openState([one, two]), 'ca1'),
    openState([two], [one]),
  ],
  ['and one more', withAside(openState([two, three], [one]), 'ca2'), openState([three], [one, two])],
  ['a run that is not open is not set aside', withAside(openState([one], [two]), 'ca2'), undefined],
  [
    'one that can be read again is the oldest',
    withBack(openState([two], [one]), 'ca1'),
    openState([one, two]),
  ],
  ['and others stay aside', withBack(openState([two], [three, one]), 'ca1'), openState([one, two], [three])],
  ['one that was not set aside does not come back', withBack(openState([two], [one]), 'ca2'), undefined],
  ['of a task with none aside, none comes back', withBack(openState([two]), 'ca2'), undefined],
  ['a run that goes on no more leaves', withoutOpen(openState([one, two]), 'ca1'), openState([two])],
  ['from aside too', withoutOpen(openState([one], [two, three]), 'ca2'), openState([one], [three])],
  [
    'a run whose digests are fixed takes no push any more',
    withPinned(openState([one, two]), 'ca2', undefined),
    openState([one, openRun('ca2', 'Pinned')]),
  ],
  [
    'of a run that is not there no digests are kept',
    withPinned(openState([one]), 'ca9', reading('x')),
    openState([one]),
  ],
  [
    'one that was set aside comes back as its digests are fixed',
    withPinned(openState([two], [one]), 'ca1', undefined),
    openState([openRun('ca1', 'Pinned'), two]),
  ],
];
for (const [title, found, wanted] of moves) test(title, () => assert.deepEqual(found, wanted));

test('the digests of a run that builds something else are not the task’s', () => {
  const state = openState([{ ...one, canonical: false }, two]);
  assert.deepEqual(withPinned(state, 'ca1', reading('one')).bases, []);
  assert.deepEqual(
    withPinned(openState([{ ...one, canonical: false }, two]), 'ca2', reading('one')).bases.length,
    1,
  );
});

/** How a run ended, and whether its image may be there instead of the one of before. */
const endings: [
  title: string,
  change: Partial<Run>,
  phase: OpenRun['phase'],
  unsure?: true,
  pushed?: true,
][] = [
  ['at the engine, without an image', { status: 'Failed', engineRunId: 'e' }, 'Pinned'],
  ['at the engine, with no image of its', { status: 'Failed', engineRunId: 'e', outputImages: [] }, 'Pinned'],
  [
    'at the engine, with its image',
    { status: 'Failed', engineRunId: 'e', outputImages: [{ registry: 'a', repository: 'b' }] },
    ...(['Pinned', true, true] as const),
  ],
  ['cancelled at the engine', { status: 'Canceled', engineRunId: 'e' }, 'Pinned'],
  ['out of time', { status: 'Timeout', engineRunId: 'e' }, 'Pinned', true],
  ['lost at the engine', { status: 'Error', engineRunId: 'e' }, 'Pinned', true],
  ['before the engine told its name', { status: 'Failed' }, 'Pinned', true],
  ['before it had its digests', { status: 'Failed' }, 'Queued'],
  [
    'well',
    { status: 'Succeeded', engineRunId: 'e', outputImages: [{ registry: 'a', repository: 'b' }] },
    'Pinned',
  ],
];
for (const [title, change, phase, unsure, pushed] of endings)
  test(`a run that ended ${title} leaves ${unsure ? 'a doubt' : 'no doubt'}`, () => {
    for (const before of [undefined, true] as const) {
      const state = { ...openState([openRun('ca1', phase)]), ...(before && { unsure: before }) };
      const after = withEnded(state, run('ca1', change), reading('one'));
      const isSure = change.status === 'Succeeded' || !(unsure || before);
      assert.deepEqual(after.unsure, isSure ? undefined : true);
      assert.equal('unsure' in after, !isSure);
      assert.equal(after.last!.pushed, pushed);
      assert.equal('pushed' in after.last!, pushed === true);
    }
  });

test('a run that ended while it was set aside counts', () => {
  const after = withEnded(openState([], [one]), run('ca1', { status: 'Succeeded' }), reading('one'));
  assert.equal(after.built?.runId, 'ca1');
  assert.equal(after.aside, undefined);
});

test('a run of which the task knows nothing changes nothing', () => {
  const state = openState([two], [three]);
  assert.deepEqual(withEnded(state, run('ca1', { status: 'Succeeded' }), reading('one')), state);
});

test('a run that read nothing and has no trigger changes nothing but that it is gone', () => {
  const state = { ...openState([one]), bases: [{ ...pins('one')[0]!, pinnedAt: at }] };
  assert.deepEqual(withEnded(state, run('ca1', { status: 'Canceled' }), undefined), { ...state, open: [] });
});

test('what a trigger names is tried, and other base images stay as they are', () => {
  const other = { image: 'other.azurecr.io/x', type: 'RunTime' as const, digest: 'o', pinnedAt: at };
  const untagged = { ...other, image: 'third.azurecr.io/x' };
  const bases = [{ ...pins('one')[0]!, pinnedAt: at }, other, untagged];
  const later = '2026-11-23T11:00:00.000Z';
  const images = [
    { registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest: 'two' },
    { registry: 'other.azurecr.io', repository: 'z', tag: '1', digest: 'p' },
    { registry: 'third.azurecr.io', repository: 'x', digest: 'q' },
  ];
  const failed = run('ca1', { status: 'Failed', imageUpdateTrigger: { id: 'e', timestamp: later, images } });
  assert.deepEqual(withEnded({ ...openState([one]), bases }, failed, undefined).bases, [
    { ...bases[0]!, digest: 'two', pinnedAt: later },
    other,
    { ...untagged, digest: 'q', pinnedAt: later },
  ]);
});

for (const [title, change, seconds] of [
  ['half a minute', { startTime: at, finishTime: '2026-11-23T10:00:30.500Z' }, 30.5],
  ['less than nothing, by clocks that differ', { startTime: at, finishTime: '2026-11-23T09:00:00.000Z' }, 0],
  ['an unknown time, without its start', { finishTime: at }, undefined],
  ['an unknown time, without its end', { startTime: at }, undefined],
] as const)
  test(`a run that took ${title}`, () => {
    const done = run('ca1', { status: 'Succeeded', ...change });
    const { built } = withEnded(openState([one]), done, reading('one'));
    assert.deepEqual(built, { runId: 'ca1', pins: pins('one'), ...(seconds !== undefined && { seconds }) });
  });

test('what is kept of a run beside', () => {
  const after = withEnded(
    openState([one]),
    run('ca1', { status: 'Failed', lastUpdatedTime: at }),
    reading('one'),
  );
  const inputs = `${image}@one`;
  assert.deepEqual(after.last, {
    runId: 'ca1',
    status: 'Failed',
    inputs,
    failures: 1,
    automatic: false,
    endedAt: at,
  });
  assert.equal('built' in after, false);
});

test('a success between them begins the count anew', () => {
  const failed = ended(ended(fresh, 'ca1', 'Failed', 'one'), 'ca2', 'Succeeded', 'one');
  assert.equal(
    ended({ ...failed, last: { ...failed.last!, failures: 7 } }, 'ca3', 'Failed', 'one').last!.failures,
    1,
  );
});

const slots = (change: Partial<Slots> = {}): Slots => ({ registry: 'appacr', running: ['ca1'], ...change });
const paces: [title: string, found: Slots, wanted: Slots][] = [
  ['a run that starts takes a slot', withRunning(slots(), 'ca2'), slots({ running: ['ca1', 'ca2'] })],
  [
    'one that ends leaves it',
    withoutRunning(slots({ running: ['ca1', 'ca2'] }), 'ca1'),
    slots({ running: ['ca2'] }),
  ],
  ['one that ends is looked at no more', withoutRunning(slots({ unread: ['ca2'] }), 'ca2'), slots()],
  [
    'others are still looked at',
    withoutRunning(slots({ unread: ['ca2', 'ca3'] }), 'ca2'),
    slots({ unread: ['ca3'] }),
  ],
  [
    'one that cannot be read leaves its slot, and is looked at',
    withUnread(slots({ running: ['ca1', 'ca2'], unread: ['ca3'] }), 'ca1'),
    slots({ running: ['ca2'], unread: ['ca3', 'ca1'] }),
  ],
  ['the first that cannot be read', withUnread(slots(), 'ca1'), slots({ running: [], unread: ['ca1'] })],
  [
    'one that cannot be read twice is looked at once',
    withUnread(slots({ running: [], unread: ['ca1'] }), 'ca1'),
    slots({ running: [], unread: ['ca1'] }),
  ],
  ['a queued one is passed over', withSkipped(slots(), 'ca2'), slots({ skipped: ['ca2'] })],
  ['once', withSkipped(slots({ skipped: ['ca2'] }), 'ca2'), slots({ skipped: ['ca2'] })],
  ['until it can be read', withoutSkipped(slots({ skipped: ['ca2'] }), 'ca2'), slots()],
  [
    'others still are',
    withoutSkipped(slots({ skipped: ['ca2', 'ca3'] }), 'ca2'),
    slots({ skipped: ['ca3'] }),
  ],
  ['one that was not passed over', withoutSkipped(slots(), 'ca2'), slots()],
];
for (const [title, found, wanted] of paces) test(title, () => assert.deepEqual(found, wanted));

test.run();
