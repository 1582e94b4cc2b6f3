import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke, invokeMessage } from '../shared/edge/invoke.ts';
import { Push, PushProgress } from '../shared/model/state.ts';
import { queues, storageConnection } from '../shared/names/azureNames.ts';
import type { Ports } from '../shared/ports/ports.ts';
import type { Invocation } from '../shared/ports/telemetry.ts';
import { count, pushOutcome } from '../shared/telemetry/commitMetrics.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

/** A run to start, a push to decide on, or one with many dependents that goes on. */
const StartMessage = z.object({ registry: z.string(), runId: z.string() });
const Message = z.union([StartMessage, Push, PushProgress]);

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => {
    const named = Message.parse(message);
    // The pages of a push take long: their runs are sent messages.
    if ('push' in named) return invoke(context, (ports, { add }) => decided(named, ports, add));
    if (!('runId' in named)) return invokeMessage(context, (ports, { add }) => decided(named, ports, add));
    // With the first message: what plans a build reads Dockerfiles and YAML, and is large.
    const start = async (ports: Ports) =>
      (await import('../shared/flow/start/startRun.ts')).startRun(named, ports);
    return invokeMessage(context, start, named);
  },
});

/** Counts a push once, when all of it has been decided on. */
async function decided(named: Push | PushProgress, ports: Ports, add: Invocation['add']): Promise<void> {
  const { onPush, continuePush } = await import('../shared/flow/push/onPush.ts');
  const verdicts = 'image' in named ? await onPush(named, ports) : await continuePush(named, ports);
  if (verdicts) add(count(metrics.pushes, { outcome: pushOutcome(verdicts) }));
}
