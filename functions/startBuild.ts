import { app } from '@azure/functions';
import { z } from 'zod';
import { invoke } from '../shared/edge/invoke.ts';
import { startRun } from '../shared/flow/startRun.ts';
import { queues, storageConnection } from '../shared/names.ts';

const Doorbell = z.object({ registry: z.string(), runId: z.string() });

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => {
    const doorbell = Doorbell.parse(message);
    return invoke(context, (ports) => startRun(doorbell, ports), doorbell);
  },
});
