import { app } from '@azure/functions';
import { z } from 'zod';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { followRun } from '../shared/flow/followRun.ts';
import { queues, storageConnection } from '../shared/names.ts';

const FollowUp = z.object({ registry: z.string(), runId: z.string(), at: z.string() });

app.storageQueue('followRun', {
  queueName: queues.follow,
  connection: storageConnection,
  handler: (message, context) => followRun(FollowUp.parse(message), portsWith(logTo(context))),
});
