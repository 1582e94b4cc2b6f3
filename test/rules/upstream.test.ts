import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { OpenRun, TaskState, TrackedBase } from '../../shared/model/state.ts';
import { CycleError, type Makers, type Upstream, upstreamOf } from '../../shared/rules/upstream.ts';
import { sampleState } from '../doubles/storeContract.ts';

const minute = (number: number) => new Date(Date.UTC(2026, 10, 23, 10, number)).toISOString();
/** `image@digest/minute`; the digest 1 of minute 0 where it is not said, `?` in front of an image of a stage. */
const base = (text: string): TrackedBase => {
  const [, stage, image = '', digest = '1', at = '0'] = /^(\??)(\w+)(?:@(\w+)\/(\d+))?$/.exec(text)!;
  return { image, type: stage ? 'BuildTime' : 'RunTime', digest, pinnedAt: minute(Number(at)) };
};
/** A task that makes the image of its own name. */
const task = (name: string, bases: string, change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState('appacr', name),
  outputs: [name],
  bases: bases.split(' ').filter(Boolean).map(base),
  ...change,
});
const open = (...runIds: string[]): Partial<TaskState> => ({
  open: runIds.map((runId): OpenRun => {
    const aside = runId.startsWith('~');
    return { runId: runId.replace('~', ''), phase: 'Queued', automatic: true, canonical: !aside };
  }),
});
const ended = (status: 'Failed' | 'Succeeded' | 'Canceled'): Partial<TaskState> => ({
  last: { runId: 'ca1', status, inputs: '', failures: 1, automatic: true, endedAt: minute(1) },
});

/** The graph as the store has it: of each image, those who make it; the task itself left out. */
function graphOf(state: TaskState, others: TaskState[]): Makers {
  const of = new Map<string, TaskState[]>();
  for (const maker of others)
    for (const image of maker.outputs) of.set(image, [...(of.get(image) ?? []), maker]);
  return { of, own: new Set(state.outputs), unread: [] };
}

const move = (image: string, digest: string, at: number) => ({ image, digest, timestamp: minute(at) });
const sentence = (sentences: string) => `waits for ${sentences}: it is built on what they make`;
const failure = 'appacr/base makes a base image, and its newest run ca1 ended Failed';

interface Row {
  title: string;
  state: TaskState;
  others: TaskState[];
  /** The digests that the run has read. */
  reading?: string;
  comes?: Partial<Upstream>;
}
const rows: Row[] = [
  { title: 'waits for nothing where nothing is upstream', state: task('app', 'os'), others: [] },
  {
    title: 'waits for nothing where nothing is open',
    state: task('app', 'base'),
    others: [task('base', 'os')],
  },
  {
    title: 'waits for the maker of its base image',
    state: task('app', 'base'),
    others: [task('base', 'os', open('ca1'))],
    comes: { open: { runs: ['appacr/ca1'], reason: sentence('ca1 of appacr/base') } },
  },
  {
    title: 'waits for all runs of a maker but those that build something else',
    state: task('app', 'base'),
    others: [task('base', 'os', open('ca1', '~ca2', 'ca3'))],
    comes: { open: { runs: ['appacr/ca1', 'appacr/ca3'], reason: sentence('ca1, ca3 of appacr/base') } },
  },
  {
    title: 'waits for no run that builds something else',
    state: task('app', 'base'),
    others: [task('base', 'os', open('~ca2'))],
  },
  {
    title: 'waits for what is further up too, the nearest last',
    state: task('app', 'mid'),
    others: [
      task('mid', 'base', { ...open('ca2'), outputs: ['mid', 'more'] }),
      task('base', 'os', open('ca1')),
    ],
    comes: {
      open: {
        runs: ['appacr/ca1', 'appacr/ca2'],
        reason: sentence('ca1 of appacr/base and ca2 of appacr/mid'),
      },
    },
  },
  {
    title: 'waits for the maker of a stage, which would not start it',
    state: task('app', 'os ?base'),
    others: [task('base', 'os', open('ca1'))],
    comes: { open: { runs: ['appacr/ca1'], reason: sentence('ca1 of appacr/base') } },
  },
  {
    title: 'waits for a task that is named twice once',
    state: task('app', 'left right'),
    others: [
      task('left', 'base'),
      task('right', 'base'),
      task('base', 'os', { ...open('ca1'), outputs: ['base', 'left'] }),
    ],
    comes: { open: { runs: ['appacr/ca1'], reason: sentence('ca1 of appacr/base') } },
  },
  {
    title: 'does not wait for one that is built on it in turn by a stage',
    state: task('app', 'os ?cache'),
    others: [task('cache', '?app', open('ca1'))],
  },
  {
    title: 'waits for one whose push starts it, though that is built on it in turn by a stage',
    state: task('app', 'cache'),
    others: [task('cache', '?app', open('ca1'))],
    comes: { open: { runs: ['appacr/ca1'], reason: sentence('ca1 of appacr/cache') } },
  },
  {
    title: 'waits for nothing of two that are built on each other',
    state: task('app', 'x'),
    others: [task('x', 'y'), task('y', 'x')],
  },
  {
    title: 'tells of it, whichever of them is the first',
    state: task('app', 'left right'),
    others: [task('left', 'os@1/1'), task('right', 'os@2/5')],
    comes: { unheard: [move('os', '2', 5)] },
  },
  {
    title: 'says which of them failed',
    state: task('app', 'base mid'),
    others: [task('base', 'os', ended('Failed')), task('mid', 'os', ended('Succeeded'))],
    comes: { failed: [failure] },
  },
  {
    title: 'says nothing of one that a person cancelled',
    state: task('app', 'base'),
    others: [task('base', 'os', ended('Canceled'))],
  },
  {
    title: 'has read a digest that one above was not notified of',
    state: task('app', 'base os'),
    others: [task('base', 'os@1/1')],
    reading: 'base os@2/5',
    comes: { unheard: [move('os', '2', 5)] },
  },
  {
    title: 'has read what one above was built on',
    state: task('app', 'base os'),
    others: [task('base', 'os@2/1')],
    reading: 'base os@2/5',
  },
  {
    title: 'has read what one above read later',
    state: task('app', 'base os'),
    others: [task('base', 'os@2/6')],
    reading: 'base os@1/5',
  },
  {
    title: 'tells nobody of a move of what no task above is built on',
    state: task('app', 'base other'),
    others: [task('base', 'os')],
    reading: 'base other@2/5',
  },
  {
    title: 'tells nobody of what it has not read now',
    state: task('app', 'base os@2/5'),
    others: [task('base', 'os@1/1')],
  },
  {
    title: 'tells of what one above has built on and another was not notified of',
    state: task('app', 'left right'),
    others: [task('left', 'os@2/5'), task('right', 'os@1/1')],
    comes: { unheard: [move('os', '2', 5)] },
  },
];
for (const { title, state, others, reading, comes } of rows)
  test(`a task ${title}`, () => {
    const images = state.bases.map(({ image }) => image);
    const read = reading?.split(' ').map(base);
    const newest = read?.map(({ pinnedAt }) => pinnedAt).sort();
    const pinned = read && {
      pins: read.map(({ image, type, digest }) => ({ image, type, digest })),
      pinnedAt: newest!.at(-1)!,
    };
    assert.deepEqual(upstreamOf(state, images, graphOf(state, others), pinned), {
      ...{ open: undefined, unheard: [], failed: [] },
      ...comes,
    });
  });

