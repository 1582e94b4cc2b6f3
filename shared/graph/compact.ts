import { platformText, usualPlatform } from '../model/platform.ts';
import type { PlanState, TaskState, TrackedBase } from '../model/state.ts';
import type { GraphAnswer, GraphBase, GraphTask } from './answers.ts';

/** Enough of a digest to tell two apart: `sha256:` and twelve digits, as reasons show it. */
export const cut = (digest: string) => digest.slice(0, 19);

/**
 * Tasks as the graph's answer has them: each image once, digests cut, and what is the usual left out. A third of the
 * size of the states. Pure.
 */
export function toGraph(registry: string, states: TaskState[]): GraphAnswer {
  const indexes = new Map<string, number>();
  const indexOf = (image: string) => {
    const index = indexes.get(image) ?? indexes.size;
    indexes.set(image, index);
    return index;
  };
  const tasks = states.filter(({ deleted }) => !deleted).map((state) => toGraphTask(state, indexOf));
  return { registry, images: [...indexes.keys()], tasks };
}

function toGraphTask(state: TaskState, indexOf: (image: string) => number): GraphTask {
  const { task, enabled, trigger, platform, bases, outputs, open, last, built } = state;
  return {
    task,
    ...(!enabled && { disabled: true as const }),
    ...(trigger !== 'Runtime' && { trigger }),
    ...(platformText(platform) !== usualPlatform && { platform }),
    bases: bases.map((base) => toGraphBase(base, built, indexOf(base.image))),
    ...(outputs.length > 0 && { outputs: outputs.map(indexOf) }),
    ...(open.length > 0 && { open }),
    ...(last && { last: withoutInputs(last) }),
    ...(built && {
      built: {
        runId: built.runId,
        ...(built.seconds !== undefined && { seconds: built.seconds }),
      },
    }),
  };
}

const withoutInputs = ({ runId, status, failures, automatic, endedAt }: NonNullable<TaskState['last']>) => ({
  runId,
  status,
  failures,
  automatic,
  endedAt,
});

function toGraphBase(base: TrackedBase, built: TaskState['built'], image: number): GraphBase {
  const builtOn = built?.pins.find((pin) => pin.image === base.image)?.digest ?? '';
  return {
    image,
    ...(base.type === 'BuildTime' && { buildTime: true as const }),
    digest: cut(base.digest),
    pinnedAt: base.pinnedAt,
    ...(built && builtOn !== base.digest && { builtOn: cut(builtOn) }),
    ...(base.newer && { newer: { ...base.newer, digest: cut(base.newer.digest) } }),
  };
}

/** The states of such an answer, as far as plans and freshness ask for them. Pure. */
export function fromGraph({ registry, images, tasks }: GraphAnswer): PlanState[] {
  return tasks.map(({ task, disabled, trigger, platform, bases, outputs = [], open = [], last, built }) => ({
    registry,
    task,
    enabled: !disabled,
    trigger: trigger ?? ('Runtime' as const),
    ...(platform && { platform }),
    bases: bases.map(({ image, buildTime, digest, pinnedAt, newer }) => ({
      image: images[image]!,
      type: typeOf(buildTime),
      digest,
      pinnedAt,
      ...(newer && { newer }),
    })),
    open,
    outputs: outputs.map((image) => images[image]!),
    last,
    built: built && { ...built, pins: bases.flatMap((base) => pinOf(base, images)) },
  }));
}

const typeOf = (buildTime: true | undefined) => (buildTime ? ('BuildTime' as const) : ('RunTime' as const));

function pinOf({ image, buildTime, digest, builtOn = digest }: GraphBase, images: string[]) {
  return builtOn === '' ? [] : [{ image: images[image]!, type: typeOf(buildTime), digest: builtOn }];
}
