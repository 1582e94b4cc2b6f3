import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startBeat } from '../../../../shared/flow/start/beat.ts';
import { nextTry, takeHold } from '../../../../shared/flow/start/hold.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Preparing } from '../../../../shared/model/waiting.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import type { World } from '../../../worlds/world.ts';
import { beating } from './beating.ts';
import { registry, rowOf, startWorld } from './startWorld.ts';

test('a beat comes every half minute, one write at a time, until it is told to end', () =>
  beating(async (beat) => {
    let writes = 0;
    let answer = (_: boolean) => {};
    const write = () => {
      writes++;
      return new Promise<boolean>((resolve) => {
        answer = resolve;
      });
    };
    const rest = startBeat(write, () => assert.fail('failed'));
    assert.equal(beat.every(), 30_000);
    await beat.now();
    await beat.now();
    assert.equal(writes, 1, 'the first is not over');
    answer(true);
    await beat.now();
    assert.equal(writes, 1);
    await beat.now();
    assert.equal(writes, 2);
    let isOver = false;
    const resting = rest().then(() => {
      isOver = true;
    });
    assert.equal(beat.goes(), false);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    assert.equal(isOver, false, 'the write under way is waited for');
    answer(true);
    await resting;
  }));

test('a beat that is to end writes no more, and one that fails writes again', () =>
  beating(async (beat) => {
    const answers: (boolean | Error)[] = [new Error('away'), true, false];
    const failed: string[] = [];
    const write = async () => {
      const answer = answers.shift()!;
      if (answer instanceof Error) throw answer;
      return answer;
    };
    const rest = startBeat(write, ({ message }) => failed.push(message));
    for (const goesOn of [true, true, false]) {
      await beat.now();
      await beat.now();
      if (goesOn) assert.equal(beat.goes(), answers.length > 0);
    }
    assert.deepEqual([failed, answers.length, beat.goes()], [['away'], 0, false]);
    await rest();
  }));

const preparing = (count: number, until: number, now: number): Preparing => ({
  by: 'x',
  count,
  until: new Date(now + until * 1000).toISOString(),
});

for (const [before, next] of [
  [undefined, 1],
  [1, 2],
  [2, 3],
  [3, undefined],
] as const)
  test(`after ${before ?? 'no'} tries comes ${next ?? 'none'}`, async () => {
    const run = { ...(before && { preparing: preparing(before, 0, 0) }) } as Run;
    const until = new Date(7);
    assert.deepEqual(
      nextTry(run, 'me', until),
      next && { by: 'me', until: until.toISOString(), count: next },
    );
  });

type Taken = 'held' | 'left' | 'ended' | 'conflict';
interface Row {
  title: string;
  preparing?: [count: number, until: number];
  /** What the first write meets: it is written all the same, or another was before it. */
  meets?: 'lost answer' | 'another worker' | 'another write' | 'gone';
  taken: Taken;
  count?: number;
}
const rows: Row[] = [
  { title: 'nobody has', taken: 'held', count: 1 },
  { title: 'another worker has', preparing: [1, 59], taken: 'left' },
  { title: 'a worker has that has just said so', preparing: [1, 60], taken: 'left' },
  { title: 'a worker had that has said nothing for a minute', preparing: [1, 0], taken: 'held', count: 2 },
  { title: 'three workers had', preparing: [3, 0], taken: 'ended' },
  { title: 'nobody has, and whose answer is lost', meets: 'lost answer', taken: 'held', count: 1 },
  { title: 'another worker takes meanwhile', meets: 'another worker', taken: 'left' },
  { title: 'another changes meanwhile', meets: 'another write', taken: 'conflict' },
  { title: 'is gone meanwhile', meets: 'gone', taken: 'conflict' },
];
for (const row of rows)
  test(`a run that ${row.title}: ${row.taken}`, () =>
    beating(async (beat) => {
      const { world, runId } = await startWorld();
      const [count, until] = row.preparing ?? [];
      if (count) await change(world, runId, { preparing: preparing(count, until!, world.now()) });
      const { store } = world.ports;
      const stored = (await store.run(registry, runId))!;
      world.ports.store = {
        ...store,
        async commit(of, writes) {
          if (row.meets === 'lost answer') await store.commit(of, writes);
          if (row.meets === 'another worker')
            await change(world, runId, { preparing: preparing(1, 60, world.now()) }, store);
          if (row.meets === 'another write') await change(world, runId, { notes: ['x'] }, store);
          if (row.meets === 'gone') await store.forgetRun(stored);
          if (row.meets) throw new ConflictError('another write came between');
          await store.commit(of, writes);
        },
      };
      const taking = takeHold(stored, world.ports);
      if (row.taken === 'conflict') {
        await assert.rejects(taking, ConflictError);
        assert.equal(beat.goes(), false);
        return;
      }
      const hold = await taking;
      assert.equal(hold !== undefined, row.taken === 'held');
      assert.equal(beat.goes(), row.taken === 'held');
      const now = (await rowOf(world, runId))!;
      assert.equal(now.status, row.taken === 'ended' ? 'Error' : 'Queued');
      if (row.taken === 'ended')
        assert.match(now.runErrorMessage!, /^The app ended 3 times while it fetched/);
      if (!hold) return;
      assert.deepEqual(hold.run().value, now);
      assert.deepEqual(
        [now.preparing!.count, Date.parse(now.preparing!.until) - world.now()],
        [row.count, 60_000],
      );
      await hold.rest();
    }));

