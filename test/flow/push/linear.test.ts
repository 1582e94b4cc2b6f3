import assert from 'node:assert/strict';
import { test } from 'uvu';
import { acceptPush } from '../../../shared/flow/push/acceptPush.ts';
import { continuePush, onPush } from '../../../shared/flow/push/onPush.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { byTier } from '../../tier.ts';
import { addTasks, countedStore, push, registry } from '../../worlds/countedWorld.ts';

const image = 'baseacr.azurecr.io/base0:1';
const most = byTier({ fast: 2_000, normal: 10_000, long: 100_000 });
const digest = push(image).digest;

type Counted = ReturnType<typeof countedStore>;

/** Handles the messages by which a push goes on, until there is none. @returns how many */
async function goOn({ ports, pushMessages }: Counted): Promise<number> {
  let handled = 0;
  for (let next = pushMessages.shift(); next; next = pushMessages.shift(), handled++)
    await ('push' in next ? continuePush(next, ports) : onPush(next, ports));
  return handled;
}

async function change({ ports: { store } }: Counted, of: (state: TaskState) => TaskState | undefined) {
  for (const { task } of await store.states(registry)) {
    const state = (await store.state(registry, task))!;
    const value = of(state.value);
    if (value) await store.commit(registry, [{ put: 'state', value, etag: state.etag }]);
  }
}

const fixed = 30;
const each = (count: number, calls: number) => Math.ceil(count * calls) + fixed;

/** Each: what the dependents are, and at most how many calls and written rows each takes; thirty more for the push. */
const dependents: [
  title: string,
  of: ((state: TaskState) => TaskState | undefined) | undefined,
  calls: number,
  rows: number,
][] = [
  ['start', undefined, 0.05, 4.01],
  ['are disabled', (state) => ({ ...state, enabled: false }), 0.02, 1.01],
  ['have a trigger that is disabled', (state) => ({ ...state, trigger: 'Disabled' }), 0.02, 1.01],
  ['are built on another image by now', (state) => ({ ...state, bases: [] }), 0.02, 1.01],
  [
    'are built on the digest already',
    (state) => ({ ...state, bases: state.bases.map((base) => ({ ...base, digest })) }),
    0.02,
    1.01,
  ],
  [
    'are disabled, and stale from now on',
    (state) => {
      const { image, type, digest } = state.bases[0]!;
      return { ...state, enabled: false, built: { runId: 'ca1', pins: [{ image, type, digest }] } };
    },
    0.03,
    2.01,
  ],
];
for (const count of [10, 100, 1_000, most])
  for (const [title, of, calls, rows] of dependents) {
    if (count > 1_000 && title !== 'start' && title !== 'are disabled') continue;
    test(`${count} dependents that ${title} cost at most ${calls} calls and ${rows} rows each, and again no more`, async () => {
      const world = countedStore([registry, 'baseacr']);
      await addTasks(world.ports.store, count, () => image);
      if (of) await change(world, of);
      const inCall = await world.total(() => acceptPush(push(image), world.ports));
      let messages = 0;
      const after = await world.total(async () => {
        messages = await goOn(world);
      });
      const first = { calls: inCall.calls + after.calls, written: inCall.written + after.written };
      console.log(
        `${count} that ${title}: ${first.calls} calls, ${first.written} rows; ${inCall.calls} in the call, ${messages} messages`,
      );
      assert.ok(first.calls <= each(count, calls), `${first.calls} calls`);
      assert.ok(first.written <= each(count, rows), `${first.written} rows`);
      assert.equal(inCall.calls, 1);
      assert.ok(count >= 1_000 || messages === 1);
      const decided = await world.ports.store.push('event-1');
      assert.equal(decided.length, count);
      assert.ok(world.doorbells.length <= 10 * Math.ceil(count / 1_000));

      const second = await world.total(async () => {
        await acceptPush(push(image), world.ports);
        await goOn(world);
      });
      assert.ok(second.calls <= first.calls, `${second.calls} calls the second time`);
      assert.ok(count < 1_000 || second.calls <= 6);
      assert.deepEqual(await world.ports.store.push('event-1'), decided);
    });
  }

/** Each: which of 5,000 tasks are built on the image, and at most how many calls and rows it takes to read their states. */
const spread: [title: string, is: (at: number) => boolean, calls: number, read: number][] = [
  ['all', () => true, 8, 5_000],
  ['every second', (at) => at % 2 === 0, 12, 5_000],
  ['every tenth', (at) => at % 10 === 0, 510, 5_500],
  ['every hundredth', (at) => at % 100 === 0, 51, 1_050],
  ['a hundred', (at) => at < 50 || at >= 4_950, 100, 2_100],
  ['one', (at) => at === 7, 1, 1],
  ['none', () => false, 1, 1],
];
for (const [title, is, calls, read] of spread)
  test(`the states of ${title} of 5,000 tasks are read in at most ${calls} calls and ${read} rows`, async () => {
    const world = countedStore([registry, 'baseacr']);
    await addTasks(world.ports.store, 5_000, () => image);
    const tasks = Array.from({ length: 5_000 }, (_, at) => `app-${at}`).filter((_, at) => is(at));
    const asked = [...tasks, 'gone'];
    let found: unknown[] = [];
    const cost = await world.total(async () => {
      found = await world.ports.store.statesOf(registry, asked);
    });
    const names = found.map((state) => (state as { value: TaskState } | undefined)?.value.task);
    assert.deepEqual(names, [...tasks, undefined]);
    assert.ok(cost.calls <= calls + 1 && cost.read <= read + 1, JSON.stringify(cost));
  });

test.run();
