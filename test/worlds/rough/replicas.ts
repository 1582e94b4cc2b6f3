import type { World } from '../world.ts';

/** A registry is replicated so often; each call is answered by any of them. */
const replicas = 3;
/** A replica is behind by up to so long with a third of all moves. */
const longestLagMs = 540_000;

/** What the replicas of the registries answer, each move of a tag reaching each at its own time. */
export function createReplicas(world: World, draw: (below: number) => number) {
  const purged = new Set<string>();
  const kept = new Set<string>();
  const reachedAt = new Map<object, number[]>();
  const reached = (move: World['moves'][number]) => {
    const known = reachedAt.get(move);
    if (known) return known;
    const times = Array.from({ length: replicas }, () =>
      draw(3) === 0 ? move.at + draw(longestLagMs) : move.at,
    );
    reachedAt.set(move, times);
    return times;
  };
  return {
    any: () => draw(replicas),
    /** What a tag stands for at a replica: the newest move that has reached it. */
    digestOf(image: string, replica: number): string | undefined {
      const own = world.moves.filter((move) => move.image === image);
      const newest = own.findLast((move) => reached(move)[replica]! <= world.now());
      return newest ? newest.digest : own.length > 0 ? own[0]!.before : world.tags.get(image);
    },
    /** Whether a digest has reached a replica. */
    has(digest: string, replica: number): boolean {
      const first = world.moves.find((move) => move.digest === digest);
      const isOlder = world.moves.some(({ before }) => before === digest);
      return !first || isOlder || reached(first)[replica]! <= world.now();
    },
    /** Whether no tag stands for it any more, and it is one of those that are deleted then. */
    isPurged(digest: string): boolean {
      if (purged.has(digest)) return true;
      if (kept.has(digest) || [...world.tags.values()].includes(digest)) return false;
      (draw(4) === 0 ? purged : kept).add(digest);
      return purged.has(digest);
    },
  };
}
