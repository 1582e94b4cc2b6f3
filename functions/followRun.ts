import { app } from '@azure/functions';
import { z } from 'zod';
import { invokeMessage } from '../shared/edge/invoke.ts';
import { followRun } from '../shared/flow/finish/followRun.ts';
import { queues, storageConnection } from '../shared/names/azureNames.ts';

const FollowUp = z.object({ registry: z.string(), runId: z.string(), at: z.string() });

app.storageQueue('followRun', {
  queueName: queues.follow,
  connection: storageConnection,
  handler: (message, context) => {
    const followUp = FollowUp.parse(message);
    return invokeMessage(context, (ports) => followRun(followUp, ports), followUp);
  },
});
