import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { everyMinute, newClockMemory } from '../shared/flow/everyMinute.ts';

const memory = newClockMemory();

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) => invoke(context, (ports) => everyMinute(ports, memory)),
});
