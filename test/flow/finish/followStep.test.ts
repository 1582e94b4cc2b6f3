import assert from 'node:assert/strict';
import { test } from 'uvu';
import { followRun } from '../../../shared/flow/finish/followRun.ts';
import type { Run } from '../../../shared/model/run.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
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

interface Row extends Around {
  title: string;
  run?: Partial<Run>;
  /** Seconds until it is asked again; undefined: it has ended. */
  again: number | undefined;
  /** How the row differs afterwards, beside the time of its next question. */
  becomes?: Partial<Run>;
  cancels?: number;
  logs?: RegExp[];
}
const error = (count: number, since = at(0)) => ({ trouble: { since, count } });
const rows: Row[] = [
  { title: 'goes on', engine: goes, again: 5 },
  {
    title: 'is queued at the engine',
    run: { status: 'Started' },
    engine: { ...goes, status: 'Queued' },
    again: 5,
  },
  {
    title: 'runs now',
    run: { status: 'Started', ...error(2), missing: { since: at(-9), count: 1 } },
    engine: goes,
    again: 5,
    becomes: { status: 'Running', trouble: undefined, missing: undefined },
  },
  {
    title: 'is to end in ten seconds, by the run before',
    run: { startTime: at(-70), followCount: 20, expectedSeconds: 100 },
    engine: goes,
    again: 10,
  },
  {
    title: 'is about to end, of many',
    run: { startTime: at(-95), followCount: 20, expectedSeconds: 100 },
    runsPerRegistry: 140,
    engine: goes,
    again: 7,
  },
  {
    title: 'has no time of its own, and was created long ago',
    run: { startTime: undefined, followCount: 20, expectedSeconds: 20 },
    engine: { ...goes, startTime: at(-1) },
    again: 30,
  },
  { title: 'is to be cancelled', run: { cancelRequested: true }, engine: goes, again: 5, cancels: 1 },
  {
    title: 'is unknown for the first time',
    engine: undefined,
    again: 15,
    becomes: { missing: { since: at(0), count: 1 } },
  },
  {
    title: 'is unknown for nearly a minute',
    run: { missing: { since: at(-59.999), count: 9 } },
    engine: undefined,
    again: 15,
    becomes: { missing: { since: at(-59.999), count: 10 } },
  },
  {
    title: 'is unknown for the third time',
    run: { missing: { since: at(-900), count: 2 } },
    engine: undefined,
    again: 15,
    becomes: { missing: { since: at(-900), count: 3 } },
  },
  {
    title: 'is unknown for a minute and the fourth time',
    run: { missing: { since: at(-60), count: 3 } },
    engine: undefined,
    again: undefined,
    becomes: {
      status: 'Error',
      runErrorMessage: 'The run engine no longer has run e1 of appacr. Run the task again.',
    },
    logs: [/ Error$/],
  },
  {
    title: 'is unknown and was to be cancelled',
    run: { missing: { since: at(-60), count: 3 }, cancelRequested: true },
    engine: undefined,
    again: undefined,
    becomes: { status: 'Canceled' },
    logs: [/ Canceled$/],
  },
  { title: 'meets a busy engine', engine: busy(), again: 5, logs: [/: busy$/] },
  {
    title: 'meets a busy engine after it was unknown',
    run: { missing: { since: at(-9), count: 1 } },
    engine: busy(),
    again: 5,
    logs: [/: busy$/],
  },
  { title: 'meets an engine that names a time', engine: busy(40), again: 40, logs: [/: busy$/] },
  { title: 'meets an engine that names a sooner time', engine: busy(2), again: 5, logs: [/: busy$/] },
  { title: 'meets an engine that names tomorrow', engine: busy(86_400), again: 300, logs: [/: busy$/] },
  {
    title: 'meets a fault',
    engine: new TypeError('broken'),
    again: 15,
    becomes: error(1),
    logs: [/: broken$/],
  },
  {
    title: 'meets a third fault',
    run: error(2, at(-90)),
    engine: new TypeError('broken'),
    again: 60,
    becomes: error(3, at(-90)),
    logs: [/: broken$/],
  },
  { title: 'has just its time', run: { startTime: at(-3900) }, engine: goes, again: 5 },
  {
    title: 'has just its time by the engine’s clock',
    run: { startTime: at(-5000) },
    engine: { ...goes, startTime: at(-3900) },
    again: 5,
  },
  {
    title: 'is past its time by the engine’s clock',
    engine: { ...goes, startTime: at(-3900.001) },
    again: undefined,
    becomes: {
      status: 'Timeout',
      runErrorMessage:
        'The run did not end within its time-out of 3600 s. Give the task a longer one if the build needs it.',
    },
    cancels: 1,
    logs: [/ Timeout$/],
  },
  {
    title: 'is past its time at an engine that does not cancel',
    run: { startTime: at(-3901) },
    engine: goes,
    given: (world) => {
      world.ports.engine.cancel = () => Promise.reject(busy());
    },
    again: undefined,
    becomes: {
      status: 'Timeout',
      runErrorMessage:
        'The run did not end within its time-out of 3600 s. Give the task a longer one if the build needs it.',
    },
    logs: [/passed its time-out and could not be cancelled: busy$/, / Timeout$/],
  },
  {
    title: 'failed, with the engine’s times, images and sentence',
    engine: {
      ...{ runId: 'e1', status: 'Failed', outputImages, runErrorMessage: 'no space' },
      ...{ startTime: at(-40), finishTime: at(-3) },
    },
    again: undefined,
    becomes: {
      ...{ status: 'Failed', outputImages, runErrorMessage: 'no space' },
      ...{ startTime: at(-40), finishTime: at(-3) },
    },
    logs: [/ Failed$/],
  },
  {
    title: 'failed, and nothing else is known',
    engine: { ...goes, status: 'Failed' },
    again: undefined,
    becomes: { status: 'Failed', runErrorMessage: 'The run engine ended the run as Failed.' },
    logs: [/ Failed$/],
  },
  {
    title: 'was built, and was to be cancelled',
    run: { cancelRequested: true },
    engine: { ...goes, status: 'Succeeded', outputImages },
    again: undefined,
    becomes: { status: 'Canceled', outputImages },
    logs: [/ Canceled$/],
  },
  {
    title: 'was built, with the engine’s times',
    run: { pins: [], pinnedAt: at(-60) },
    engine: { ...goes, status: 'Succeeded', startTime: at(-40), finishTime: at(-3) },
    again: undefined,
    becomes: { status: 'Succeeded', outputImages: [], startTime: at(-40), finishTime: at(-3) },
    logs: [/ Succeeded$/],
  },
  {
    title: 'was built, and its image cannot be looked at now',
    run: {
      pins: [{ image: 'baseacr.azurecr.io/base:1', type: 'RunTime', digest: 'sha256:b' }],
      pinnedAt: at(-60),
    },
    engine: { ...goes, status: 'Succeeded', outputImages },
    given: ({ ports }) => {
      ports.registry.imagesOf = async function* () {
        yield* [];
        throw new RegistryError('Unreachable', 'registry is busy');
      };
    },
    again: 5,
    logs: [/: registry is busy$/],
  },
];
const ofGoing = { followAt: undefined, expectedSeconds: undefined, trouble: undefined, missing: undefined };
for (const row of rows)
  test(`a run that ${row.title}: ${row.again === undefined ? 'ends' : `again in ${row.again} s`}`, async () => {
    const run = asStored({ ...followed, ...row.run });
    const { world, seen } = await followedWorld(run, row);
    await followRun(message, world.ports);
    const changed =
      row.again === undefined
        ? { ...ofGoing, finishTime: at(0), ...row.becomes }
        : { followAt: at(row.again), followCount: run.followCount! + 1, ...row.becomes };
    assert.deepEqual(await rowOf(world), asStored({ ...run, lastUpdatedTime: at(0), ...changed }));
    assert.deepEqual(
      follows(world),
      row.again === undefined ? [] : [{ ...message, at: at(row.again), in: row.again }],
    );
    assert.equal(seen.cancels, row.cancels ?? 0);
    const { logs = [] } = row;
    assert.equal(seen.lines.length, logs.length, JSON.stringify(seen.lines));
    for (const [place, [text, facts]] of seen.lines.entries()) {
      assert.match(text, logs[place]!);
      const task = / (Error|Canceled|Timeout|Failed|Succeeded)$/.test(text) ? { task: 'app' } : {};
      assert.deepEqual(facts, { registry, runId, ...task });
    }
  });

test.run();
