import type { RunStatus } from '../../model/run.ts';
import type { PlanState } from '../../model/state.ts';
import { failurePauseMs, maxFailures } from '../timing.ts';

/** A run that a person cancelled has not failed. */
export const hasFailed = (status: RunStatus) =>
  status === 'Failed' || status === 'Timeout' || status === 'Error';

/** The same inputs have failed so often that there are no automatic runs any more. */
export const isStopped = ({ last }: PlanState): boolean =>
  last !== undefined && hasFailed(last.status) && last.failures >= maxFailures;

/** A sentence for a task that gets no automatic runs any more, undefined for any other. */
export function stoppedBecause(state: PlanState): string | undefined {
  const { last } = state;
  if (!last || !isStopped(state)) return undefined;
  return `The same base images failed ${last.failures} times in a row, the last time in run ${last.runId}. Automatic runs go on when a base image moves, the task is changed, or a run that you start succeeds.`;
}

/** The earliest instant at which a task whose newest run failed may get another by itself, in ISO 8601. */
export const nextTryOf = ({ endedAt, failures }: NonNullable<PlanState['last']>) =>
  new Date(Date.parse(endedAt) + failurePauseMs(failures)).toISOString();
