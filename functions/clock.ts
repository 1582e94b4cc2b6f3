import { app } from '@azure/functions';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { ringAgain } from '../shared/flow/ringAgain.ts';

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => ringAgain(portsWith(logTo(context))),
});
