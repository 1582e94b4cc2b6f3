import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke } from '../shared/edge/invoke.ts';
import { Push } from '../shared/model/state.ts';
import { queues, storageConnection } from '../shared/names/azureNames.ts';
import type { Ports } from '../shared/ports/ports.ts';
import { count, pushOutcome } from '../shared/telemetry/commitMetrics.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

const StartMessage = z.object({ registry: z.string(), runId: z.string() });
const Message = z.union([StartMessage, Push]);

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => {
    const named = Message.parse(message);
    if ('image' in named)
      return invoke(context, async (ports, { add }) => {
        const { onPush } = await import('../shared/flow/push/onPush.ts');
        add(count(metrics.pushes, { outcome: pushOutcome(await onPush(named, ports)) }));
      });
    // With the first message: what plans a build reads Dockerfiles and YAML, and is large.
    const start = async (ports: Ports) =>
      (await import('../shared/flow/start/startRun.ts')).startRun(named, ports);
    return invoke(context, start, named);
  },
});
