import assert from 'node:assert/strict';
import { test } from 'uvu';
import { graphOf, graphPage } from '../../../shared/flow/overall/graphPage.ts';
import { allStates, staleIn, whyStale } from '../../../shared/flow/overall/stale.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { HeldBase } from '../../../shared/graph/answers.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { base, callsOf, earlier, other, pushWorld, registry, taskOn, time } from '../push/steps/pushWorld.ts';

const names = ['app-1', 'app-2', 'app-3'];
const cut = new UnreadableError('a row is cut short');
const unread = { unread: ['a row is cut short'] };

/** A world of three tasks of which one may not be readable. */
async function worldOf(broken?: string) {
  const world = await pushWorld(names.map((name) => taskOn(name, [base])));
  const { store } = world.ports;
  const { state, statesPart, states } = store;
  if (broken) {
    const readable = ({ task }: TaskState) => task !== broken;
    store.state = async (of, task) => {
      if (task === broken) throw cut;
      return state(of, task);
    };
    store.statesPart = async (of, paging, tell) => {
      const part = await statesPart(of, paging);
      if (part.values.some(({ task }) => task === broken)) tell?.(cut);
      return { ...part, values: part.values.filter(readable) };
    };
    store.states = async (of, tell) => {
      const all = await states(of);
      if (of === registry) tell?.(cut);
      return all.filter(readable);
    };
  }
  return world;
}

/** Each: the task that cannot be read, the tasks that are asked for, those that are shown, and how many are read. */
const asked: [title: string, broken: string | undefined, tasks: string[], shown: string[], reads: number][] =
  [
    ['none', undefined, [], [], 0],
    ['one', undefined, ['app-2'], ['app-2'], 1],
    ['two', undefined, ['app-2', 'app-1'], ['app-2', 'app-1'], 2],
    ['one twice, in another case', undefined, ['app-1', 'APP-1'], ['app-1'], 1],
    ['one that is not there', undefined, ['app-1', 'gone'], ['app-1'], 2],
    ['one that cannot be read', 'app-2', ['app-1', 'app-2'], ['app-1'], 2],
  ];
for (const [title, broken, tasks, shown, reads] of asked)
  test(`asked for tasks, the graph shows them: ${title}`, async () => {
    const world = await worldOf(broken);
    const calls = callsOf(world, 'state');
    const { tasks: told, images, ...rest } = await graphOf(registry, tasks, world.ports);
    assert.deepEqual(
      told.map(({ task }) => task),
      shown,
    );
    assert.deepEqual(images, shown.length > 0 ? [base] : []);
    assert.deepEqual(rest, { registry, ...(broken && unread) });
    assert.equal(calls.length, reads);
  });

test('the graph fails where the store does', async () => {
  const world = await worldOf();
  world.ports.store.state = async () => {
    throw new TypeError('away');
  };
  await assert.rejects(graphOf(registry, ['app-1'], world.ports), TypeError);
});

/** Each: the task that cannot be read, the page, the tasks on it, and whether another may follow. */
const pages: [
  broken: string | undefined,
  top: number,
  after: string | undefined,
  shown: string[],
  next: boolean,
][] = [
  [undefined, 9, undefined, names, false],
  [undefined, 2, undefined, ['app-1', 'app-2'], true],
  [undefined, 2, 'app-2', ['app-3'], false],
  ['app-2', 2, undefined, ['app-1'], true],
  ['app-2', 9, 'app-2', ['app-3'], false],
];
for (const [broken, top, after, shown, more] of pages)
  test(`a page of ${top} tasks after ${after ?? 'none'} has ${shown.join(' and ')}`, async () => {
    const { ports } = await worldOf(broken);
    const { tasks, images, next, ...rest } = await graphPage(registry, { top, after }, ports);
    assert.deepEqual(
      tasks.map(({ task }) => task),
      shown,
    );
    assert.deepEqual(images, [base]);
    assert.equal(next !== undefined, more);
    assert.deepEqual(rest, { registry, ...(shown.length < 2 && !after && unread) });
  });

const newer = { digest: 'new', since: earlier, at: earlier, push: 'p1' };
const behind = (state: TaskState): TaskState => ({
  ...state,
  bases: state.bases.map((one) => ({ ...one, newer })),
});
async function staleWorld(broken?: string) {
  const world = await worldOf(broken);
  const { store } = world.ports;
  const states = [
    behind(taskOn('web', [base])),
    { ...behind(taskOn('gone', [base])), deleted: true },
    { ...behind(taskOn('elsewhere', [base])), registry: other },
  ];
  for (const value of states) await store.commit(value.registry, [{ put: 'state', value }]);
  return world;
}
const namesOf = (all: { registry: string; task: string }[]) =>
  all.map((one) => `${one.registry}/${one.task}`);

for (const broken of [undefined, 'app-2'])
  test(`all tasks of all registries but the deleted ones are read, ${broken ? 'and what is not is told' : 'once'}`, async () => {
    const world = await staleWorld(broken);
    const calls = callsOf(world, 'states');
    const all = await allStates(world.ports);
    const there = names.filter((name) => name !== broken).map((name) => `${registry}/${name}`);
    assert.deepEqual(namesOf(all.states), [...there, `${registry}/web`, `${other}/elsewhere`]);
    assert.deepEqual(all.unread, broken ? unread.unread : []);
    assert.equal(calls.length, 2);
  });

const held: HeldBase = {
  ...{ image: base, digest: 'newest', since: time, because: 'paused' },
  reason: 'it is paused: frozen',
};
for (const [title, because, says] of [
  ['nothing is held', 'notStarted', /no run was started for it/],
  ['its base image is paused', 'held', /is paused: frozen/],
  ['it is paused itself', 'held', /is paused: moving/],
] as const)
  test(`a task with a newer digest is told of, where ${title}`, async () => {
    const { ports } = await staleWorld();
    const all = await allStates(ports);
    const terms = [
      title === 'its base image is paused' ? [held] : [],
      title === 'it is paused itself' ? [{ tasks: 'appacr/web', pause: 'moving' }] : [],
    ] as const;
    const isHeldBase = title === 'its base image is paused';
    const { value, unread: left } = staleIn(registry, all, ...terms);
    // With a paused base image all that are built on it wait.
    assert.deepEqual(
      value.filter((one) => one.task === 'web').map((one) => one.because),
      [because],
    );
    assert.ok(value.every((one) => one.registry === registry));
    assert.equal(value.length, isHeldBase ? 4 : 1);
    assert.deepEqual(left, []);
    const why = whyStale({ registry, task: 'WEB' }, all, ...terms);
    assert.match(why.says, says);
    assert.equal(why.fresh, false);
  });

test('without what is held and without policies a task is as stale as it is', async () => {
  const all = await allStates((await staleWorld('app-2')).ports);
  assert.deepEqual(staleIn(registry, all), staleIn(registry, all, [], []));
  assert.deepEqual(staleIn(registry, all).unread, unread.unread);
  const key = { registry, task: 'web' };
  assert.deepEqual(whyStale(key, all), whyStale(key, all, [], []));
  assert.equal(whyStale({ registry, task: 'app-1' }, all).fresh, true);
});

test('a task that is not there is refused', async () => {
  const all = await allStates((await staleWorld()).ports);
  for (const task of ['never', 'gone'])
    assert.throws(
      () => whyStale({ registry, task }, all),
      (error) => error instanceof Refusal && error.status === 404 && error.message.includes(`'${task}'`),
    );
});

test.run();
