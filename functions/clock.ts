import { app } from '@azure/functions';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { everyMinute } from '../shared/flow/everyMinute.ts';

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => everyMinute(portsWith(logTo(context))),
});
