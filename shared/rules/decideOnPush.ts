import type { PlanState, Push } from '../model/state.ts';
import { hasFailed } from './freshness/failing.ts';
import { maxFailures } from './timing.ts';

/**
 * What a push means for one task. `start` makes a new run; `merge` adds the push to the one that is queued; `hold` waits
 * for a digest that may be built on. `sameAs`: the digest that it is built on, which is the same for its platform.
 */
export type Choice =
  | { do: 'start'; reason: string }
  | { do: 'merge'; runId: string; reason: string }
  | { do: 'skip' | 'hold'; reason: string; sameAs?: string };

/**
 * Whether a push makes a task stale. Pure: the same push and state always give the same choice, so an event that comes
 * twice changes nothing the second time.
 *
 * - The digest is what counts, not the event: replicas, redelivery and several tags on one digest are one update.
 * - A push from before the digests were read is in them already, whatever order the events come in, unless its digest
 *   is known to be the newest: a replica may have answered what the tag stood for before.
 * - A queued run reads its digests when it starts, so it will build this push too.
 * @param isNewest whether its digest is known to be the newest of the image
 * @param freedAt when its digest was released from a quarantine: a run that ended before may have failed for that
 */
export function decideOnPush(push: Push, state: PlanState, isNewest = false, freedAt = ''): Choice {
  const base = state.bases.find(({ image }) => image === push.image);
  const queued = state.open.find((run) => run.phase === 'Queued' && run.canonical);
  if (state.deleted) return skip(`${state.task} was deleted`);
  // Its edge is written before its digest is recorded: the run between the two has to read it again.
  if (!base && queued) return merge(queued.runId);
  if (!base) return skip(`${state.task} is no longer built on ${push.image}`);
  if (!state.enabled) return skip(`${state.task} is disabled`);
  if (state.trigger === 'Disabled') return skip(`the base image trigger of ${state.task} is disabled`);
  const isSame = base.digest === push.digest;
  if (isSame && isFreed(state, freedAt)) {
    const reason = `${short(push.digest)} may be built on since run ${state.last!.runId} ended ${state.last!.status}`;
    return { do: 'start', reason };
  }
  if (state.trigger === 'Runtime' && base.type === 'BuildTime')
    return skip(`${push.image} is only a build stage of ${state.task}, whose trigger is Runtime`);

  const newest = newestRun(state);
  if (isSame) return skip(alreadyOn(state, newest));
  if (!isNewest && push.timestamp < base.pinnedAt)
    return skip(`the push is older than the digest that ${newest} read after it`);

  if (queued) return merge(queued.runId);
  const pinned = state.open.find((run) => run.phase === 'Pinned' && run.canonical);
  if (pinned)
    return {
      do: 'start',
      reason: `run ${pinned.runId} is being built on ${short(base.digest)}; one more follows`,
    };
  return { do: 'start', reason: `built on ${short(base.digest)}, now ${short(push.digest)}` };
}

const skip = (reason: string): Choice => ({ do: 'skip', reason });
const merge = (runId: string): Choice => ({
  do: 'merge',
  runId,
  reason: `run ${runId} is queued and will build on it`,
});

/** Its last run has failed, maybe as the digest might not be built on, also where no push of that image starts it. */
const isFreed = ({ last, open }: PlanState, freedAt: string): boolean =>
  last !== undefined &&
  hasFailed(last.status) &&
  last.endedAt <= freedAt &&
  !open.some(({ canonical }) => canonical);

/** The digest is known: it is built on, or was tried. */
function alreadyOn({ open, last }: PlanState, newest: string): string {
  if (!last || last.status === 'Succeeded' || open.some((run) => run.phase === 'Pinned'))
    return `${newest} is built on this digest already`;
  const stopped =
    last.failures >= maxFailures ? `, as ${last.failures} runs in a row did: they stop here` : '';
  return `run ${last.runId} was for this digest and ended ${last.status}${stopped}`;
}

function newestRun(state: PlanState): string {
  const pinned = state.open.findLast((run) => run.phase === 'Pinned');
  const runId = pinned?.runId ?? state.last?.runId;
  return runId ? `run ${runId}` : state.task;
}

/** Enough of a digest for a person: `sha256:0123456789ab`. */
const short = (digest: string) => digest.slice(0, 19);
