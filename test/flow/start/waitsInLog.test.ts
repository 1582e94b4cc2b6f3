import assert from 'node:assert/strict';
import { test } from 'uvu';
import { waitingRun } from '../../../shared/flow/api/registryOverview.ts';
import { runLog } from '../../../shared/flow/api/runLog.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { builtWorld, countIn, type Given, start, workFor } from '../../worlds/counted.ts';
import type { World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const tasks: Given[] = [{ registry: 'appacr', name: 'app', bases: [base] }];

type Port = 'registry' | 'engine' | 'source';
type Method = (...args: never[]) => Promise<unknown>;

/** What does not answer, in the part of a start that meets it while the run is queued or while it holds a place. */
const rows: [title: string, port: Port, method: string, error: () => Error, ends: boolean][] = [
  [
    'a registry',
    'registry',
    'digestOf',
    () => new RegistryError('Unreachable', 'baseacr does not answer'),
    true,
  ],
  ['a source', 'source', 'fetch', () => new SourceError('Unreachable', 'git does not answer'), true],
  [
    'the run engine',
    'engine',
    'upload',
    () => new RunEngineError('ARM does not answer', { transient: true }),
    true,
  ],
  [
    'a registry that asks for a pause',
    'registry',
    'digestOf',
    () => new RegistryError('Unreachable', 'baseacr is busy', { retryAfter: 17 }),
    true,
  ],
  ['a fault of Plinth itself', 'registry', 'digestOf', () => new Error('cannot read it'), false],
  [
    'a message of a hundred thousand letters',
    'source',
    'fetch',
    () => new SourceError('Unreachable', `git says ${'x'.repeat(100_000)}`),
    true,
  ],
];

async function waitingWorld(port: Port, method: string, error: () => Error) {
  const world = await builtWorld('waits in the log', {}, tasks, [base]);
  const { runId } = await start(world, 'appacr', 'app');
  let isDown = true;
  const mend = () => {
    isDown = false;
  };
  const target = world.ports[port] as unknown as Record<string, Method>;
  const through = target[method]!.bind(target);
  (world.ports as unknown as Record<string, unknown>)[port] = {
    ...target,
    async [method](...args: never[]) {
      if (isDown) throw error();
      return through(...args);
    },
  };
  return { world, runId, mend };
}
const textOf = async (world: World, runId: string) => {
  const log = await runLog('appacr', runId, world.ports);
  return Buffer.from(await log.read(0, log.length)).toString();
};

for (const [title, port, method, error, ends] of rows)
  test(`${title} that does not answer is in the run's log while it waits, with the next try and the last`, async () => {
    const { world, runId, mend } = await waitingWorld(port, method, error);
    const counts = countIn(world);
    await workFor(world, 1, counts);
    const end = ends ? /for the last time at \S+Z: / : /\d+ times at most: /;
    const early = await textOf(world, runId);
    assert.match(early, /Try 1 failed: it waits, and is tried again at \S+Z, /);
    assert.match(early, end);
    assert.ok(early.endsWith('\r\n') && early.length < 2100);
    await workFor(world, 20, counts);
    const later = await textOf(world, runId);
    assert.match(later, /Try 2 failed/);
    assert.ok(later.startsWith(early), 'what was read stays where it is');
    const { value: state } = (await world.ports.store.state('appacr', 'app'))!;
    const { value: run } = (await world.ports.store.run('appacr', runId))!;
    if (run.status === 'Queued') {
      const waiting = (await waitingRun(state, world.ports))!;
      assert.deepEqual(
        [waiting.runId, waiting.nextTry, waiting.givenUpAt],
        [runId, run.waitingFor!.nextTry, run.waitingFor!.givenUpAt],
      );
    }
    mend();
    await workFor(world, 300, counts);
    assert.ok((await textOf(world, runId)).startsWith(later));
    assert.equal((await world.ports.store.run('appacr', runId))!.value.status, 'Succeeded');
    assert.equal(
      await waitingRun((await world.ports.store.state('appacr', 'app'))!.value, world.ports),
      undefined,
    );
  });

test('an hour of tries is at most nine lines of the log', async () => {
  const [, port, method, error] = rows[0]!;
  const { world, runId } = await waitingWorld(port, method, error);
  await workFor(world, 3500, countIn(world));
  const tries = (await textOf(world, runId))
    .split('\r\n')
    .filter((line) => line.includes('failed: it waits'));
  assert.ok(tries.length >= 7 && tries.length <= 9, String(tries.length));
});

test.run();
