import assert from 'node:assert/strict';
import { test } from 'uvu';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { sweepEngine } from '../../../shared/flow/clock/sweepEngine.ts';
import type { Run } from '../../../shared/model/run.ts';
import { newScan } from '../../../shared/model/scan.ts';
import { without } from '../../../shared/model/without.ts';
import { engineKeyOf } from '../../../shared/names/runId.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { busy, createWorld, runsOf, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const base = 'baseacr.azurecr.io/base:1';

/** A registry with a task of which a run has ended, and one that has none. */
async function fresh(): Promise<{ world: World; run: Run }> {
  const world = createWorld({ registries: ['baseacr', registry] });
  world.push(base);
  await putTask(registryOf(world, registry), 'app', world.task('app', [base]), world.ports);
  world.events.length = 0;
  await runByHand(world, registry, 'app');
  await settle(world);
  // Another day: the clock has swept this one's.
  world.pass(86_400);
  const [run] = await runsOf(world, registry);
  return { world, run: run! };
}
const sweep = async (world: World) =>
  sweepEngine(world.ports, (await world.ports.store.scan())?.value ?? newScan);

async function change({ ports: { store } }: World, runId: string, to: (run: Run) => Run) {
  const { value, etag } = (await store.run(registry, runId))!;
  await store.commit(registry, [{ put: 'run', value: to(value), etag }]);
}

/** Each: what the engine keeps, made from a run that has ended, and whether it is still there the next day. */
const rows: [title: string, keyOf: (run: Run, world: World) => string | Promise<string>, stays: boolean][] = [
  ['a run that has ended', (run) => engineKeyOf(run), false],
  ['a run that has ended, in the case of ARM', (run) => engineKeyOf(run).toUpperCase(), false],
  [
    'a run of an earlier version, that has ended',
    async ({ runId }, world) => {
      await change(world, runId, (run) => without(run, 'nonce'));
      return engineKeyOf((await runsOf(world, registry))[0]!);
    },
    false,
  ],
  [
    'a run that goes on',
    async (run, world) => {
      await change(world, run.runId, (row) => ({ ...row, status: 'Running' }));
      return engineKeyOf(run);
    },
    true,
  ],
  ["another app's run of the same number", (run) => engineKeyOf({ ...run, nonce: 'another' }), true],
  [
    'a run of the tables before these',
    (run) => engineKeyOf({ ...run, createTime: '2020-01-01T00:00:00.000Z' }),
    true,
  ],
  ['a run that has no row', (run) => engineKeyOf({ ...run, runId: `${run.runId}zz` }), true],
  ['a run of another registry', (run) => engineKeyOf({ ...run, registry: 'baseacr' }), true],
  ['a person', () => 'image-once', true],
  ['a person, with a name like those of runs', ({ runId }) => `plinth-${runId}`, true],
];
for (const [title, keyOf, stays] of rows)
  test(`what the run engine keeps of ${title} ${stays ? 'stays' : 'is removed by the clock'}`, async () => {
    const { world, run } = await fresh();
    const key = `${registry}/${await keyOf(run, world)}`;
    world.keys.set(key, 'e1');
    assert.deepEqual(await sweep(world), []);
    assert.equal(world.keys.has(key), stays);
  });

test('two apps on one registry never have one key, though they queue the same run in the same instant', async () => {
  const keys = await Promise.all([fresh(), fresh()]).then((worlds) => worlds.map(({ run }) => run));
  const [one, other] = keys;
  assert.deepEqual([one!.runId, one!.createTime], [other!.runId, other!.createTime]);
  assert.notEqual(engineKeyOf(one!), engineKeyOf(other!));
});

test('the engine is asked once a day, and not for a registry that has no runs', async () => {
  const { world } = await fresh();
  const asked: string[] = [];
  world.ports.engine = {
    ...world.ports.engine,
    async keys(name) {
      asked.push(name);
      return [];
    },
  };
  for (let minute = 0; minute < 3; minute++) await sweep(world);
  assert.deepEqual(asked, [registry]);
  assert.equal(await sweep(world), undefined);
  world.pass(86_400);
  await sweep(world);
  assert.deepEqual(asked, [registry, registry]);
});

const refusals: [title: string, error: Error, at: 'keys' | 'forget'][] = [
  ['it may not be listed', new RunEngineError('403 AuthorizationFailed', { transient: false }), 'keys'],
  ['Azure is busy', busy(), 'keys'],
  ['a client fails in its own code', new TypeError('x is not a function'), 'keys'],
  ['it may not be removed', new RunEngineError('403 AuthorizationFailed', { transient: false }), 'forget'],
  ['the registry is locked', new RunEngineError('409 ScopeLocked', { transient: true }), 'forget'],
  ['no answer comes', new TypeError('fetch failed'), 'forget'],
];
for (const [title, error, at] of refusals)
  test(`what cannot be removed is told of, and tried the next day: ${title}`, async () => {
    const { world, run } = await fresh();
    const key = `${registry}/${engineKeyOf(run)}`;
    world.keys.set(key, 'e1');
    const { engine } = world.ports;
    world.ports.engine = {
      ...engine,
      [at]: async () => {
        throw error;
      },
    };
    assert.deepEqual(await sweep(world), [
      { what: `what stayed at the run engine of ${registry}`, reason: error.message },
    ]);
    world.ports.engine = engine;
    assert.equal(await sweep(world), undefined);
    world.pass(86_400);
    assert.deepEqual(await sweep(world), []);
    assert.ok(!world.keys.has(key));
  });

test.run();
