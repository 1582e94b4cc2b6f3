import assert from 'node:assert/strict';
import { test } from 'uvu';
import { startRun } from '../../../../shared/flow/start/startRun.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { engineKeyOf } from '../../../../shared/names/runId.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { ConflictError, UnreadableError } from '../../../../shared/ports/store.ts';
import { placesOf, registry, rowOf, startsOf, startWorld, under } from './startWorld.ts';

type Line = [level: string, text: string, facts: object | undefined];
interface Row {
  title: string;
  run?: Partial<Run>;
  given?: (world: Awaited<ReturnType<typeof startWorld>>) => unknown;
  status: Run['status'] | undefined;
  says?: RegExp;
  builds?: number;
  /** Runs whose requests are removed from the engine. */
  forgets?: number;
  starts?: (string | number)[][];
  logs?: [level: string, text: RegExp][];
}
const claimed: Partial<Run> = { status: 'Started', startTime: '2026-11-23T10:00:00.000Z' };
const fault = new RegistryError('Unauthorized', 'no such user');
const rows: Row[] = [
  { title: 'that is queued', status: 'Started', builds: 1 },
  { title: 'that was claimed', run: claimed, status: 'Started', builds: 1 },
  { title: 'that the engine has', run: { ...claimed, engineRunId: 'e9' }, status: 'Started' },
  { title: 'that has ended', run: { status: 'Failed' }, status: 'Failed' },
  {
    title: 'that is gone',
    given: async ({ world, runId }) =>
      world.ports.store.forgetRun((await world.ports.store.run(registry, runId))!),
    status: undefined,
    logs: [['warning', /has no row any more: nothing waits for it$/]],
  },
  {
    title: 'that cannot be read',
    given: ({ world, runId }) => {
      const { store } = world.ports;
      const run: typeof store.run = (of, id) =>
        id === runId ? Promise.reject(new UnreadableError('cut short')) : store.run(of, id);
      world.ports.store = { ...store, run };
    },
    status: 'Queued',
    logs: [['error', /is left out: cut short$/]],
  },
  {
    title: 'of a registry that is not in the settings',
    given: ({ world }) => {
      world.ports.settings.registries = world.ports.settings.registries.filter(
        ({ name }) => name !== registry,
      );
    },
    status: 'Error',
    says: /^The registry appacr is no longer in the settings\.$/,
  },
  {
    title: 'that meets a fault of its author',
    given: ({ world }) => {
      world.trouble.registry = () => fault;
    },
    status: 'Failed',
    says: /no such user/,
  },
  {
    title: 'that was claimed and meets a fault of its author',
    run: claimed,
    given: ({ world }) => {
      world.trouble.registry = () => fault;
    },
    status: 'Failed',
    says: /no such user/,
    forgets: 1,
  },
  {
    title: 'that meets another write',
    given: ({ world }) => {
      world.ports.source.fetch = () => Promise.reject(new ConflictError('another write came between'));
    },
    status: 'Queued',
    starts: [['own', 1]],
  },
  {
    title: 'that meets a fault of Plinth',
    given: ({ world }) => {
      world.ports.source.fetch = () => Promise.reject(new TypeError('broken'));
    },
    status: 'Queued',
    starts: [['own', 15]],
    logs: [['error', /broken/]],
  },
];
for (const row of rows)
  test(`the message of a run ${row.title}: ${row.status ?? 'gone'}`, async () => {
    const given = await startWorld(row.run);
    const { world, runId, built, start } = given;
    const { store } = world.ports;
    await row.given?.(given);
    const forgotten: string[] = [];
    world.ports.engine.forget = async (of, key) => void forgotten.push(`${of}/${key}`);
    const lines: Line[] = [];
    world.ports.log = (...line) => void lines.push(line as Line);
    await start();
    const after = (await store.run(registry, runId))?.value;
    assert.equal(after?.status, row.status, after?.runErrorMessage);
    if (row.says) assert.match(after!.runErrorMessage!, row.says);
    else assert.equal(after?.runErrorMessage, undefined);
    assert.equal(built().length, row.builds ?? 0);
    assert.deepEqual(forgotten, row.forgets ? [`${registry}/${engineKeyOf(after!)}`] : []);
    assert.deepEqual(
      startsOf(world),
      (row.starts ?? []).map(([, delay]) => [runId, delay]),
    );
    const loud = lines.filter(([level]) => level !== 'information');
    assert.equal(loud.length, row.logs?.length ?? 0, JSON.stringify(loud));
    for (const [at, [level, text]] of (row.logs ?? []).entries()) {
      assert.equal(loud[at]![0], level);
      assert.match(loud[at]![1], text);
      assert.deepEqual(loud[at]![2], { registry, runId });
    }
  });

test('a row that is away is not taken for one that cannot be read', async () => {
  const { world, runId } = await startWorld();
  const away = new TypeError('away');
  world.ports.store = { ...world.ports.store, run: () => Promise.reject(away) };
  await assert.rejects(startRun({ registry, runId }, world.ports), away);
});

test('one that was called as it ended gives its slot to the next', async () => {
  const { world, runId } = await startWorld();
  const { store } = world.ports;
  const called = [{ runId: under, at: new Date(world.now()).toISOString(), by: 'x' }];
  const { value, etag } = (await store.run(registry, under))!;
  const pace = await store.pace(registry);
  await store.commit(registry, [
    { put: 'run', value: { ...value, status: 'Failed' }, etag },
    { put: 'pace', value: { registry, running: [], called }, ...(pace && { etag: pace.etag }) },
  ]);
  await startRun({ registry, runId: under }, world.ports);
  assert.deepEqual(startsOf(world), [[runId, 0]]);
  assert.deepEqual(await placesOf(world, false), [runId]);
  assert.equal((await rowOf(world, under))!.status, 'Failed');
});

test.run();
