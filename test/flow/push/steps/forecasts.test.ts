import assert from 'node:assert/strict';
import { test } from 'uvu';
import { forecast, forecastImage } from '../../../../shared/flow/push/forecast.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import type { World } from '../../../worlds/world.ts';
import { base, callsOf, pushWorld, registry, taskOn } from './pushWorld.ts';

const made = (name: string) => `appacr.azurecr.io/${name}:1`;
/** So many tasks that are built on the image. */
const many = (count: number, change: Partial<TaskState> = {}) =>
  Array.from({ length: count }, (_, at) => taskOn(`app${at}`, [base], change));
/** So many tasks, each built on what the one before makes; what the last one makes nobody is built on. */
const chain = (count: number, isEndMade = true) =>
  Array.from({ length: count }, (_, at) =>
    taskOn(`app${at}`, [at === 0 ? base : made(`app${at - 1}`)], {
      outputs: at < count - 1 || isEndMade ? [made(`app${at}`)] : [],
    }),
  );
const diamond = [
  taskOn('mid', [base], { outputs: [made('mid')] }),
  taskOn('app', [base, made('mid')]),
  taskOn('aside', ['docker.io/library/other:1']),
];

/** Each: the tasks, what a push rebuilds, wave by wave, and the rows of images and of tasks that are read one by one. */
const reads: [
  title: string,
  states: TaskState[],
  waves: number[],
  images: number,
  tasks: number,
  whole?: true,
][] = [
  ['no task', [], [], 1, 0],
  ['one task', many(1), [1], 1, 1],
  ['nine tasks are ten calls', many(9), [9], 1, 9],
  ['ten tasks are one call too many', many(10), [10], 1, 0, true],
  ['five tasks one on the other, ten calls', chain(5, false), [1, 1, 1, 1, 1], 5, 5],
  ['five whose last image is looked at too', chain(5), [1, 1, 1, 1, 1], 5, 5, true],
  [
    'four that make six images, ten calls',
    [...chain(3), taskOn('more', [base], { outputs: [made('a'), made('b')] })],
    [2, 1, 1],
    6,
    4,
  ],
  ['one that is built on two of the images is read once', diamond, [1, 1], 2, 2],
];
for (const [title, states, waves, images, tasks, whole] of reads)
  test(`a forecast reads what is below the image: ${title}`, async () => {
    const world = await pushWorld(states);
    const calls = callsOf(world, 'imageEdges', 'state', 'states');
    const plan = await forecast([base], world.ports);
    assert.deepEqual(
      plan.waves.map((wave) => wave.tasks.length),
      waves,
    );
    assert.deepEqual(plan.skipped, []);
    const count = (name: string) => calls.filter((call) => call.name === name).length;
    // One call for the states of each of two registries, where not all are asked for one by one.
    assert.deepEqual([count('imageEdges'), count('state'), count('states')], [images, tasks, whole ? 2 : 0]);
  });

test('a task that is gone is in no forecast, one whose row cannot be read is named', async () => {
  const world = await pushWorld(many(3));
  const { store } = world.ports;
  const state: typeof store.state = async (of, task) => {
    if (task === 'app0') return undefined;
    if (task === 'app1') throw new UnreadableError('cut short');
    return store.state(of, task);
  };
  world.ports.store = { ...store, state };
  const plan = await forecast([base], world.ports);
  assert.deepEqual(
    plan.waves.map(({ tasks }) => tasks.map(({ task }) => task)),
    [['app2']],
  );
  assert.deepEqual(plan.skipped, [{ registry, task: 'app1', reason: 'cut short' }]);
});

test('a store that is away is told of', async () => {
  const world = await pushWorld(many(1));
  const away = new TypeError('away');
  world.ports.store = { ...world.ports.store, state: () => Promise.reject(away) };
  await assert.rejects(forecast([base], world.ports), away);
});

/** Each: how many tasks are rebuilt and how many are skipped, and whether the answer says that there is none. */
const messages: [title: string, states: TaskState[], rebuilt: number, skipped: number, says: boolean][] = [
  ['one is rebuilt', many(1), 1, 0, false],
  ['one is disabled', many(1, { enabled: false }), 0, 1, false],
  [
    'one is rebuilt and one is disabled',
    [...many(1), taskOn('off', [base], { enabled: false })],
    1,
    1,
    false,
  ],
  ['none is built on it', [taskOn('app', ['docker.io/library/other:1'])], 0, 0, true],
];
for (const [title, states, rebuilt, skipped, says] of messages)
  test(`a forecast of an image says in a sentence that no task is built on it: ${title}`, async () => {
    const { ports }: World = await pushWorld(states);
    const plan = await forecastImage({ loginServer: 'baseacr.azurecr.io' }, 'base:1', ports);
    assert.deepEqual(
      [plan.waves.flatMap(({ tasks }) => tasks).length, plan.skipped.length],
      [rebuilt, skipped],
    );
    const none = `No task is known to be built from ${base}. A task is known by what its last run was built from.`;
    assert.equal(plan.message, says ? none : undefined);
    assert.equal(plan.tooMany, false);
  });

test.run();
