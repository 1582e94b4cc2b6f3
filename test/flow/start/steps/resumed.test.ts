import assert from 'node:assert/strict';
import { test } from 'uvu';
import { resumeClaimed } from '../../../../shared/flow/start/resumeClaimed.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { engineKeyOf } from '../../../../shared/names/runId.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import { ownOf } from '../../../worlds/counted.ts';
import type { World } from '../../../worlds/world.ts';
import { seen } from '../../push/steps/pushWorld.ts';
import { beating } from './beating.ts';
import { base, mid, registry, rowOf, startWorld, stateOf } from './startWorld.ts';

const begun = '2026-11-23T10:00:00.000Z';
const older = `sha256:${'0'.repeat(63)}a`;
const tools = 'baseacr.azurecr.io/tools:1';
const claimed: Partial<Run> = { status: 'Started', startTime: begun, claimedUntil: begun, notes: ['before'] };
const tried = { by: 'x', count: 3, until: begun };

async function change(world: World, runId: string, more: Partial<Run>) {
  const { value, etag } = (await world.ports.store.run(registry, runId))!;
  await world.ports.store.commit(registry, [{ put: 'run', value: { ...value, ...more }, etag }]);
}
/** The base images that the task was built on, as a worker that is gone had read them for the run. */
async function resumed(more: Partial<Run> = {}) {
  const given = await startWorld({ ...claimed, ...more });
  const { world, runId } = given;
  const { built } = await stateOf(world, 'app');
  if (!more.pins) await change(world, runId, { pins: built!.pins, pinnedAt: begun });
  const forgotten: string[] = [];
  world.ports.engine.forget = async (of, key) => void forgotten.push(`${of}/${key}`);
  const edges: unknown[] = [];
  const { store } = world.ports;
  world.ports.store = {
    ...store,
    changeEdges(...asked) {
      edges.push(asked);
      return store.changeEdges(...asked);
    },
  };
  let finds = 0;
  const { find } = world.ports.engine;
  world.ports.engine.find = (of, key) => {
    finds++;
    return find(of, key);
  };
  const stored = (await store.run(registry, runId))!;
  const resume = () => resumeClaimed(stored, ownOf(world, registry), world.ports);
  return { ...given, resume, forgotten, edges, stored, finds: () => finds };
}
type Given = Awaited<ReturnType<typeof resumed>>;

interface Row {
  title: string;
  run?: Partial<Run>;
  given?: (given: Given) => unknown;
  builds: number;
  status: Run['status'];
  says?: RegExp;
  forgets?: true;
  finds?: 0;
  /** The base images that it is built on. */
  pins?: string[];
  notes?: string[];
  edges?: string[][];
  throws?: true;
  /** The base image's digest afterwards, where it is another. */
  digest?: string;
  fails?: RegExp;
}
const addBase = ({ world }: Given) => {
  world.push(tools);
  world.dockerfile('app', `FROM ${tools} AS t\nFROM ${mid}\n`);
  const { source } = world.ports;
  world.ports.source = {
    fetch: async (...asked) =>
      ({ ...(await source.fetch(...asked)), commit: 'c0ffee', branch: 'main' }) as never,
  };
};
const whileFetched =
  (meanwhile: (given: Given) => Promise<unknown>) =>
  (given: Given): void => {
    addBase(given);
    const { source } = given.world.ports;
    given.world.ports.source = {
      async fetch(...asked) {
        await meanwhile(given);
        return source.fetch(...asked);
      },
    };
  };
const pinnedTo = ({ stored }: Pick<Given, 'stored'>) =>
  stored.value.pins!.find(({ image }) => image === base)!.digest;
const putSeen = async ({ world: { ports } }: Given, of: ReturnType<typeof seen>) =>
  ports.store.putSightings(of, (await ports.store.sightings(base))?.etag);
const judged =
  (verdict: 'quarantined' | 'released', other?: string) =>
  async ({ world, stored }: Given): Promise<void> => {
    const one = { image: base, digest: other ?? pinnedTo({ stored }), reason: 'CVE', time: begun };
    const judgements = [
      { ...one, verdict: 'quarantined' as const },
      { ...one, verdict },
    ];
    await world.ports.store.putJudgements({ judgements }, undefined);
  };
