import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { TaskState } from '../../shared/model/state.ts';
import { waveSeconds, wavesOf } from '../../shared/rules/waves.ts';
import { sampleState } from '../doubles/storeContract.ts';

/** A task that makes the image of its own name. */
const task = (name: string, ...bases: string[]): TaskState => ({
  ...sampleState('appacr', name),
  outputs: [name],
  bases: bases.map((image) => ({
    image,
    type: 'RunTime',
    digest: 'sha256:1',
    pinnedAt: '2026-11-23T10:00:00.000Z',
  })),
});

for (const [title, tasks, waves] of [
  ['nothing is rebuilt in no wave', [], []],
  ['tasks on the image that moves are one wave', [task('a', 'base'), task('b', 'base')], [['a', 'b']]],
  ['a chain is a wave for each', [task('c', 'b'), task('b', 'a'), task('a', 'base')], [['a'], ['b'], ['c']]],
  [
    'a task starts after the last producer of its base images',
    [task('a', 'base'), task('b', 'a'), task('c', 'base', 'a', 'b')],
    [['a'], ['b'], ['c']],
  ],
  [
    'a diamond is three waves',
    [task('top', 'base'), task('left', 'top'), task('right', 'top'), task('end', 'left', 'right')],
    [['top'], ['left', 'right'], ['end']],
  ],
  ['a base that nobody rebuilds is not waited for', [task('a', 'base', 'other')], [['a']]],
  ['nobody waits for the image that has moved', [task('base', 'base'), task('a', 'base')], [['base', 'a']]],
  ['a task whose own last image is its cache is in one wave', [task('a', 'base', 'a')], [['a']]],
  [
    'two that are built on each other are rebuilt once each',
    [task('a', 'base', 'b'), task('b', 'a')],
    [['b'], ['a']],
  ],
  [
    'what two tasks make comes after both',
    [
      task('c', 'x'),
      { ...task('a', 'base'), outputs: ['x'] },
      task('b', 'a2'),
      { ...task('a2', 'base'), outputs: ['a2', 'y'] },
      { ...task('b2', 'y'), outputs: ['x'] },
    ],
    [['a', 'a2'], ['b', 'b2'], ['c']],
  ],
] as [string, TaskState[], string[][]][])
  test(title, () => {
    const found = wavesOf(
      ['base'],
      tasks.map((state) => ({ state })),
    );
    assert.deepEqual(
      found.map((wave) => wave.map(({ state }) => state.task)),
      waves,
    );
  });

const took = (registry: string, seconds?: number): TaskState => ({
  ...sampleState(registry, 'app'),
  built: { runId: 'ca1', pins: [], ...(seconds !== undefined && { seconds }) },
});
for (const [title, wave, runsAtOnce, seconds] of [
  ['a wave of which nothing was built takes unknown time', [took('one'), took('one')], 1, undefined],
  ['a wave takes as long as its longest task', [took('one', 10), took('one', 60)], 10, 60],
  ['a registry does a few at a time', [took('one', 40), took('one', 60)], 1, 100],
  ['registries work beside one another', [took('one', 40), took('two', 60)], 1, 60],
  [
    'a task that was never built takes what the others take on average',
    [took('one', 40), took('one')],
    1,
    80,
  ],
  ['a registry does two at a time', [took('one', 40), took('one', 60), took('one', 60)], 2, 80],
  [
    'of which nothing was built takes what the others take on average',
    [took('one', 40), took('one', 60), sampleState('one', 'new')],
    1,
    150,
  ],
  ['part of a second is rounded', [took('one', 40.6)], 1, 41],
  ['an empty wave takes unknown time', [], 1, undefined],
] as [string, TaskState[], number, number | undefined][])
  test(title, () => assert.equal(waveSeconds(wave, runsAtOnce), seconds));

test.run();
