import type { Push, TaskState, TrackedBase } from '../model/state.ts';
import { PlinthError } from '../names/plinthError.ts';
import { taskPath } from '../names/taskKey.ts';
import { decideOnPush } from './decideOnPush.ts';
import { hasFailed } from './freshness/failing.ts';
import { watchedBases } from './freshness/watched.ts';
import { asBases, type Reading } from './taskState.ts';

/** A task whose push would, over others, start itself. */
export class CycleError extends PlinthError {}

/** What is upstream of a task: the producers of its base images, those of theirs, and so on. */
export interface Upstream {
  /** Those of them that have a run which has not ended: `registry/runId` and a sentence. */
  open: { runs: string[]; reason: string } | undefined;
  /** Pushes of base images that one of them has built on and another was not notified of. */
  unheard: Omit<Push, 'id'>[];
  /**
   * Sentences about those whose newest run failed, or that cannot be read: the task goes on with what they made
   * before.
   */
  failed: string[];
}

/** The producers of each image upstream of a task, the task itself left out. */
export interface Makers {
  of: Map<string, TaskState[]>;
  /** The images above that the task makes. */
  own: Set<string>;
  /** Sentences about those that cannot be read. */
  unread: string[];
}

/**
 * What a task waits for, so that a task on two rebuilt images is built once, after both. Pure.
 * @param state of the task
 * @param images the base images of the task
 * @param reading digests that were read just now
 * @throws CycleError naming the cycle when a push of what the task makes would come round to it
 */
export function upstreamOf(
  state: TaskState,
  images: string[],
  graph: Makers,
  reading?: Reading | undefined,
): Upstream {
  const task = reading ? { ...state, bases: asBases(reading) } : state;
  const makers = waitedFor(task, images, graph);
  const open = makers.flatMap((maker) => {
    const runs = maker.open.filter((run) => run.canonical).map((run) => run.runId);
    return runs.length > 0 ? [{ maker, runs }] : [];
  });
  // Those right above it end last.
  const isNear = ({ maker }: { maker: TaskState }) => maker.outputs.some((image) => images.includes(image));
  open.sort((a, b) => Number(isNear(a)) - Number(isNear(b)));
  return {
    open:
      open.length === 0
        ? undefined
        : {
            runs: open.flatMap(({ maker, runs }) => runs.map((runId) => `${maker.registry}/${runId}`)),
            reason: waitsForMakers(open),
          },
    unheard: unheardMoves(makers, reading ? task.bases : []),
    failed: graph.unread.concat(
      makers.flatMap((maker) =>
        maker.last && hasFailed(maker.last.status)
          ? [
              `${taskPath(maker)} makes a base image, and its newest run ${maker.last.runId} ended ${maker.last.status}`,
            ]
          : [],
      ),
    ),
  };
}

/** Why a run waits for those of tasks upstream. */
export const waitsForMakers = (open: { maker: TaskState; runs: string[] }[]) =>
  `waits for ${open.map(({ maker, runs }) => `${runs.join(', ')} of ${taskPath(maker)}`).join(' and ')}: it is built on what they make`;

/** The base images of a task. */
export const imagesOf = ({ bases }: TaskState) => bases.map(({ image }) => image);
/** The images whose push would start the task. */
const watchedImages = (state: TaskState) => watchedBases(state).map(({ image }) => image);

/**
 * The tasks whose runs the task waits for: all upstream, so that it is built after them. Of those that are built on the
 * task in turn, as where its own last image is its cache, only those whose push would start it: else two would wait for
 * each other.
 * @throws CycleError
 */
function waitedFor(task: TaskState, images: string[], graph: Makers): TaskState[] {
  const starting = reach(watchedImages(task), graph, watchedImages);
  if (starting.cycle) {
    const cycle = [task, ...starting.cycle, task].map(taskPath).join(' is built on ');
    throw new CycleError(`${cycle}. Every rebuild would call for the next; take one of the steps away.`);
  }
  const rest = reach(images, graph, imagesOf).makers.filter(
    (maker) => !starting.makers.includes(maker) && !reach(imagesOf(maker), graph, imagesOf).cycle,
  );
  return [...starting.makers, ...rest];
}

/**
 * All tasks upstream of some images, over the images that `follow` names; and the path to the first that the task
 * makes.
 */
function reach(images: string[], { of, own }: Makers, follow: (state: TaskState) => string[]) {
  const makers = new Set<TaskState>();
  let cycle: TaskState[] | undefined;
  const visit = (from: string[], path: TaskState[]): void => {
    for (const image of from) {
      if (own.has(image)) cycle ??= path;
      for (const maker of of.get(image) ?? []) {
        if (makers.has(maker)) continue;
        makers.add(maker);
        visit(follow(maker), [...path, maker]);
      }
    }
  };
  visit(images, []);
  return { makers: [...makers], cycle };
}

/**
 * Base images of which one task has built on a newer digest than another was notified of: the event was not fully
 * handled, or has not come. Pure.
 */
function unheardMoves(makers: TaskState[], own: TrackedBase[]): Omit<Push, 'id'>[] {
  const newest = new Map<string, TrackedBase>();
  for (const base of [...own, ...makers.flatMap(({ bases }) => bases)]) {
    const known = newest.get(base.image);
    if (!known || known.pinnedAt < base.pinnedAt) newest.set(base.image, base);
  }
  const moves = [...newest.values()].map(({ image, digest, pinnedAt: timestamp }) => ({
    image,
    digest,
    timestamp,
  }));
  return moves.filter((move) =>
    makers.some((maker) => decideOnPush({ id: '', ...move }, maker).do === 'start'),
  );
}