const rows: Row[] = [
  {
    title: 'whose worker may still tell',
    run: { claimedUntil: '2036-11-23T10:00:00.000Z' },
    builds: 0,
    status: 'Started',
    finds: 0,
  },
  { title: 'whose claim has no end', run: { claimedUntil: undefined }, builds: 1, status: 'Started' },
  { title: 'whose worker is gone', builds: 1, status: 'Started', pins: [base, mid], notes: ['before'] },
  { title: 'to be cancelled', run: { cancelRequested: true }, builds: 0, status: 'Canceled', forgets: true },
  {
    title: 'that was tried three times',
    run: { preparing: tried },
    builds: 0,
    status: 'Error',
    says: /^The app ended 3 times/,
    forgets: true,
  },
  {
    title: 'whose task is deleted',
    given: ({ world }) => world.ports.store.commit(registry, [{ remove: 'task', task: 'app' }]),
    ...{ builds: 0, status: 'Canceled', says: /^The task app was deleted\.$/, forgets: true },
  },
  {
    title: 'with other base images now',
    given: addBase,
    ...{ builds: 1, status: 'Started', pins: [tools, mid], edges: [[tools, mid]] },
  },
  {
    title: 'with other base images now, of something else than the task',
    run: { overrides: { arguments: [], values: [], target: 't' } } as never,
    given: addBase,
    ...{ builds: 1, status: 'Started', pins: [tools] },
  },
  {
    title: 'that has ended before it is built on others',
    given: whileFetched(({ world, runId }) => change(world, runId, { status: 'Canceled' })),
    ...{ builds: 0, status: 'Canceled', edges: [[tools, mid]], throws: true },
  },
  {
    title: 'that the engine has before it is built on others',
    given: whileFetched(({ world, runId }) => change(world, runId, { engineRunId: 'e9' })),
    ...{ builds: 0, status: 'Started', edges: [[tools, mid]], throws: true },
  },
  {
    title: 'pinned to what is quarantined since, where an older digest is known',
    given: async (given) => {
      await judged('quarantined')(given);
      await putSeen(given, seen([older, pinnedTo(given)], base));
      given.world.tags.set(`${base}@${older}`, older);
    },
    ...{ builds: 1, status: 'Started', digest: older, edges: [[base, mid]] },
  },
  {
    title: 'pinned to what is quarantined since, where no other digest is known',
    given: judged('quarantined'),
    ...{ builds: 0, status: 'Started', fails: /There is no other digest to build on/ },
  },
  {
    title: 'pinned to an index of which a part is quarantined since, where an older one is known',
    given: async (given) => {
      await judged('quarantined', 'part')(given);
      const index = { digest: pinnedTo(given), manifests: { 'linux/amd64': ['part'] } };
      await putSeen(given, seen([older, index], base));
      given.world.tags.set(`${base}@${older}`, older);
    },
    ...{ builds: 1, status: 'Started', digest: older, edges: [[base, mid]] },
  },
  {
    title: 'pinned to an index of which a part for another platform is quarantined since',
    given: async (given) => {
      await judged('quarantined', 'part')(given);
      const index = { digest: pinnedTo(given), manifests: { 'linux/arm64': ['part'] } };
      await putSeen(given, seen([older, index], base));
    },
    ...{ builds: 1, status: 'Started' },
  },
  { title: 'pinned to what is released again', given: judged('released'), builds: 1, status: 'Started' },
  {
    title: 'while another digest is quarantined',
    given: judged('quarantined', `sha256:${'9'.repeat(64)}`),
    ...{ builds: 1, status: 'Started' },
  },
  {
    title: 'that another changes before',
    given: ({ world, runId }) => change(world, runId, { cancelRequested: true }),
    ...{ builds: 0, status: 'Started', throws: true },
  },
] as Row[];
for (const row of rows)
  test(`a claimed run ${row.title}: ${row.builds === 1 ? 'built' : row.status}`, async () => {
    const all = await resumed(row.run);
    const { run, built, resume, forgotten, edges, stored } = all;
    await row.given?.(all);
    if (row.throws) await assert.rejects(resume(), ConflictError);
    else if (row.fails) await assert.rejects(resume(), row.fails);
    else await resume();
    const after = (await run())!;
    assert.equal(after.status, row.status, after.runErrorMessage);
    if (row.says) assert.match(after.runErrorMessage!, row.says);
    else assert.equal(after.runErrorMessage, undefined);
    assert.equal(built().length, row.builds);
    assert.equal(all.finds(), row.finds ?? 1);
    assert.deepEqual(forgotten, row.forgets ? [`${registry}/${engineKeyOf(stored.value)}`] : []);
    if (row.pins)
      assert.deepEqual(
        after.pins?.map(({ image }) => image),
        row.pins,
      );
    if (row.notes) assert.deepEqual(after.notes, row.notes);
    if (row.digest) assert.equal(after.pins?.find(({ image }) => image === base)?.digest, row.digest);
    const isNew = row.pins?.includes(tools) === true;
    assert.deepEqual([after.commit, after.branch], isNew ? ['c0ffee', 'main'] : [undefined, undefined]);
    // As it was claimed: a push since then is still to be heard.
    if (isNew) assert.equal(after.pinnedAt, begun);
    if (isNew) assert.equal(after.notes?.[0], 'Context: https://git.example.com/app.git at c0ffee');
    const key = { registry, task: 'app' };
    const none = { bases: [], outputs: [] };
    assert.deepEqual(
      edges,
      (row.edges ?? []).map((bases) => [key, { bases, outputs: [] }, none]),
    );
    if (row.builds === 0) return;
    assert.equal(after.engineRunId, built()[0]!.run.runId);
    assert.equal(after.preparing, undefined);
  });

