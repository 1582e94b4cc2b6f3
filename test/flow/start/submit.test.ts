import assert from 'node:assert/strict';
import { test } from 'uvu';
import { nothingToBuild } from '../../../shared/flow/start/nothingToBuild.ts';
import { adopt, submit } from '../../../shared/flow/start/submit.ts';
import type { Pin, Run } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { engineKeyOf, formatRunId } from '../../../shared/names/runId.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const runId = formatRunId(registry, 1);
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
const claimed: Run = {
  ...sampleRun(registry, runId),
  ...{ status: 'Started', startTime: at(-9), claimedUntil: at(81), lastUpdatedTime: at(-9) },
};

/** A world with the run's row, and what the engine is asked. */
async function worldWith(row: Run | undefined, keepsKeys = true) {
  const world = createWorld({ registries: [registry], keepsKeys });
  if (row) await world.ports.store.commit(registry, [{ put: 'run', value: row }]);
  const asked: string[] = [];
  const { engine } = world.ports;
  world.ports.engine = {
    ...engine,
    cancel: async (_, id) => void asked.push(`cancel ${id}`),
    forget: async (_, key) => void asked.push(`forget ${key === engineKeyOf(claimed)}`),
  };
  return { world, asked };
}
const rowOf = async ({ ports: { store } }: World) => (await store.run(registry, runId))?.value;
const followsOf = (world: World) =>
  world.messages.map(({ queue, body, due }) => [queue, 'at' in body && body.at, (due - begun) / 1000]);

const names = (engineRunId: string, more: Partial<Run> = {}): Partial<Run> => ({ engineRunId, ...more });
const dropped = ['forget true', 'cancel e1'];
const rows: [title: string, change: Partial<Run> | 'gone', asked: string[], follows: unknown[]][] = [
  ['is followed', {}, [], [['follow', at(1), 1]]],
  [
    'is followed, whatever it met before',
    { trouble: { since: at(-9), count: 1 }, preparing: { by: 'x', until: at(9), count: 1 } },
    [],
    [['follow', at(1), 1]],
  ],
  ['that is to be cancelled is', { cancelRequested: true }, ['cancel e1'], [['follow', at(1), 1]]],
  ['that has ended is dropped', { status: 'Canceled' }, dropped, []],
  ['that is gone is dropped', 'gone', dropped, []],
  ['that another worker has a build of is dropped', names('e2', { followAt: at(30) }), dropped, []],
  ['that is named already gets its message', names('e1', { followAt: at(30) }), [], [['follow', at(30), 1]]],
  ['that is named already, without a time, gets none', names('e1'), [], []],
  [
    'that is named already and is to be cancelled is',
    names('e1', { followAt: at(30), cancelRequested: true }),
    ['cancel e1'],
    [['follow', at(30), 1]],
  ],
];
for (const [title, change, asks, follows] of rows)
  test(`the build of a run ${title}`, async () => {
    const row = change === 'gone' ? undefined : { ...claimed, ...change };
    const { world, asked } = await worldWith(row);
    await adopt(claimed, 'e1', world.ports);
    assert.deepEqual(asked, asks);
    assert.deepEqual(followsOf(world), follows);
    const isNew = row && row.status === 'Started' && !row.engineRunId;
    if (!isNew) assert.deepEqual(await rowOf(world), row);
    else {
      const { claimedUntil, trouble, preparing, ...kept } = row;
      const followed = { engineRunId: 'e1', followAt: at(1), followCount: 0, lastUpdatedTime: at(0) };
      assert.deepEqual(await rowOf(world), { ...kept, ...followed });
    }
  });

/** The row cannot be written: what becomes of the build. */
const broken: [
  title: string,
  keepsKeys: boolean,
  then: 'unnamed' | 'named' | 'unread' | 'gone',
  asked: string[],
][] = [
  ['where it is found by its key, goes on', true, 'unnamed', []],
  ['where no key finds it, is ended', false, 'unnamed', ['cancel e1']],
  ['where no key finds it and the row names it all the same, goes on', false, 'named', []],
  ['where no key finds it and the row cannot be read, goes on', false, 'unread', []],
  ['where no key finds it and the row is gone, goes on', false, 'gone', []],
];
for (const [title, keepsKeys, then, asks] of broken)
  for (const cancelFails of [false, true])
    test(`a build whose run cannot be written, ${title}${cancelFails ? ', if it can be' : ''}`, async () => {
      const { world, asked } = await worldWith(claimed, keepsKeys);
      const { store, engine } = world.ports;
      let isBroken = false;
      const ports = {
        ...world.ports,
        engine: {
          ...engine,
          async cancel(...args: Parameters<typeof engine.cancel>) {
            await engine.cancel(...args);
            if (cancelFails) throw new TypeError('not cancelled');
          },
        },
        store: {
          ...store,
          async commit() {
            isBroken = true;
            throw new TypeError('not written');
          },
          async run(...args: Parameters<typeof store.run>) {
            const row = await store.run(...args);
            if (!isBroken || then === 'unnamed') return row;
            if (then === 'unread') throw new TypeError('not read');
            return then === 'gone'
              ? undefined
              : row && { ...row, value: { ...row.value, engineRunId: 'e1' } };
          },
        },
      };
      await assert.rejects(adopt(claimed, 'e1', ports), { message: 'not written' });
      assert.deepEqual(asked, asks);
    });

