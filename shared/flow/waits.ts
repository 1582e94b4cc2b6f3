import { decideOnPush } from '../decide.ts';
import type { Push, TaskState, TrackedBase } from '../model/state.ts';
import { type Store, type TaskKey, UnreadableError } from '../ports/store.ts';
import { watchedBases } from '../reconcile.ts';
import { asBases, hasFailed, type Reading } from '../transitions.ts';

/** A task whose push would, over others, start itself. */
export class RingError extends Error {
  override name = 'RingError';
}

/** What stands above a task: who makes its base images, who makes theirs, all the way up. */
export interface Above {
  /** Those of them that have a run which has not ended: `registry/runId` and a sentence. */
  open: { runs: string[]; reason: string } | undefined;
  /** Moves of base images that one of them has built on and another has not heard of. */
  unheard: Omit<Push, 'id'>[];
  /** Sentences about those whose newest run failed, or that cannot be read: the task goes on with what they made before. */
  failed: string[];
}

const same = (a: TaskKey, b: TaskKey) =>
  a.registry === b.registry && a.task.toLowerCase() === b.task.toLowerCase();
const named = ({ registry, task }: TaskKey) => `${registry}/${task}`;

/**
 * Looks at everything a task stands on, so that what stands on two rebuilt images is built once, after both.
 * @param state of the task
 * @param images what the task stands on
 * @param known digests that were read just now; what the task is about to make, where no edge says so yet
 * @throws RingError naming the ring when a push of what the task makes would come round to it
 */
export async function lookAbove(
  state: TaskState,
  images: string[],
  store: Pick<Store, 'standing' | 'state'>,
  known: { reading?: Reading | undefined; outputs?: string[] } = {},
): Promise<Above> {
  const task = known.reading ? { ...state, bases: asBases(known.reading) } : state;
  const graph = await climb(task, images, known.outputs ?? [], store);
  const makers = waitedFor(task, images, graph);
  const open = makers.flatMap((maker) => {
    const runs = maker.open.filter((run) => run.canonical).map((run) => run.runId);
    return runs.length > 0 ? [{ maker, runs }] : [];
  });
  // Those right above it end last.
  const isNear = ({ maker }: { maker: TaskState }) => maker.outputs.some((image) => images.includes(image));
  open.sort((a, b) => Number(isNear(a)) - Number(isNear(b)));
  const sentences = open.map(({ maker, runs }) => `${runs.join(', ')} of ${named(maker)}`);
  return {
    open:
      open.length === 0
        ? undefined
        : {
            runs: open.flatMap(({ maker, runs }) => runs.map((runId) => `${maker.registry}/${runId}`)),
            reason: `waits for ${sentences.join(' and ')}: it stands on what they make`,
          },
    unheard: unheardMoves(makers, known.reading ? task.bases : []),
    failed: graph.unread.concat(
      makers.flatMap((maker) =>
        maker.last && hasFailed(maker.last.status)
          ? [
              `${named(maker)} makes a base image, and its newest run ${maker.last.runId} ended ${maker.last.status}`,
            ]
          : [],
      ),
    ),
  };
}

/** Who makes each image above a task, the task itself left out. */
interface Climbed {
  makers: Map<string, TaskState[]>;
  /** The images above that the task makes. */
  own: Set<string>;
  /** Sentences about those of whom nothing can be read. */
  unread: string[];
}

async function climb(
  task: TaskKey,
  images: string[],
  outputs: string[],
  store: Pick<Store, 'standing' | 'state'>,
): Promise<Climbed> {
  const makers = new Map<string, TaskState[]>();
  const own = new Set<string>();
  const unread: string[] = [];
  const states = new Map<string, TaskState | undefined>();
  const readState = async (producer: TaskKey) => {
    try {
      return (await store.state(producer.registry, producer.task))?.value;
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread.push(`${named(producer)} makes a base image, and what is known of it cannot be read`);
      return undefined;
    }
  };
  for (let level = images; level.length > 0; ) {
    const next: string[] = [];
    for (const image of level) {
      if (makers.has(image)) continue;
      const { producers } = await store.standing(image);
      if (outputs.includes(image) || producers.some((producer) => same(producer, task))) own.add(image);
      for (const producer of producers) {
        const name = named(producer);
        if (same(producer, task) || states.has(name)) continue;
        const state = await readState(producer);
        states.set(name, state);
        next.push(...imagesOf(state));
      }
      makers.set(
        image,
        producers.flatMap((producer) => states.get(named(producer)) ?? []),
      );
    }
    level = next;
  }
  return { makers, own, unread };
}

const imagesOf = (state: TaskState | undefined) => state?.bases.map(({ image }) => image) ?? [];
/** The images whose push would start the task. */
const watchedImages = (state: TaskState) => watchedBases(state).map(({ image }) => image);

/**
 * Whose runs the task waits for: all above it, so that it is built after them. Of those that stand on the task in turn,
 * as where its own last image is its cache, only those whose push would start it: else two would wait for each other.
 * @throws RingError
 */
function waitedFor(task: TaskState, images: string[], graph: Climbed): TaskState[] {
  const starting = reach(watchedImages(task), graph, watchedImages);
  if (starting.ring) {
    const ring = [task, ...starting.ring, task].map(named).join(' stands on ');
    throw new RingError(`${ring}. Every rebuild would call for the next; take one of the steps away.`);
  }
  const rest = reach(images, graph, imagesOf).makers.filter(
    (maker) => !starting.makers.includes(maker) && !reach(imagesOf(maker), graph, imagesOf).ring,
  );
  return [...starting.makers, ...rest];
}

/** Everybody above some images, over the images that `follow` names; and the way to the first that the task makes. */
function reach(images: string[], { makers, own }: Climbed, follow: (state: TaskState) => string[]) {
  const paths = new Map<TaskState, TaskState[]>();
  let ring: TaskState[] | undefined;
  const visit = (from: string[], path: TaskState[]): void => {
    for (const image of from) {
      if (own.has(image)) ring ??= path;
      for (const maker of makers.get(image) ?? []) {
        if (paths.has(maker)) continue;
        paths.set(maker, [...path, maker]);
        visit(follow(maker), [...path, maker]);
      }
    }
  };
  visit(images, []);
  return { makers: [...paths.keys()], ring };
}

/**
 * One task has built on a newer digest of an image than another knows of: its event was cut short or has not come. Pure.
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
    makers.some(
      (maker) =>
        maker.bases.some(({ image }) => image === move.image) &&
        decideOnPush({ id: '', ...move }, maker).do === 'start',
    ),
  );
}