test('what cannot be read is named before what failed', () => {
  const state = task('app', 'base');
  const graph = { ...graphOf(state, [task('base', 'os', ended('Failed'))]), unread: ['x cannot be read'] };
  assert.deepEqual(upstreamOf(state, ['base'], graph).failed, ['x cannot be read', failure]);
});

test('a run that has read other base images waits for the makers of those', () => {
  const state = task('app', 'os');
  const graph = graphOf(state, [task('base', 'os', open('ca1'))]);
  const reading = { pins: [{ image: 'base', type: 'RunTime' as const, digest: '1' }], pinnedAt: minute(5) };
  assert.deepEqual(upstreamOf(state, ['base'], graph, reading).open?.runs, ['appacr/ca1']);
});

const cycles: [title: string, state: TaskState, others: TaskState[], path: RegExp][] = [
  ['its own image', task('app', 'app'), [], /^appacr\/app is built on appacr\/app\. Every rebuild/],
  [
    'what is built on it',
    task('app', 'base'),
    [task('base', 'app')],
    /^appacr\/app is built on appacr\/base is built on appacr\/app\. /,
  ],
  [
    'what is built on that, over others',
    task('app', 'os mid'),
    [task('mid', 'base'), task('base', 'os app')],
    /^appacr\/app is built on appacr\/mid is built on appacr\/base is built on appacr\/app\. /,
  ],
];
for (const [title, state, others, path] of cycles)
  test(`a task whose base image is ${title} is refused`, () => {
    const images = state.bases.map(({ image }) => image);
    assert.throws(
      () => upstreamOf(state, images, graphOf(state, others)),
      (error) => error instanceof CycleError && path.test(error.message),
    );
  });

for (const [title, state, others] of [
  ['a stage of its own last image', task('app', 'os ?app'), []],
  ['its own image, while its trigger is disabled', task('app', 'app', { trigger: 'Disabled' }), []],
  ['what is built on it by a stage', task('app', 'base'), [task('base', '?app')]],
  [
    'what is built on it while that is disabled',
    task('app', 'base'),
    [task('base', 'app', { enabled: false })],
  ],
] as [string, TaskState, TaskState[]][])
  test(`a task on ${title} comes round to nothing`, () => {
    const images = state.bases.map(({ image }) => image);
    assert.equal(upstreamOf(state, images, graphOf(state, others)).open, undefined);
  });

test.run();
