import { scheduleTaskRun } from '../../shared/flow/api/runs.ts';
import { putTask } from '../../shared/flow/api/tasks.ts';
import { everyMinute } from '../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../shared/flow/push/onPush.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import { handling } from './workers.ts';
import { createWorld, type Past, type World } from './world.ts';

export interface Counts {
  messages: number;
  storeCalls: number;
  /** By the address of its context, the instants at which it was fetched. */
  fetches: Map<string, number[]>;
}

/** Counts from now on what a world does. */
export function countIn(world: World): Counts {
  const counts: Counts = { messages: 0, storeCalls: 0, fetches: new Map() };
  const { store, source } = world.ports;
  world.ports.store = new Proxy(store, {
    get(target, name) {
      const member = target[name as keyof typeof target] as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        counts.storeCalls++;
        return member.apply(target, args);
      };
    },
  });
  world.ports.source = {
    async fetch(location, options) {
      const url = location.kind === 'git' ? location.url : location.kind;
      counts.fetches.set(url, [...(counts.fetches.get(url) ?? []), world.now()]);
      return source.fetch(location, options);
    },
  };
  return counts;
}

/** Handles all messages that can be seen, four at once; ends builds and sends events on the way. */
export async function work(world: World, counts: Counts, end: 'Succeeded' | 'Failed' | 'not' = 'Succeeded') {
  for (;;) {
    for (const event of world.events.splice(0)) await onPush(event, world.ports);
    const due = world.messages.filter((message) => message.due <= world.now()).slice(0, 4);
    for (const message of due) world.messages.splice(world.messages.indexOf(message), 1);
    await Promise.all(due.map((message) => handling(message)(world.ports)));
    counts.messages += due.length;
    if (due.length > 0) continue;
    const open = world.builds.filter((build) => !world.hasEnded(build));
    if (end === 'not' || open.length === 0) return;
    for (const build of open) world.end(build, end);
  }
}

/** Works for so long, the clock included, message by message as their time comes. */
export async function workFor(
  world: World,
  seconds: number,
  counts: Counts,
  { clock = true, eachSecond = async () => {} }: { clock?: boolean; eachSecond?: () => Promise<void> } = {},
) {
  for (const end = world.now() + seconds * 1000; world.now() < end; world.pass(1)) {
    if (clock && world.now() % 60_000 === 0) await everyMinute(world.ports);
    await eachSecond();
    await work(world, counts);
  }
  await work(world, counts);
}

export const ownOf = (world: World, name: string): Ports['settings']['registries'][number] =>
  world.ports.settings.registries.find((registry) => registry.name === name)!;

export const start = (world: World, registry: string, task: string) =>
  scheduleTaskRun(
    ownOf(world, registry),
    { type: 'TaskRunRequest', taskId: task, isArchiveEnabled: false },
    world.ports,
  );

export interface Given {
  registry: string;
  name: string;
  bases: string[];
  trigger?: 'Runtime' | 'All';
}

const pasts = new Map<string, Past>();

/** A world in which these tasks have been built once, in this order; made once for each title. */
export async function builtWorld(
  title: string,
  options: { runsPerRegistry?: number; runsPerTask?: number },
  tasks: Given[],
  images: string[],
) {
  const registries = [...new Set(['baseacr', 'appacr', ...tasks.map(({ registry }) => registry)])];
  let past = pasts.get(title);
  if (!past) {
    const world = createWorld({ registries });
    for (const image of images) world.push(image);
    const counts = countIn(world);
    for (const { registry, name, bases, trigger } of tasks) {
      await putTask(ownOf(world, registry), name, world.task(name, bases, `${name}:1`, trigger), world.ports);
      await start(world, registry, name);
      await workFor(world, 2, counts, { clock: false });
    }
    world.pass(60);
    past = world.past();
    pasts.set(title, past);
  }
  const world = createWorld({ registries, runsPerRegistry: options.runsPerRegistry ?? 10, past });
  world.ports.settings.runsPerTask = options.runsPerTask ?? 1;
  return world;
}
