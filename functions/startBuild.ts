import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke } from '../shared/edge/invoke.ts';
import { queues, storageConnection } from '../shared/names/azureNames.ts';
import type { Ports } from '../shared/ports/ports.ts';

const StartMessage = z.object({ registry: z.string(), runId: z.string() });

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => {
    const named = StartMessage.parse(message);
    // With the first message: what plans a build reads Dockerfiles and YAML, and is large.
    const start = async (ports: Ports) =>
      (await import('../shared/flow/start/startRun.ts')).startRun(named, ports);
    return invoke(context, start, named);
  },
});
