import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { archiveRun, cancelRun, scheduleQuickRun, scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { onDelivery } from '../../../shared/flow/webhooks/onDelivery.ts';
import { webhookViews } from '../../../shared/flow/webhooks/webhookViews.ts';
import { DockerBuildRequest, TaskRunRequest } from '../../../shared/model/run.ts';
import type { TaskCreate } from '../../../shared/model/task.ts';
import { githubPush, signatureOf } from '../../doubles/sourceDeliveries.ts';
import { base, diamondWorld, publicBase, registryOf, runByHand } from '../diamondWorld.ts';
import { settle } from '../settle.ts';
import { sourceTrigger } from '../triggerWorld.ts';
import { handling, takeMessages } from '../workers.ts';
import { createWorld, isInjected, type Message, type Past, runsOf, type World } from '../world.ts';

/** What somebody asks for, told of one call of which goes wrong. */
export interface Scenario {
  title: string;
  act(world: LostWorld): Promise<unknown>;
}

/** The diamond and a task of baseacr with a commit trigger and a timer, each built once; hooks lie at a git host. */
export type LostWorld = World & { hooks: Set<string> };

let past: Past | undefined;

export async function lostWorld(): Promise<LostWorld> {
  const registries = ['baseacr', 'mid1acr', 'mid2acr'];
  const made = past ? createWorld({ registries, runsPerRegistry: 2, past }) : await diamondWorld();
  const world = Object.assign(made, { hooks: new Set<string>() });
  world.ports.sourceControl = {
    async register({ url }) {
      world.hooks.add(url);
      return [`the hook of ${url}`];
    },
    remove: async ({ url }) => void world.hooks.delete(url),
  };
  if (past) return world;
  await putTask(own(world), 'src-task', withTriggers(world, 'src-task'), world.ports);
  await runByHand(world, 'baseacr', 'src-task');
  await settle(world);
  past = world.past();
  return lostWorld();
}

const own = (world: World) => registryOf(world, 'baseacr');

function withTriggers(world: World, name: string): TaskCreate {
  const task = world.task(name, [publicBase]);
  const trigger = {
    ...task.properties.trigger,
    sourceTriggers: [sourceTrigger()] as never,
    timerTriggers: [{ name: 'nightly', schedule: '0 3 * * *', status: 'Enabled' as const }],
  };
  return { ...task, properties: { ...task.properties, trigger } };
}

/** Whoever got no answer asks again a little later, as Event Grid, a message's host, the clock's, or a person does. */
async function asking<T>(world: World, act: () => Promise<T>, isThere = async () => false): Promise<void> {
  for (;;)
    try {
      return void (await act());
    } catch (error) {
      if (!isInjected(error)) throw error;
      world.pass(10);
      if (await isThere()) return;
    }
}

/** A person who got no answer to a request for a run looks among the runs first. */
async function askingForRun(world: World, act: () => Promise<unknown>): Promise<string> {
  const before = (await runsOf(world, 'baseacr')).length;
  const newest = async () => (await runsOf(world, 'baseacr'))[before];
  await asking(world, act, async () => (await newest()) !== undefined);
  return (await newest())!.runId;
}

const byHand = (world: World) => askingForRun(world, () => runByHand(world, 'baseacr', 'app1-task'));

async function pushed(world: World, times = 1): Promise<void> {
  world.push(base);
  for (const event of world.events.splice(0))
    for (let time = 0; time < times; time++) await asking(world, () => onPush(event, world.ports));
}

/** With one dependent on each page; a message that was not handled comes again. */
async function pushedInPages(world: World, times = 1): Promise<void> {
  world.ports.settings.dependentsAtOnce = 1;
  await pushed(world, times);
  const isOfPush = ({ queue }: Message) => queue === 'push';
  for (let at = world.messages.findIndex(isOfPush); at >= 0; at = world.messages.findIndex(isOfPush)) {
    const [message] = world.messages.splice(at, 1);
    await asking(world, () => handling(message!)(world.ports));
  }
  delete world.ports.settings.dependentsAtOnce;
}

/** Until the engine has a build of it. */
async function untilBuilt(world: World): Promise<void> {
  for (let turn = 0; turn < 20 && world.builds.every((build) => world.hasEnded(build)); turn++) {
    for (const message of takeMessages(world, 5, () => 0))
      await handling(message)(world.ports).catch((error) => {
        if (!isInjected(error)) throw error;
        world.messages.push({ ...message, due: world.now() + 10_000 });
      });
    world.pass(10);
    if (turn % 6 === 5) await asking(world, () => everyMinute(world.ports));
  }
}

async function delivered(world: World): Promise<void> {
  const [{ secret = '' } = {}] = await webhookViews('baseacr', 'src-task', world.ports, true);
  const text = JSON.stringify(githubPush());
  const given = {
    registry: 'baseacr',
    task: 'src-task',
    trigger: 'defaultSourceTriggerName',
    body: Buffer.from(text),
    signature: signatureOf(text, secret),
    authorization: undefined,
    event: 'push',
    deliveryId: 'd-1',
  };
  await asking(world, () => onDelivery(given, world.ports));
}

export const scenarios: Scenario[] = [
  { title: 'a push', act: (world) => pushed(world) },
  { title: 'a push that comes twice', act: (world) => pushed(world, 2) },
  {
    title: 'a push that is decided in pages',
    act: (world) => pushedInPages(world),
  },
  {
    title: 'a push that is decided in pages, and comes twice',
    act: (world) => pushedInPages(world, 2),
  },
  {
    title: 'a push that merges into what is queued',
    async act(world) {
      await pushed(world);
      world.pass(1);
      await pushed(world);
    },
  },
  { title: 'a run by hand', act: byHand },
  {
    title: 'a run by hand with arguments of its own',
    act: (world) => {
      const overrides = { arguments: [{ name: 'A', value: 'b', isSecret: true }] };
      const body = { type: 'TaskRunRequest', taskId: 'app1-task', overrideTaskStepProperties: overrides };
      return askingForRun(world, () => scheduleTaskRun(own(world), TaskRunRequest.parse(body), world.ports));
    },
  },
  {
    title: 'a quick run',
    act: (world) => {
      const body = { type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile', sourceLocation: 'upload/1' };
      return askingForRun(world, () =>
        scheduleQuickRun(own(world), DockerBuildRequest.parse(body), world.ports),
      );
    },
  },
  { title: 'a commit', act: delivered },
  {
    title: 'a timer',
    async act(world) {
      world.pass((Date.parse('2026-11-24T03:00:00.000Z') - world.now()) / 1000);
      await asking(world, () => everyMinute(world.ports));
    },
  },
  {
    title: 'a cancel in the queue',
    async act(world) {
      const runId = await byHand(world);
      await asking(world, () => cancelRun(own(world), runId, world.ports));
    },
  },
  {
    title: 'a cancel of what is built',
    async act(world) {
      const runId = await byHand(world);
      await untilBuilt(world);
      await asking(world, () => cancelRun(own(world), runId, world.ports));
    },
  },
  {
    title: 'a build that fails',
    async act(world) {
      await byHand(world);
      await untilBuilt(world);
      for (const build of world.builds) world.end(build, 'Failed');
    },
  },
  {
    title: 'a PUT of a new task with triggers, and its first run',
    async act(world) {
      await asking(world, () =>
        putTask(own(world), 'new-task', withTriggers(world, 'new-task'), world.ports),
      );
      await askingForRun(world, () => runByHand(world, 'baseacr', 'new-task'));
    },
  },
  {
    title: 'a PATCH',
    act: (world) =>
      asking(world, () => patchTask(own(world), 'app1-task', { properties: { timeout: 4000 } }, world.ports)),
  },
  {
    title: 'the archiving of a run',
    async act(world) {
      const { runId } = (await runsOf(world, 'baseacr')).at(-1)!;
      await asking(world, () => archiveRun(own(world), runId, true, world.ports));
    },
  },
  {
    title: 'the deletion of a task',
    act: (world) => asking(world, () => deleteTask(registryOf(world, 'mid2acr'), 'app2-task', world.ports)),
  },
  {
    title: 'the deletion of a task with triggers and a queued run',
    async act(world) {
      await askingForRun(world, () => runByHand(world, 'baseacr', 'src-task'));
      await asking(world, () => deleteTask(own(world), 'src-task', world.ports));
    },
  },
];
