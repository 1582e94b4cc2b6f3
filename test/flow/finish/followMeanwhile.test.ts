import assert from 'node:assert/strict';
import { test } from 'uvu';
import { followRun } from '../../../shared/flow/finish/followRun.ts';
import type { Run } from '../../../shared/model/run.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import {
  type Around,
  asStored,
  at,
  busy,
  followed,
  followedWorld,
  follows,
  goes,
  message,
  outputImages,
  registry,
  rowOf,
  runId,
} from './followedRun.ts';

const noBother: [title: string, run: Partial<Run> | undefined, asked?: string][] = [
  ['is gone', undefined],
  ['has ended', { status: 'Succeeded' }],
  ['has a newer message', { followAt: at(3) }],
  ['has no message', { followAt: undefined }],
  ['is not at the engine yet', { engineRunId: undefined }],
];
for (const [title, change] of noBother)
  test(`a message of a run that ${title} does nothing`, async () => {
    const run = asStored({ ...followed, ...change });
    const { world, seen } = await followedWorld(run, { engine: goes });
    const { store } = world.ports;
    if (!change) await store.forgetRun((await store.run(registry, runId))!);
    await followRun(message, world.ports);
    assert.deepEqual(await rowOf(world), change && run);
    assert.deepEqual([seen.questions, seen.lines, world.messages], [0, [], []]);
  });

const writes: [title: string, engine: Around['engine'], fails: Error, lines: number][] = [
  ['goes on, and its row is changed meanwhile', goes, new ConflictError('changed'), 0],
  ['meets a busy engine, and its row is changed meanwhile', busy(), new ConflictError('changed'), 1],
  [
    'meets a fault, and its row is changed meanwhile',
    new TypeError('broken'),
    new ConflictError('changed'),
    1,
  ],
  ['meets a busy engine, and the store is away', busy(), new TypeError('away'), 1],
];
for (const [title, engine, fails, lines] of writes)
  test(`a run that ${title}: ${fails instanceof ConflictError ? 'the same message comes again' : 'it throws'}`, async () => {
    const { world, seen } = await followedWorld(followed, { engine });
    world.ports.store = { ...world.ports.store, commit: () => Promise.reject(fails) };
    if (fails instanceof ConflictError) await followRun(message, world.ports);
    else await assert.rejects(followRun(message, world.ports), fails);
    assert.deepEqual(follows(world), fails instanceof ConflictError ? [{ ...message, in: 1 }] : []);
    assert.equal(seen.lines.length, lines);
    assert.deepEqual(await rowOf(world), followed);
  });

/** What befalls the row while its image is looked at. */
const meanwhile: [title: string, change: Partial<Run> | undefined, thrown: Error, next: number][] = [
  [
    'another worker has asked',
    { followAt: at(9), finishTries: 1 },
    new RegistryError('Unreachable', 'busy'),
    1,
  ],
  ['it is gone', undefined, new RegistryError('Unreachable', 'busy'), 1],
  ['nothing changes', {}, new ConflictError('changed'), 1],
  ['a cancel comes', { cancelRequested: true }, new RegistryError('Unreachable', 'busy'), 5],
];
for (const [title, change, thrown, next] of meanwhile)
  test(`a build that cannot be proved while ${title}: asked again in ${next} s`, async () => {
    const pins = [{ image: 'baseacr.azurecr.io/base:1', type: 'RunTime' as const, digest: 'sha256:b' }];
    const run: Run = { ...followed, pins, pinnedAt: at(-60) };
    const { world } = await followedWorld(run, { engine: { ...goes, status: 'Succeeded', outputImages } });
    const { store } = world.ports;
    world.ports.registry.imagesOf = async function* () {
      yield* [];
      const now = (await store.run(registry, runId))!;
      assert.equal(now.value.finishTries, 1);
      if (!change) await store.forgetRun(now);
      else if (Object.keys(change).length > 0)
        await store.commit(registry, [{ put: 'run', value: { ...now.value, ...change }, etag: now.etag }]);
      throw thrown;
    };
    await followRun(message, world.ports);
    const isOurs = next === 5;
    assert.deepEqual(follows(world), [{ ...message, ...(isOurs && { at: at(next) }), in: next }]);
    const after = { followAt: at(next), followCount: 6, lastUpdatedTime: at(0) };
    assert.deepEqual(await rowOf(world), change && { ...run, ...change, ...(isOurs && after) });
  });

test.run();
