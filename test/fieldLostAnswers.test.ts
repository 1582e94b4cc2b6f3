import assert from 'node:assert/strict';
import { test } from 'uvu';
import { onPush } from '../shared/flow/onPush.ts';
import { archiveRun, cancelRun, scheduleQuickRun, scheduleTaskRun } from '../shared/flow/runs.ts';
import { patchTask, putTask } from '../shared/flow/tasks.ts';
import { DockerBuildRequest, isEnded, TaskRunRequest } from '../shared/model/run.ts';
import { ConflictError, type Store } from '../shared/ports/store.ts';
import { base, diamond, diamondWorld, registryOf, runByHand } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { nothingIsLeft, nothingWasBuiltTwice, standsOnTheNewest } from './stormChecks.ts';
import { handling } from './workers.ts';
import { runsOf, type World } from './world.ts';

/** The commit of this number goes through, its answer is lost, and the SDK's second try meets its own row. */
function loseAnswer(world: World, number: number): { commits: number } {
  const seen = { commits: 0 };
  const { store } = world.ports;
  const commit: Store['commit'] = async (registry, writes) => {
    await store.commit(registry, writes);
    if (++seen.commits === number)
      throw new ConflictError('the answer was lost, and the second try met the first');
  };
  world.ports.store = { ...store, commit };
  return seen;
}

const app1 = (world: World) => registryOf(world, 'baseacr');
const newestRun = async (world: World, registry: string) => (await runsOf(world, registry)).at(-1)!;

/** Handles what can be seen once, without ending a build. */
async function work(world: World) {
  for (let turn = 0; turn < 5; turn++)
    for (const message of world.messages.filter(({ due }) => due <= world.now())) {
      world.messages.splice(world.messages.indexOf(message), 1);
      await handling(message)(world.ports);
    }
}

interface Flow {
  title: string;
  /** What somebody asks for; it must not throw. */
  act(world: World): Promise<unknown>;
  builds: number;
  check?(world: World): Promise<void>;
}

const push = async (world: World) => {
  world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
};

const flows: Flow[] = [
  { title: 'a push', act: push, builds: 4 },
  {
    title: 'a push that comes twice',
    async act(world) {
      world.push(base);
      const [event] = world.events.splice(0);
      await onPush(event!, world.ports);
      await onPush(event!, world.ports);
    },
    builds: 4,
  },
  {
    title: 'a push that merges into what is queued',
    async act(world) {
      await push(world);
      world.pass(1);
      await push(world);
    },
    builds: 4,
  },
  { title: 'a start by hand', act: (world) => runByHand(world, 'baseacr', 'app1-task'), builds: 1 },
  {
    title: 'a start by hand with another target',
    act: (world) =>
      scheduleTaskRun(
        app1(world),
        TaskRunRequest.parse({
          type: 'TaskRunRequest',
          taskId: 'app1-task',
          overrideTaskStepProperties: { arguments: [{ name: 'A', value: 'b', isSecret: true }] },
        }),
        world.ports,
      ),
    builds: 1,
  },
  {
    title: 'a quick run',
    act: (world) =>
      scheduleQuickRun(
        app1(world),
        DockerBuildRequest.parse({
          type: 'DockerBuildRequest',
          dockerFilePath: 'Dockerfile',
          sourceLocation: 'upload/1',
        }),
        world.ports,
      ),
    builds: 1,
  },
  {
    title: 'a PATCH',
    async act(world) {
      await patchTask(app1(world), 'app1-task', { properties: { timeout: 4000 } }, world.ports);
    },
    builds: 0,
    async check({ ports: { store } }) {
      assert.equal((await store.task('baseacr', 'app1-task'))?.value.properties.timeout, 4000);
      assert.equal((await store.state('baseacr', 'app1-task'))?.value.timeout, 4000);
    },
  },
  {
    title: 'a PUT of a new task, and its first run',
    async act(world) {
      await putTask(app1(world), 'new-task', world.task('new-task', [base]), world.ports);
      await runByHand(world, 'baseacr', 'new-task');
    },
    builds: 1,
    async check({ ports: { store } }) {
      assert.ok((await store.standing(base)).dependents.some(({ task }) => task === 'new-task'));
    },
  },
  {
    title: 'a cancel in the queue',
    async act(world) {
      const run = await runByHand(world, 'baseacr', 'app1-task');
      await cancelRun(app1(world), run.runId, world.ports);
    },
    builds: 0,
    async check(world) {
      assert.equal((await newestRun(world, 'baseacr')).status, 'Canceled');
    },
  },
  {
    title: 'a cancel of what is built',
    async act(world) {
      const run = await runByHand(world, 'baseacr', 'app1-task');
      for (let turn = 0; turn < 4 && world.builds.every((build) => world.hasEnded(build)); turn++) {
        await work(world);
        world.pass(100);
      }
      await cancelRun(app1(world), run.runId, world.ports);
    },
    builds: 1,
    async check(world) {
      assert.equal((await newestRun(world, 'baseacr')).status, 'Canceled');
    },
  },
  {
    title: 'a build that fails',
    async act(world) {
      await runByHand(world, 'baseacr', 'app1-task');
      for (let turn = 0; turn < 4 && world.builds.every((build) => world.hasEnded(build)); turn++) {
        await work(world);
        world.pass(100);
      }
      for (const build of world.builds) world.end(build, 'Failed');
    },
    builds: 1,
    async check(world) {
      assert.equal((await newestRun(world, 'baseacr')).status, 'Failed');
    },
  },
  {
    title: 'the archiving of a run',
    async act(world) {
      const { runId } = await newestRun(world, 'baseacr');
      await archiveRun(app1(world), runId, true, world.ports);
    },
    builds: 0,
    async check(world) {
      assert.ok((await newestRun(world, 'baseacr')).isArchiveEnabled);
    },
  },
];

async function play({ act, builds, check }: Flow, number: number): Promise<number> {
  const world = await diamondWorld();
  const before = world.builds.length;
  const seen = loseAnswer(world, number);
  await act(world);
  await settle(world);
  await nothingIsLeft(world);
  standsOnTheNewest(world);
  await nothingWasBuiltTwice(world);
  assert.equal(world.builds.length - before, builds, `builds, with the answer of commit ${number} lost`);
  for (const { registry } of diamond)
    for (const run of await runsOf(world, registry)) assert.ok(isEnded(run.status), run.runId);
  await check?.(world);
  return seen.commits;
}

for (const flow of flows)
  test(`${flow.title} comes to the same whichever commit's answer is lost`, async () => {
    const commits = await play(flow, 0);
    assert.ok(commits > 0);
    const wrong: string[] = [];
    for (let number = 1; number <= commits; number++)
      await play(flow, number).catch((error) =>
        wrong.push(`commit ${number} of ${commits}: ${error.message}`),
      );
    assert.deepEqual(wrong, []);
  });

test.run();
