import { decideOnPush } from '../decide.ts';
import type { Push, TaskState, TrackedBase } from '../model/state.ts';
import { type Store, type TaskKey, UnreadableError } from '../ports/store.ts';
import { asBases, hasFailed, type Reading } from '../transitions.ts';

/** A task that stands, over others, on itself. */
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
 * @param images what the task stands on
 * @param known digests that were read just now; what the task is about to make, where no edge says so yet
 * @throws RingError naming the ring when the task makes what it stands on
 */
export async function lookAbove(
  task: TaskKey,
  images: string[],
  store: Pick<Store, 'standing' | 'state'>,
  known: { reading?: Reading | undefined; outputs?: string[] } = {},
): Promise<Above> {
  const unread: string[] = [];
  const makers = await climb(task, images, known.outputs ?? [], store, unread);
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
    unheard: unheardMoves(makers, known.reading ? asBases(known.reading) : []),
    failed: unread.concat(
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

async function climb(
  task: TaskKey,
  images: string[],
  outputs: string[],
  store: Pick<Store, 'standing' | 'state'>,
  unread: string[],
): Promise<TaskState[]> {
  const makers = new Map<string, TaskState | undefined>();
  const seen = new Set<string>();
  const readState = async (producer: TaskKey) => {
    try {
      return (await store.state(producer.registry, producer.task))?.value;
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      unread.push(`${named(producer)} makes a base image, and what is known of it cannot be read`);
      return undefined;
    }
  };
  const upFrom = async (from: string[], path: TaskKey[]): Promise<void> => {
    for (const image of from) {
      if (seen.has(image)) continue;
      seen.add(image);
      const { producers } = await store.standing(image);
      if (outputs.includes(image) || producers.some((producer) => same(producer, task))) {
        const ring = [task, ...path, task].map(named).join(' stands on ');
        throw new RingError(`${ring}. Every rebuild would call for the next; take one of the steps away.`);
      }
      for (const producer of producers) {
        if (makers.has(named(producer))) continue;
        const state = await readState(producer);
        makers.set(named(producer), state);
        if (state)
          await upFrom(
            state.bases.map((base) => base.image),
            [...path, producer],
          );
      }
    }
  };
  await upFrom(images, []);
  return [...makers.values()].filter((state) => state !== undefined);
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
