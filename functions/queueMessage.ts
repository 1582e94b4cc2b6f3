import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke, invokeMessage } from '../shared/edge/invoke.ts';
import { followRun } from '../shared/flow/finish/followRun.ts';
import { NamedPush, PushProgress } from '../shared/model/state.ts';
import { without } from '../shared/model/without.ts';
import { messageQueue, storageConnection } from '../shared/names/azureNames.ts';
import type { Ports } from '../shared/ports/ports.ts';
import type { Invocation } from '../shared/ports/telemetry.ts';
import { count, pushOutcome } from '../shared/telemetry/commitMetrics.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

const FollowUp = z.object({ registry: z.string(), runId: z.string(), at: z.string() });
const Start = z.object({ registry: z.string(), runId: z.string() });
/** A run to ask the engine about, one to start, a push to decide on, or one with many dependents that goes on. */
const Message = z.union([FollowUp, Start, NamedPush, PushProgress]);

/** One queue for all: one that a function listens to is asked all the time, whether anything is in it or not. */
app.storageQueue('queueMessage', {
  queueName: messageQueue,
  connection: storageConnection,
  handler: (message, context) => {
    const named = Message.parse(message);
    if ('at' in named) {
      const follow = (ports: Ports) => followRun(named, ports);
      return invokeMessage(context, follow, { span: 'followRun', about: named });
    }
    const span = 'startBuild';
    if ('runId' in named) {
      // With the first message: what plans a build reads Dockerfiles and YAML, and is large.
      const start = async (ports: Ports) =>
        (await import('../shared/flow/start/startRun.ts')).startRun(named, ports);
      return invokeMessage(context, start, { span, about: named });
    }
    const decide = (ports: Ports, { add }: Invocation) => decided(named, ports, add);
    // The pages of a push take long: their runs are sent messages.
    return 'push' in named ? invoke(context, decide, { span }) : invokeMessage(context, decide, { span });
  },
});

/** Counts a push once, when all of it has been decided on. */
async function decided(named: NamedPush | PushProgress, ports: Ports, add: Invocation['add']): Promise<void> {
  const { onPush, continuePush } = await import('../shared/flow/push/onPush.ts');
  const verdicts =
    'push' in named
      ? await continuePush(named, ports)
      : await onPush(without(named, 'how'), ports, named.how);
  if (verdicts) add(count(metrics.pushes, { outcome: pushOutcome(verdicts) }));
}
