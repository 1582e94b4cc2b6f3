import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { ringAgain } from '../shared/flow/ringAgain.ts';

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => invoke(context, ringAgain),
});
