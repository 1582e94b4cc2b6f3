import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { everyMinute } from '../shared/flow/everyMinute.ts';

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => invoke(context, everyMinute),
});
