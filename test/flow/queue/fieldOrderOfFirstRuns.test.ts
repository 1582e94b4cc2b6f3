import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { newTaskRun, queueWrites } from '../../../shared/flow/queue/newRun.ts';
import { type StepOverrides, TaskRunRequest } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { countIn, ownOf, start, workFor } from '../../worlds/counted.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const mid = 'appacr.azurecr.io/mid:1';

type First = (world: World) => Promise<unknown>;

const withOverrides =
  (overrides: Partial<StepOverrides>): First =>
  (world) => {
    const request = { type: 'TaskRunRequest', taskId: 'mid', overrideTaskStepProperties: overrides };
    return scheduleTaskRun(ownOf(world, 'appacr'), TaskRunRequest.parse(request), world.ports);
  };

/** Builds the head of a pull request. */
const aside: First = async (world) => {
  const { store, queue } = world.ports;
  const state = (await store.state('appacr', 'mid'))!;
  const runId = formatRunId('appacr', await store.takeRunNumbers('appacr', 1));
  const run = newTaskRun(state.value, runId, new Date(world.now()), {
    cause: { kind: 'manual' },
    aside: true,
  });
  await store.commit('appacr', queueWrites(run, state));
  await queue.sendStart([{ registry: 'appacr', runId }]);
};

const rows: [title: string, first: First][] = [
  ['as it is defined', (world) => start(world, 'appacr', 'mid')],
  ['with another argument', withOverrides({ arguments: [{ name: 'A', value: 'b', isSecret: false }] })],
  ['with a secret argument', withOverrides({ arguments: [{ name: 'A', value: 'b', isSecret: true }] })],
  ['with another target', withOverrides({ target: 'final' })],
  ['with another file', withOverrides({ file: 'Dockerfile-other' })],
  ['with another context', withOverrides({ contextPath: 'https://git.example.com/app.git' })],
  ['with a value', withOverrides({ values: [{ name: 'v', value: '1', isSecret: false }] })],
  ['of a pull request', aside],
];
for (const [title, first] of rows)
  test(`a task whose image's name has a run value, first run ${title}, is waited for by its dependents`, async () => {
    const world = createWorld({ registries: ['baseacr', 'appacr'] });
    const counts = countIn(world);
    world.push(base);
    // The name is known only from a run.
    const midTask = world.task('mid', [base], '{{.Run.TaskName}}:1');
    await putTask(ownOf(world, 'appacr'), 'mid', midTask, world.ports);
    await first(world);
    await workFor(world, 5, counts);
    await start(world, 'appacr', 'mid');
    await workFor(world, 5, counts);
    await putTask(ownOf(world, 'appacr'), 'app', world.task('app', [mid, base]), world.ports);
    await start(world, 'appacr', 'app');
    await workFor(world, 5, counts);
    assert.deepEqual((await world.ports.store.imageEdges(mid)).producers, [
      { registry: 'appacr', task: 'mid' },
    ]);

    const before = world.builds.length;
    world.push(base);
    await workFor(world, 30, counts);
    const built = world.builds.slice(before).map(({ request }) => request.imageNames[0]);
    assert.deepEqual(built, ['mid:1', 'app:1']);
  });

test.run();
