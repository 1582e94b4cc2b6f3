// Tier: long, each start is waited for, or given up after its time.
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../../local/runEngine/types.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { type Asked, type Between, standBetween, type Whim } from './between.ts';
import { hasEnded, startWorld, type World } from './world.ts';

let world: World;
let arm: Between;
/** What is done with the next PUT of a taskRun that builds the image of a task. */
const whims = new Map<string, Whim>();

function whimOf({ method, path, body }: Asked): Whim {
  if (method !== 'PUT' || !path.includes('/taskRuns/')) return { do: 'pass' };
  const request = body.toString();
  const task = [...whims.keys()].find((name) => request.includes(`"${name}:`));
  const whim = task === undefined ? undefined : whims.get(task);
  if (task !== undefined) whims.delete(task);
  return whim ?? { do: 'pass' };
}

test.before(async () => {
  arm = await standBetween(() => ({ url: world.stack.engine.url, ca: world.stack.tls.ca }), whimOf);
  let executor: Executor | undefined;
  world = await startWorld({
    executor: (work) => {
      executor ??= instantExecutor(world.stack.tls.ca);
      return executor(work);
    },
    // What the documentation leaves open, each at its worst.
    taskRuns: { rerunsChanged: true, unseenMs: 3000, tellsRunAtOnce: false },
    queueLeaseSeconds: 3,
    settings: { PLINTH_ARM_ENDPOINT: arm.url },
  });
});
test.after(async () => {
  await world?.stack.stop();
  await arm?.stop();
});

const kill = () => world.stack.app.kill('SIGKILL');
const starts: [task: string, goesWrong: string, whim: Whim][] = [
  ['app-well', 'nothing', { do: 'pass' }],
  ['app-lost', 'the answer to the start is lost', { do: 'lose' }],
  ['app-refused', 'the start is answered 500, and not carried out', { do: 'answer', status: 500 }],
  ['app-late', 'the answer to the start is late', { do: 'delay', ms: 5000 }],
  ['app-killed', 'the app is killed once the engine has the build', { do: 'lose', first: kill }],
];
for (const [task, goesWrong, whim] of starts)
  test(`a run is one build of the engine, though this goes wrong: ${goesWrong}`, async () => {
    await world.pushBase('base:1', 'text');
    await world.task(task, 'FROM baseacr.azurecr.io/base:1\n');
    whims.set(task, whim);
    const earlier = world.stack.engine.runs().length;
    const { name } = await world.api.call('POST', '/registries/appacr/scheduleRun', {
      type: 'TaskRunRequest',
      taskId: `${world.stack.registries.appacr!.resourceId}/tasks/${task}`,
    });
    await eventually('what goes wrong', 60, async () => !whims.has(task));
    if (task === 'app-killed') await world.stack.restartApp();
    const run = await eventually(`the end of ${name}`, 240, async () => {
      const { properties } = await world.api.call('GET', `/registries/appacr/runs/${name}`);
      return hasEnded(properties) && properties;
    });
    assert.equal(run.status, 'Succeeded', run.runErrorMessage);
    assert.equal(world.stack.engine.runs().length - earlier, 1);
    assert.deepEqual(world.stack.engine.taskRuns(), []);
  });

test.run();