test('the engine is asked under the key of the run', async () => {
  const { world } = await worldWith(claimed);
  const requests: unknown[] = [];
  world.ports.engine.schedule = async (of, request) => {
    requests.push([of, request]);
    return { runId: 'e7', status: 'Queued', outputImages: [] };
  };
  const request = { kind: 'TaskFile', text: 'steps: []', values: [] } as never as Parameters<
    typeof submit
  >[1];
  await submit(claimed, request, world.ports);
  assert.deepEqual(requests, [[registry, { ...request, key: engineKeyOf(claimed) }]]);
  assert.equal((await rowOf(world))?.engineRunId, 'e7');
});

const base = 'baseacr.azurecr.io/base:1';
const pin = (image: string, digest: string): Pin => ({ image, type: 'RunTime', digest });
const trigger = { id: 'e', timestamp: at(-9), images: [] };
const moved: Run = { ...sampleRun(registry, runId, 'app'), imageUpdateTrigger: trigger };
const built = { runId: 'ca0', pins: [pin('os', '1'), pin(base, 'A')] };
const state = (change: Partial<TaskState> = {}): TaskState => ({
  ...sampleState(registry, 'app'),
  built,
  ...change,
});
interface Again {
  title: string;
  run?: Run;
  state?: Partial<TaskState>;
  /** The digests that were read; not read at all where it is null. */
  read?: Pin[] | null;
  /** What the digests are for linux/amd64, where the base image was ever seen. */
  contents?: Record<string, string> | 'unseen';
  quarantined?: string;
  says?: RegExp;
  /** The digests it stays on. */
  on?: Pin[];
}
const onB = [pin('os', '1'), pin(base, 'B')];
const unchanged = /^linux\/amd64 of baseacr\.azurecr\.io\/base:1 is unchanged$/;
const agains: Again[] = [
  {
    title: 'that reads what it is built on',
    read: built.pins,
    says: /^ca0 was built on the same base images already$/,
    on: built.pins,
  },
  { title: 'that a person asked for', run: sampleRun(registry, runId, 'app'), read: built.pins },
  { title: 'of which a later run may have pushed', state: { unsure: true }, read: built.pins },
  { title: 'that was never built', state: { built: undefined as never }, read: built.pins },
  { title: 'that has read nothing', read: null },
  { title: 'whose base is the same for its platform', says: unchanged, on: built.pins },
  { title: 'whose base differs', contents: { A: 'x', B: 'y' } },
  { title: 'whose base was never seen', contents: 'unseen' },
  {
    title: 'for another platform, for which it differs',
    state: { platform: { os: 'Linux', architecture: 'arm64' } },
  },
  { title: 'with one base more', read: [...onB, pin('new', '1')] },
  { title: 'with another base instead', read: [pin('new', '1'), pin(base, 'A')] },
  { title: 'whose base of before is quarantined', quarantined: 'A' },
  { title: 'whose new base is quarantined', quarantined: 'B', says: unchanged, on: built.pins },
];
for (const { title, run = moved, state: change, read = onB, contents = { A: 'x', B: 'x' }, ...row } of agains)
  test(`a run ${title} has ${row.says ? 'nothing' : 'something'} to build`, async () => {
    const { ports, ...world } = createWorld({ registries: [registry] });
    for (const [digest, content] of Object.entries(contents === 'unseen' ? {} : contents))
      world.contents.set(digest, { 'linux/amd64': content });
    const digests = ['A', 'B'].map((digest) => ({ digest, firstSeen: at(-9), since: at(-9), sure: true }));
    if (contents !== 'unseen') await ports.store.putSightings({ image: base, digests }, undefined);
    if (row.quarantined) {
      const judgement = {
        digest: row.quarantined,
        image: base,
        verdict: 'quarantined',
        reason: 'x',
        time: at(-1),
      } as const;
      await ports.store.putJudgements({ judgements: [judgement] }, undefined);
    }
    const reading = read ? { pins: read, pinnedAt: at(-1) } : undefined;
    const found = await nothingToBuild(
      run,
      { state: state(change), task: sampleTask(registry, 'app'), reading },
      ports,
    );
    if (!row.says) return assert.equal(found, undefined);
    assert.match(found!.reason, row.says);
    assert.deepEqual(found!.reading, { pins: row.on, pinnedAt: at(-1) });
  });

test.run();
