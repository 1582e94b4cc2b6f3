import { app } from '@azure/functions';
import { z } from 'zod';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { startRun } from '../shared/flow/startRun.ts';
import { queues, storageConnection } from '../shared/names.ts';

const Doorbell = z.object({ registry: z.string(), runId: z.string() });

app.storageQueue('startBuild', {
  queueName: queues.start,
  connection: storageConnection,
  handler: (message, context) => startRun(Doorbell.parse(message), portsWith(logTo(context))),
});