test('a store that is away is told of', async () => {
  const { world, runId } = await startWorld();
  const stored = (await world.ports.store.run(registry, runId))!;
  const away = new TypeError('away');
  world.ports.store = { ...world.ports.store, commit: () => Promise.reject(away) };
  await assert.rejects(takeHold(stored, world.ports), away);
});

async function change(world: World, runId: string, more: Partial<Run>, store = world.ports.store) {
  const { value, etag } = (await store.run(registry, runId))!;
  await store.commit(registry, [{ put: 'run', value: { ...value, ...more }, etag }]);
}
async function held() {
  const given = await startWorld();
  const stored = (await given.world.ports.store.run(registry, given.runId))!;
  return { ...given, hold: (await takeHold(stored, given.world.ports))! };
}

test('a worker that goes on says so at every beat, and writes on from there', () =>
  beating(async (beat) => {
    const { world, runId, hold } = await held();
    world.pass(30);
    await beat.now();
    const now = (await rowOf(world, runId))!;
    assert.equal(Date.parse(now.preparing!.until) - world.now(), 60_000);
    assert.deepEqual(
      [hold.run().value, hold.run().etag],
      [now, (await world.ports.store.run(registry, runId))!.etag],
    );
    assert.equal(beat.goes(), true);
    await hold.rest();
    assert.equal(beat.goes(), false);
  }));

test('a worker whose run was changed says nothing more', () =>
  beating(async (beat) => {
    const { world, runId, hold } = await held();
    const before = hold.run();
    await change(world, runId, { notes: ['x'] });
    world.pass(30);
    await beat.now();
    assert.equal(beat.goes(), false);
    assert.deepEqual(hold.run(), before, 'its next write meets the conflict');
  }));

test('a beat that cannot be written is logged with its run', () =>
  beating(async (beat) => {
    const { world, runId } = await held();
    const lines: unknown[][] = [];
    world.ports.log = (...line) => void lines.push(line);
    world.ports.store.commit = () => Promise.reject(new TypeError('away'));
    await beat.now();
    assert.deepEqual(lines, [['warning', `run ${runId}: away`, { registry, runId }]]);
    assert.equal(beat.goes(), true);
  }));

const letGo: [title: string, change: Partial<Run> | 'gone' | undefined, by: string | undefined][] = [
  ['that it has', undefined, undefined],
  ['that was changed', { notes: ['x'] }, undefined],
  ['that another took', { preparing: preparing(2, 60, 0) }, 'x'],
  ['that is gone', 'gone', undefined],
];
for (const [title, more, by] of letGo)
  test(`a worker lets go a run ${title}`, () =>
    beating(async (beat) => {
      const { world, runId, hold } = await held();
      const { store } = world.ports;
      if (more === 'gone') await store.forgetRun((await store.run(registry, runId))!);
      else if (more) await change(world, runId, more);
      await hold.letGo();
      assert.equal(beat.goes(), false);
      assert.equal((await rowOf(world, runId))?.preparing?.by, by);
    }));

test.run();
