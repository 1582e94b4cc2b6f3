import assert from 'node:assert/strict';
import { test } from 'uvu';
import { hasRuns, newWatchMemory, watchEdges } from '../../../../shared/flow/clock/watchEdges.ts';
import { newScan } from '../../../../shared/model/scan.ts';
import { formatRunId } from '../../../../shared/names/runId.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import { createWorld } from '../../../worlds/world.ts';
import { callsOf, linesOf } from '../../push/steps/pushWorld.ts';

const registry = 'appacr';
/** A world that counts who is asked, of which some cannot be reached. */
function watched() {
  const world = createWorld({ registries: [registry, 'otheracr'] });
  const lines = linesOf(world);
  const broken = new Set<string>();
  const asked: string[] = [];
  const answer = async (name: string) => {
    asked.push(name);
    if (broken.has(name)) throw new RegistryError('NotFound', 'it is gone\n for good');
  };
  world.ports.queue.reach = () => answer('queues');
  world.ports.registry.reach = (server) => answer(server.split('.')[0]!);
  const memory = newWatchMemory();
  const calls = callsOf(world, 'putScan');
  const look = async (seconds: number) => {
    world.pass(seconds);
    asked.length = 0;
    await watchEdges(world.ports, memory);
    return [...asked].sort();
  };
  return { world, lines, broken, look, calls };
}
const all = [registry, 'otheracr', 'queues'];

test('what the app needs is looked at as often as base images', async () => {
  const { look, calls, lines } = watched();
  assert.deepEqual(await look(0), all);
  assert.deepEqual(await look(299), []);
  assert.deepEqual(await look(1), all);
  assert.deepEqual(await look(1), []);
  assert.deepEqual([calls, lines], [[], []], 'where nothing is wrong nothing is said, or written down');
});

test('what is broken is looked at each time, said once, and written down', async () => {
  const { world, look, calls, broken, lines } = watched();
  broken.add('otheracr');
  assert.deepEqual(await look(0), all);
  assert.deepEqual(await look(60), ['otheracr']);
  assert.deepEqual(await look(60), ['otheracr']);
  const says =
    'the registry otheracr cannot be reached: it is gone for good (npm run doctor has what mends it)';
  assert.deepEqual(lines, [['error', says]]);
  assert.equal(calls.length, 1);
  assert.deepEqual((await world.ports.store.scan())!.value.broken, { 'the registry otheracr': 'otheracr' });
  broken.clear();
  assert.deepEqual(await look(60), ['otheracr']);
  assert.deepEqual(await look(60), []);
  assert.deepEqual(lines[1], ['information', 'the registry otheracr can be reached again']);
  assert.equal(calls.length, 2);
});

test('a new process says nothing again of what was said', async () => {
  const { world, look, broken, lines } = watched();
  await world.ports.store.putScan({ ...newScan, broken: { 'the queues': '' } }, undefined);
  broken.add('queues');
  await look(0);
  assert.deepEqual(await look(60), ['queues']);
  assert.deepEqual(lines, []);
});

test('whether a registry has runs is one row to read, and none where that fails', async () => {
  const world = createWorld({ registries: [registry] });
  const [known] = world.ports.settings.registries;
  const calls = callsOf(world, 'runs');
  assert.equal(await hasRuns(known!, world.ports), false);
  await world.ports.store.commit(registry, [
    { put: 'run', value: sampleRun(registry, formatRunId(registry, 1)) },
  ]);
  assert.equal(await hasRuns(known!, world.ports), true);
  for (const { args } of calls) assert.deepEqual(args, [registry, { atOnce: 1 }]);
  world.ports.store.runs = () => {
    throw new Error('away');
  };
  assert.equal(await hasRuns(known!, world.ports), false);
});

test.run();
