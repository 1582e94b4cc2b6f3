import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Run } from '../../../shared/model/run.ts';
import type { OpenRun } from '../../../shared/model/state.ts';
import { aheadInTask, isBeforeItsTime, mayStart, movesToTell } from '../../../shared/rules/queue/mayStart.ts';
import type { Upstream } from '../../../shared/rules/upstream.ts';
import { sampleRun, sampleState } from '../../doubles/storeContract.ts';

const now = new Date('2026-11-23T10:00:00.000Z');
const [past, future] = ['2026-11-23T09:59:59.000Z', '2026-11-23T10:00:01.000Z'];
const timerTrigger = { timerTriggerName: 'nightly', scheduleOccurrence: past };
const byHand = sampleRun('appacr', 'ca9', 'app');
const automatic: Run = { ...byHand, timerTrigger };
const waitsUntil = (nextTry: string): Run => ({
  ...sampleRun('appacr', 'ca8', 'app'),
  timerTrigger,
  waitingFor: { runs: [], images: [], reason: 'waits', nextTry },
});

const waitsForAsker = (givenUpAt: string): Run => ({
  ...waitsUntil(past),
  waitingFor: { runs: ['appacr/ca1'], images: [], reason: 'waits', server: 'baseacr.azurecr.io', givenUpAt },
});

const open = (runId: string, more: Partial<OpenRun> = {}): OpenRun => ({
  runId,
  phase: 'Queued',
  automatic: true,
  canonical: true,
  ...more,
});
const itself = open('ca9');
const byHandQueued = open('ca8', { automatic: false });
const busy = open('ca7', { phase: 'Pinned' });
const aside = open('ca7', { phase: 'Pinned', canonical: false });
const nothing: Upstream = { open: undefined, unheard: [], failed: [] };
const rebuilt: Upstream = {
  ...nothing,
  open: { runs: ['baseacr/ca1'], reason: 'waits for ca1 of baseacr/base: it is built on what they make' },
};
const failed: Upstream = { ...nothing, failed: ['baseacr/base failed'] };

interface Row {
  title: string;
  run: Run;
  open?: OpenRun[];
  runsPerTask?: number;
  queued?: Run;
  above?: Upstream;
  waitsFor?: string[];
  notes?: string[];
}

const rows: Row[] = [
  { title: 'a run alone in its task starts', run: automatic },
  {
    title: 'an automatic run waits for the one under way',
    run: automatic,
    open: [busy, itself],
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'an automatic run waits for the one under way, also where the task may have more',
    run: automatic,
    open: [busy, itself],
    runsPerTask: 2,
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'an automatic run waits for no run that builds something else, where the task may have more',
    run: automatic,
    open: [aside, itself],
    runsPerTask: 2,
  },
  {
    title: 'an automatic run waits for any run where the task may have no more',
    run: automatic,
    open: [aside, itself],
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'a run by hand waits where the task may have no more',
    run: byHand,
    open: [busy, open('ca9', { automatic: false })],
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'a run by hand starts beside another where the task may have more',
    run: byHand,
    open: [busy, open('ca9', { automatic: false })],
    runsPerTask: 2,
  },
  {
    title: 'a run by hand does not wait for an automatic one that is queued',
    run: byHand,
    open: [open('ca8'), open('ca9', { automatic: false })],
  },
  {
    title: 'a run follows the one queued before it',
    run: automatic,
    open: [busy, open('ca8'), itself],
    queued: waitsUntil(past),
    waitsFor: ['appacr/ca8'],
  },
  {
    title: 'a run goes before one whose time has not come',
    run: automatic,
    open: [open('ca8'), itself],
    queued: waitsUntil(future),
  },
  {
    title: 'a run goes before one that waits for who asks a server',
    run: automatic,
    open: [open('ca8'), itself],
    queued: waitsForAsker(future),
  },
  {
    title: 'a run follows one whose last try is due, and which waits for who asks a server no more',
    run: automatic,
    open: [open('ca8'), itself],
    queued: waitsForAsker(past),
    waitsFor: ['appacr/ca8'],
  },
  {
    title: 'a run whose forerunner has started waits for what is under way',
    run: automatic,
    open: [busy, open('ca8'), itself],
    queued: { ...waitsUntil(past), status: 'Started' },
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'a run whose forerunner is gone starts where nothing is under way',
    run: automatic,
    open: [open('ca8'), itself],
  },
  {
    title: 'an automatic run waits for what is upstream of it',
    run: automatic,
    above: rebuilt,
    waitsFor: ['baseacr/ca1'],
  },
  { title: 'a run by hand does not wait for what is upstream of it', run: byHand, above: rebuilt },
  {
    title: 'a run starts on what there is where a base image failed, and says so',
    run: automatic,
    above: failed,
    notes: ['Warning: baseacr/base failed. Built on what there is.'],
  },
  {
    title: 'a run waits for its own task before what is upstream of it',
    run: automatic,
    open: [busy, itself],
    above: rebuilt,
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'a run says nothing of a base image that failed while another is being built',
    run: automatic,
    above: { ...rebuilt, ...{ failed: ['baseacr/other failed'] } },
    waitsFor: ['baseacr/ca1'],
  },
  {
    title: 'a run by hand starts on what there is where a base image failed, and says so',
    run: byHand,
    above: failed,
    notes: ['Warning: baseacr/base failed. Built on what there is.'],
  },
  {
    title: 'a run by hand follows another by hand that is queued before it',
    run: byHand,
    open: [byHandQueued, open('ca9', { automatic: false })],
    queued: sampleRun('appacr', 'ca8', 'app'),
    waitsFor: ['appacr/ca8'],
  },
  {
    title: 'a run by hand waits for all under way where the task may have no more',
    run: byHand,
    open: [aside, { ...aside, runId: 'ca6' }, open('ca9', { automatic: false })],
    runsPerTask: 2,
    waitsFor: ['appacr/ca7', 'appacr/ca6'],
  },
  {
    title: 'a run waits for what is under way where the one before it waits for who asks a server',
    run: automatic,
    open: [busy, open('ca8'), itself],
    queued: waitsForAsker(future),
    waitsFor: ['appacr/ca7'],
  },
  {
    title: 'a run whose forerunner was cancelled starts',
    run: automatic,
    open: [open('ca8'), itself],
    queued: { ...waitsUntil(past), status: 'Canceled' },
  },
  {
    title: 'a run follows one whose time has come now',
    run: automatic,
    open: [open('ca8'), itself],
    queued: waitsUntil(now.toISOString()),
    waitsFor: ['appacr/ca8'],
  },
];