test('a claimed run that is gone meanwhile is not asked for', async () => {
  const all = await resumed();
  whileFetched(async ({ world, runId }) =>
    world.ports.store.forgetRun((await world.ports.store.run(registry, runId))!),
  )(all);
  await assert.rejects(all.resume(), ConflictError);
  assert.equal(all.built().length, 0);
});

test('a build that the engine has is followed, and nothing is prepared', async () => {
  const all = await resumed();
  all.world.ports.engine.find = async () => ({ runId: 'e9', status: 'Running', outputImages: [] });
  all.world.ports.source.fetch = () => assert.fail('fetched');
  await all.resume();
  const { engineRunId, pins } = (await all.run())!;
  assert.deepEqual([engineRunId, pins], ['e9', all.stored.value.pins]);
});

/** What befalls the row while its context is fetched again, and whether the worker says once more that it lives. */
const beats: [
  title: string,
  meanwhile: Partial<Run> | 'gone' | 'away' | undefined,
  goesOn: boolean,
  renewed: boolean,
][] = [
  ['is as it was', undefined, true, true],
  ['is to be cancelled', { cancelRequested: true }, true, true],
  ['is another worker’s', { preparing: { ...tried, count: 1 } }, false, false],
  ['is nobody’s', { preparing: undefined }, false, false],
  ['is at the engine', { engineRunId: 'e9' }, false, false],
  ['is gone', 'gone', false, false],
  ['cannot be written', 'away', true, false],
];
for (const [title, meanwhile, goesOn, renewed] of beats)
  test(`a worker that takes long over a claimed run that ${title} ${renewed ? 'renews its claim' : 'does not renew it'}`, () =>
    beating(async (beat) => {
      const all = await resumed();
      const { world, runId, run } = all;
      const { store, source } = world.ports;
      const lines: unknown[][] = [];
      world.ports.log = (...line) => void lines.push(line);
      let seen: (number | undefined)[] = [];
      world.ports.source = {
        async fetch(...asked) {
          if (meanwhile === 'gone') await store.forgetRun((await store.run(registry, runId))!);
          else if (meanwhile && meanwhile !== 'away') await change(world, runId, meanwhile);
          world.pass(30);
          const { commit } = world.ports.store;
          if (meanwhile === 'away') world.ports.store.commit = () => Promise.reject(new TypeError('away'));
          await beat.now();
          world.ports.store.commit = commit;
          assert.equal(beat.goes(), goesOn);
          const until = (await run())?.claimedUntil;
          seen = [until === undefined ? undefined : (Date.parse(until) - world.now()) / 1000];
          return source.fetch(...asked);
        },
      };
      await all.resume().catch((error) => assert.ok(error instanceof ConflictError));
      assert.equal(beat.goes(), false);
      const left = renewed ? 90 : 60;
      assert.deepEqual(seen, [meanwhile === 'gone' ? undefined : left]);
      const warned = lines.filter(([level]) => level === 'warning');
      assert.deepEqual(
        warned,
        meanwhile === 'away' ? [['warning', `run ${runId}: away`, { registry, runId }]] : [],
      );
      assert.equal((await rowOf(world, runId))?.runId, meanwhile === 'gone' ? undefined : runId);
    }));

test.run();
