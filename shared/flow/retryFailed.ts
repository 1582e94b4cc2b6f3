import { mostFailures } from '../decide.ts';
import { eventGuid } from '../eventGuid.ts';
import type { Decision, TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import { isDueForRetry } from '../reconcile.ts';
import { formatRunId } from '../runId.ts';
import { imageUpdateTrigger, newTaskRun, queueWrites, withPushed } from './newRun.ts';
import { untilUndisturbed } from './retry.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock'>;

/** Queues one more run of a task whose newest failed, for the base images that it should have been built on. */
export async function retryFailed({ registry, task }: TaskState, ports: Flow): Promise<void> {
  const { store, clock, queue } = ports;
  const decided = await untilUndisturbed(async () => {
    const state = await store.state(registry, task);
    const now = clock.now();
    if (!state || !isDueForRetry(state.value, now)) return undefined;
    const { bases, last } = state.value;
    const [first, ...others] = bases.map(({ image, digest }) => ({
      id: eventGuid(`retry-${registry}-${last!.runId}`),
      image,
      digest,
      timestamp: now.toISOString(),
    }));
    const runId = formatRunId(registry, await store.takeRunNumbers(registry, 1));
    const trigger = others.reduce(withPushed, imageUpdateTrigger(first!));
    const decision: Decision = {
      push: first!,
      registry,
      task: state.value.task,
      verdict: 'started',
      reason: `run ${last!.runId} ended ${last!.status} on these base images; try ${last!.failures + 1} of ${mostFailures}`,
      runId,
      time: now.toISOString(),
    };
    await store.commit(registry, [
      ...queueWrites(
        newTaskRun(state.value, runId, now, { imageUpdateTrigger: trigger }),
        state.value,
        state.etag,
        true,
      ),
      { put: 'decision', value: decision, replace: true },
    ]);
    return decision;
  });
  if (!decided) return;
  await store.recordPush(decided.push.id, [decided]);
  await queue.ringStart([{ registry, runId: decided.runId! }]);
}
