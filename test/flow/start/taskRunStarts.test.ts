import assert from 'node:assert/strict';
import { test } from 'uvu';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { carryOut, handling, takeMessages } from '../../worlds/workers.ts';
import { busy, createWorld, runsOf, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const base = 'baseacr.azurecr.io/base:1';

async function fresh(keepsKeys = true): Promise<World> {
  const world = createWorld({ registries: ['baseacr', registry], keepsKeys });
  world.push(base);
  await putTask(registryOf(world, registry), 'app', world.task('app', [base]), world.ports);
  world.events.length = 0;
  return world;
}

type Method = 'schedule' | 'find' | 'forget';

/** The engine's answers to its next calls of one kind are lost: it has done what it was asked. */
function loseAnswers(world: World, name: Method, times = 1): void {
  const { engine } = world.ports;
  const real = engine[name] as (...of: unknown[]) => Promise<unknown>;
  let left = times;
  world.ports.engine = {
    ...engine,
    [name]: async (...of: unknown[]) => {
      const answer = await real(...of);
      if (left-- > 0) throw busy();
      return answer;
    },
  };
}

/** The commit that names the engine's run is not carried out, or its answer is lost. */
function breakNaming(world: World, isCarriedOut: boolean): void {
  const { store } = world.ports;
  let left = 1;
  world.ports.store = {
    ...store,
    async commit(of, writes) {
      const names = writes.some((write) => 'put' in write && write.put === 'run' && write.value.engineRunId);
      if (!names || left-- <= 0) return store.commit(of, writes);
      if (isCarriedOut) await store.commit(of, writes);
      throw new ConflictError('the answer was lost');
    },
  };
}

/** A worker that dies at its call of this number to the store, the queues or the engine. */
async function dies(world: World, diesAt: number, after: boolean): Promise<void> {
  for (const message of takeMessages(world, 10, () => 0))
    await carryOut(world, [{ run: handling(message), diesAt, after }], () => 0);
}

/** Whether the engine has had the build when this is over. */
async function diesOnceBuilt(world: World): Promise<void> {
  for (let call = 1; world.builds.length === 0; call++) {
    assert.ok(call < 20, 'the engine is asked');
    const again = createWorld({ registries: ['baseacr', registry], past: world.past() });
    for (const message of world.messages) again.messages.push(message);
    await dies(again, call, true);
    if (again.builds.length > 0) await dies(world, call, true);
  }
}

/** Each: what goes wrong at a start, and how the run ends; what it stands on is what was built. */
const starts: [title: string, goesWrong: (world: World) => unknown, status?: string][] = [
  ['nothing', () => {}],
  ['the answer to the start is lost', (world) => loseAnswers(world, 'schedule')],
  [
    'the answer to the start is lost, then two of those to the search',
    (world) => {
      loseAnswers(world, 'schedule');
      loseAnswers(world, 'find', 2);
    },
  ],
  ['the worker dies once the engine has the build', diesOnceBuilt],
  [
    'three workers die once the engine has the build',
    async (world) => {
      await diesOnceBuilt(world);
      for (let death = 0; death < 2; death++) {
        world.pass(120);
        await everyMinute(world.ports);
        await dies(world, 2, false);
      }
    },
  ],
  ['the row is not written with the engine’s run', (world) => breakNaming(world, false)],
  ['the row is written with the engine’s run, and the answer lost', (world) => breakNaming(world, true)],
  [
    'the answer is lost, and the base moves meanwhile',
    async (world) => {
      loseAnswers(world, 'schedule');
      for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
      world.dockerfile('app', 'this is none');
    },
  ],
  [
    'the answer is lost, and somebody cancels',
    async (world) => {
      loseAnswers(world, 'schedule');
      for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
      const [run] = await runsOf(world, registry);
      await cancelRun(registryOf(world, registry), run!.runId, world.ports);
      world.pass(120);
      await everyMinute(world.ports);
      for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
    },
    'Canceled',
  ],
  ['the answer to the removal is lost', (world) => loseAnswers(world, 'forget')],
];
for (const [title, goesWrong, status = 'Succeeded'] of starts)
  test(`a run is one build of the engine, though this goes wrong: ${title}`, async () => {
    const world = await fresh();
    await runByHand(world, registry, 'app');
    await goesWrong(world);
    await settle(world);
    const runs = await runsOf(world, registry);
    assert.deepEqual(
      runs.map((run) => run.status),
      [status],
    );
    assert.deepEqual(
      world.builds.map(({ run }) => run.status),
      [status],
    );
    assert.equal(runs[0]!.engineRunId, world.builds[0]!.run.runId);
    assert.deepEqual(
      runs[0]!.pins?.map(({ image, digest }) => [image, digest]),
      [...world.builds[0]!.bases],
    );
    assert.equal(world.keys.size, 0, 'the engine keeps nothing of it');
  });

type Engine = World['ports']['engine'];
const refusesToFind = async () => {
  throw new RunEngineError('403 no right to read', { transient: false, status: 403 });
};

/** Each: how the search for a build whose answer was lost goes, what happens then, and how the run ends. */
const abandoned: [
  title: string,
  find: Engine['find'],
  then: (world: World, runId: string) => unknown,
  string,
][] = [
  [
    'it is asked for in vain for an hour',
    async () => {
      throw busy();
    },
    async (world) => {
      for (let minute = 0; minute < 70; minute++) {
        world.pass(60);
        await everyMinute(world.ports);
        for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
      }
    },
    'Failed',
  ],
  ['the right to look for it is taken away', refusesToFind, () => {}, 'Failed'],
  [
    'it is cancelled before the engine shows it',
    async () => undefined,
    (world, runId) => cancelRun(registryOf(world, registry), runId, world.ports),
    'Canceled',
  ],
  [
    'its task is deleted before the engine shows it',
    async () => undefined,
    (world) => deleteTask(registryOf(world, registry), 'app', world.ports),
    'Canceled',
  ],
];
for (const [title, find, then, status] of abandoned)
  test(`a run that ends without its build leaves no request in the engine: ${title}`, async () => {
    const world = await fresh();
    const { runId } = await runByHand(world, registry, 'app');
    loseAnswers(world, 'schedule');
    world.ports.engine = { ...world.ports.engine, find };
    for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
    assert.equal(world.keys.size, 1, 'the engine has it');
    await then(world, runId);
    await settle(world);
    assert.equal((await runsOf(world, registry))[0]!.status, status);
    assert.equal(world.keys.size, 0);
  });

test('a start that is answered when its run has ended is cancelled, and its request removed', async () => {
  const world = await fresh();
  const { runId } = await runByHand(world, registry, 'app');
  const { engine } = world.ports;
  world.ports.engine = {
    ...engine,
    async schedule(of, request) {
      world.pass(120);
      await cancelRun(registryOf(world, registry), runId, world.ports);
      await everyMinute(world.ports);
      for (const message of takeMessages(world, 10, () => 0)) await handling(message)(world.ports);
      return engine.schedule(of, request);
    },
  };
  for (const message of takeMessages(world, 1, () => 0)) await handling(message)(world.ports);
  assert.deepEqual(
    world.builds.map(({ run }) => run.status),
    ['Canceled'],
  );
  assert.equal(world.keys.size, 0);
});

test('a removal that fails is told of, and holds up no run', async () => {
  const world = await fresh();
  world.ports.engine = {
    ...world.ports.engine,
    forget: async () => {
      throw busy();
    },
  };
  const told: string[] = [];
  world.ports.log = (level, message) => void told.push(`${level}: ${message}`);
  const { runId } = await runByHand(world, registry, 'app');
  await settle(world);
  assert.equal((await runsOf(world, registry))[0]!.status, 'Succeeded');
  const [key] = world.keys.keys();
  const name = key!.split('/')[1]!;
  assert.ok(
    told.some((line) => line.startsWith(`warning: run ${runId}: ${name} stays at the run engine`)),
    told.join('\n'),
  );
});

test('an engine that keeps no keys builds once more for a lost answer, and not more often', async () => {
  const world = await fresh(false);
  await runByHand(world, registry, 'app');
  loseAnswers(world, 'schedule');
  await settle(world);
  assert.equal(world.builds.length, 2);
  assert.deepEqual(
    (await runsOf(world, registry)).map(({ status }) => status),
    ['Succeeded'],
  );
});

test.run();
