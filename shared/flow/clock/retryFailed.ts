import type { Run } from '../../model/run.ts';
import type { Decision, TaskState } from '../../model/state.ts';
import { eventGuid } from '../../names/eventGuid.ts';
import type { Ports } from '../../ports/ports.ts';
import { pausedRetry } from '../../rules/bases/policies.ts';
import { isDueForRetry } from '../../rules/decideOnFailure.ts';
import { maxFailures } from '../../rules/timing.ts';
import { enqueue } from '../queue/enqueue.ts';
import { imageUpdateTrigger, withPushed } from '../queue/newRun.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'settings'>;

/** Queues one more run of a task whose newest failed, for the base images that it should have been built on. */
export async function retryFailed({ registry, task }: TaskState, ports: Flow): Promise<void> {
  const { store, clock, queue } = ports;
  const decided = await retryOnConflict(async () => {
    const state = await store.state(registry, task);
    const now = clock.now();
    if (!state || !isDueForRetry(state.value, now)) return undefined;
    if (pausedRetry(state.value, ports.settings.policies)) return undefined;
    const { bases, last } = state.value;
    const [first, ...others] = bases.map(({ image, digest }) => ({
      id: eventGuid(`retry-${registry}-${last!.runId}`),
      image,
      digest,
      timestamp: now.toISOString(),
    }));
    const decisionOf = ({ runId }: Run): Decision => ({
      push: first!,
      registry,
      task: state.value.task,
      verdict: 'started',
      reason: `run ${last!.runId} ended ${last!.status} on these base images; try ${last!.failures + 1} of ${maxFailures}`,
      runId,
      time: now.toISOString(),
    });
    const run = await enqueue(
      {
        state,
        cause: { kind: 'imageUpdate', trigger: others.reduce(withPushed, imageUpdateTrigger(first!)) },
        writes: (run) => [{ put: 'decision', value: decisionOf(run), replace: true }],
      },
      ports,
    );
    return decisionOf(run);
  });
  if (!decided) return;
  await store.recordPush(decided.push.id, [decided]);
  await queue.sendStart([{ registry, runId: decided.runId! }]);
}
