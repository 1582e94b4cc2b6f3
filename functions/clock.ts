import { app } from '@azure/functions';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { runClockJobs } from '../shared/flow/clockJobs.ts';
import { startDueTimers } from '../shared/flow/clockTimers.ts';
import { forgetOldDeliveries } from '../shared/flow/forgetDeliveries.ts';
import { ringAgain } from '../shared/flow/ringAgain.ts';
import { settleDueWebhooks } from '../shared/flow/settleWebhooks.ts';

const jobs = { startDueTimers, ringAgain, settleDueWebhooks, forgetOldDeliveries };

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => runClockJobs(jobs, portsWith(logTo(context))),
});
