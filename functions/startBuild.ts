import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke } from '../shared/edge/invoke.ts';
import { queues, storageConnection } from '../shared/names.ts';
import type { Ports } from '../shared/ports/ports.ts';

const Doorbell = z.object({ registry: z.string(), runId: z.string() });

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => {
    const doorbell = Doorbell.parse(message);
    // With the first doorbell: what plans a build reads Dockerfiles and YAML, and is large.
    const start = async (ports: Ports) =>
      (await import('../shared/flow/startRun.ts')).startRun(doorbell, ports);
    return invoke(context, start, doorbell);
  },
});