for (const { title, run, open: runs = [itself], runsPerTask = 1, queued, above, waitsFor, notes } of rows)
  test(title, () => {
    const ahead = aheadInTask(run, { ...sampleState('appacr', 'app'), open: runs }, runsPerTask);
    const before = ahead.queued === queued?.runId ? queued : undefined;
    const decided = mayStart(run, { ahead, queued: before, now, ...(above && { above }) });
    assert.deepEqual(decided.wait?.runs, waitsFor);
    assert.deepEqual(decided.notes, notes ?? []);
    if (decided.wait) assert.match(decided.wait.reason, /^waits for /);
  });

const aheads: [title: string, open: OpenRun[], runsPerTask: number, ahead: ReturnType<typeof aheadInTask>][] =
  [
    ['nothing', [itself], 1, { underWay: [] }],
    ['the one under way', [busy, itself], 1, { underWay: ['ca7'] }],
    ['the one queued before it', [open('ca8'), itself], 1, { queued: 'ca8', underWay: [] }],
    ['none that is queued, where the task may have two', [open('ca8'), itself], 2, { underWay: [] }],
    ['both', [busy, open('ca8'), itself], 1, { queued: 'ca8', underWay: ['ca7'] }],
    ['the last of those queued', [open('ca6'), open('ca8'), itself], 1, { queued: 'ca8', underWay: [] }],
    [
      'the one queued, though another may run',
      [aside, open('ca8'), itself],
      2,
      { queued: 'ca8', underWay: [] },
    ],
    ['no run queued after it', [itself, open('caa')], 1, { underWay: [] }],
    ['no run that a person asked for', [byHandQueued, itself], 1, { underWay: [] }],
    ['nothing, where it is not in the list', [open('ca8'), open('caa')], 1, { underWay: [] }],
    [
      'all under way, one of which builds the task',
      [{ ...aside, runId: 'ca6' }, busy, itself],
      3,
      { underWay: ['ca6', 'ca7'] },
    ],
  ];
for (const [title, runs, runsPerTask, ahead] of aheads)
  test(`before an automatic run is ${title}`, () =>
    assert.deepEqual(
      aheadInTask(automatic, { ...sampleState('appacr', 'app'), open: runs }, runsPerTask),
      ahead,
    ));

const move = { image: 'baseacr.azurecr.io/base:1', digest: 'sha256:1', timestamp: past };
for (const [title, run, above, told] of [
  ['an automatic run tells those above it of moves', automatic, { ...nothing, unheard: [move] }, [move]],
  ['a run by hand tells nobody', byHand, { ...nothing, unheard: [move] }, []],
  ['a run tells nobody while it waits for those above', automatic, { ...rebuilt, unheard: [move] }, []],
] as [string, Run, Upstream, Upstream['unheard']][])
  test(title, () => assert.deepEqual(movesToTell(run, above), told));

for (const [title, run, waits] of [
  ['a run that waits for nothing has no time', byHand, false],
  ['a run is before its time', waitsUntil(future), true],
  ['a run is at its time', waitsUntil(now.toISOString()), false],
] as const)
  test(title, () => assert.equal(isBeforeItsTime(run, now), waits));

test.run();
