import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pushToAll } from '../../../../shared/flow/push/pushToAll.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { standingOf } from '../../../../shared/rules/bases/admission.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import {
  base,
  callsOf,
  earlier,
  linesOf,
  other,
  push,
  pushWorld,
  registry,
  seen,
  taskOn,
  time,
} from './pushWorld.ts';

const start = (task: string, of = registry) => taskOn(task, [base], { registry: of });
const off = (task: string, of = registry) => taskOn(task, [base], { registry: of, enabled: false });
const waits = (task: string, of = registry) =>
  taskOn(task, [base], {
    registry: of,
    open: [{ runId: 'ca9', phase: 'Queued', automatic: true, canonical: true }],
  });
const terms = { policies: [], judgements: [], now: new Date(time) };

interface Row {
  title: string;
  states: TaskState[];
  /** By task. */
  decided: string[];
  /** The tasks whose runs are sent start messages, and how often the slots of each registry are read for that. */
  sent: string[];
  queues: string[];
}
const rows: Row[] = [
  { title: 'none', states: [], decided: [], sent: [], queues: [] },
  { title: 'one starts', states: [start('a')], decided: ['a started'], sent: ['a'], queues: [] },
  {
    title: 'two of a registry start',
    states: [start('a'), start('b')],
    ...{ decided: ['a started', 'b started'], sent: ['a', 'b'], queues: [registry] },
  },
  {
    title: 'one of each registry starts',
    states: [start('a'), start('b', other)],
    ...{ decided: ['a started', 'b started'], sent: ['a', 'b'], queues: [] },
  },
  {
    title: 'two of one and one of another start',
    states: [start('a'), start('b', other), start('c')],
    ...{ decided: ['a started', 'c started', 'b started'], sent: ['a', 'c', 'b'], queues: [registry] },
  },
  {
    title: 'one starts, one is queued and one is disabled',
    states: [start('a'), waits('b'), off('c')],
    // What queued the run has sent its message.
    ...{ decided: ['a started', 'b merged', 'c skipped'], sent: ['a'], queues: [] },
  },
  { title: 'one is queued', states: [waits('b')], decided: ['b merged'], sent: [], queues: [] },
  {
    title: 'all are disabled, in two registries',
    states: [off('a'), off('b', other), off('c')],
    ...{ decided: ['a skipped', 'c skipped', 'b skipped'], sent: [], queues: [] },
  },
];
for (const { title, states, decided, sent, queues } of rows)
  test(`a push to tasks of any registries: ${title}`, async () => {
    const world = await pushWorld(states);
    const { store } = world.ports;
    for (const of of [registry, other]) await store.takeRunNumbers(of, 99);
    for (const { registry: of, task, open } of states)
      for (const { runId } of open)
        await store.commit(of, [{ put: 'run', value: sampleRun(of, runId, task) }]);
    const calls = callsOf(world, 'pace', 'statesOf', 'recordPush');
    const of = (name: string) => calls.filter((call) => call.name === name).map(({ args }) => args);
    const decisions = await pushToAll(
      ...([push, standingOf(seen(['old', 'new']), terms), { dependents: states }, world.ports] as const),
    );
    assert.deepEqual(
      decisions.map(({ task, verdict }) => `${task} ${verdict}`),
      decided,
    );
    assert.deepEqual(of('recordPush'), [['e1', decisions, undefined]]);
    const registries = [...new Set(states.map((state) => state.registry))];
    assert.deepEqual(
      of('statesOf'),
      registries.map((name) => [
        name,
        states.filter((state) => state.registry === name).map(({ task }) => task),
      ]),
    );
    const taskOf = (runId: string, by: string) =>
      decisions.find((one) => one.runId === runId && one.registry === by)?.task;
    assert.deepEqual(
      world.messages.map(({ body }) => 'runId' in body && taskOf(body.runId, body.registry)),
      sent,
    );
    assert.deepEqual([...new Set(of('pace').map(([name]) => name))], queues);
  });

test('a task that is gone meanwhile has no decision, one whose row cannot be read is skipped', async () => {
  const world = await pushWorld([off('a'), off('b'), off('c')]);
  const { store } = world.ports;
  const lines = linesOf(world);
  world.ports.store = {
    ...store,
    async statesOf(of, tasks) {
      const [first, , third] = await store.statesOf(of, tasks);
      return [first, new UnreadableError('cut short'), third, undefined];
    },
  };
  const dependents = ['a', 'b', 'c', 'gone'].map((task) => ({ registry, task }));
  const decisions = await pushToAll(
    ...([push, standingOf(seen(['old', 'new']), terms), { dependents }, world.ports] as const),
  );
  assert.deepEqual(
    decisions.map(({ task, reason, push: of }) => [task, reason, of.digest]),
    [
      ['b', 'cut short', 'new'],
      ['a', 'a is disabled', 'new'],
      ['c', 'c is disabled', 'new'],
    ],
  );
  assert.deepEqual(lines, [['error', `b is not notified of ${base}: cut short`, { registry }]]);
  assert.deepEqual(await store.push('e1'), decisions);
});

const index = (digest: string, arm: string) => ({
  ...{ digest, manifests: { 'linux/amd64': [`${digest}-amd`], 'linux/arm64': [arm] } },
  contents: { 'linux/amd64': `amd of ${digest}`, 'linux/arm64': `arm of ${digest}` },
});
const armed = (task: string): TaskState => ({
  ...start(task),
  platform: { os: 'Linux', architecture: 'arm64' },
});
/** By task: the verdict and the digest, where the newest index holds for arm64 what is quarantined. */
const mixed: [title: string, digests: Parameters<typeof seen>[0], decided: string[]][] = [
  [
    'there is a newer one for arm64 too',
    ['old', index('mid', 'good'), index('new', 'bad')],
    ['amd started new', 'arm started mid', 'off skipped new'],
  ],
  [
    'there is none for arm64',
    ['old', index('new', 'bad')],
    ['amd started new', 'arm held new', 'off skipped new'],
  ],
  [
    'it is the same for all',
    ['old', index('mid', 'good'), { ...index('new', 'x'), digest: 'bad' }],
    ['amd started mid', 'arm started mid', 'off skipped mid'],
  ],
];
for (const [title, digests, decided] of mixed)
  test(`what counts is decided for each platform: ${title}`, async () => {
    const states = [start('amd'), armed('arm'), off('off')];
    const world = await pushWorld(states);
    const judgements = [
      {
        ...{ digest: 'bad', image: 'docker.io/library/other:1', verdict: 'quarantined' as const },
        reason: 'CVE',
      },
    ].map((one) => ({ ...one, time: earlier }));
    const standing = standingOf(seen(digests), { ...terms, judgements });
    const decisions = await pushToAll(push, standing, { dependents: states }, world.ports);
    assert.deepEqual(
      decisions.map(({ task, verdict, push: of }) => `${task} ${verdict} ${of.digest}`).sort(),
      decided,
    );
  });

test.run();
