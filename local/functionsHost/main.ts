/**
 * The Functions host as a program. Settings and keys come by the environment, and by nothing else:
 *
 *   node --import tsx local/functionsHost/main.ts --app DIR [--port N] [--queue-lease-seconds N]
 *
 * prints {"url": …} on one line when it serves, then a line for each log. SIGTERM, or the end of the parent, lets
 * what runs finish.
 */
import { parseArgs } from 'node:util';
import { startFunctionsHost } from './host.ts';
import { takeKeys } from './keysInEnvironment.ts';

const { values } = parseArgs({
  options: {
    app: { type: 'string' },
    port: { type: 'string' },
    'queue-lease-seconds': { type: 'string' },
  },
});
if (!values.app) throw new Error('Name the app: --app DIR');

const lease = values['queue-lease-seconds'];
// Taken out of the environment before the app loads: in Azure an app does not see its host's keys either.
const keys = takeKeys(process.env);
const starting = startFunctionsHost({
  appDir: values.app,
  port: Number(values.port ?? 0),
  keys,
  ...(lease === undefined ? {} : { queueLeaseSeconds: Number(lease) }),
});

let ending = false;
const end = async () => {
  if (ending) return;
  ending = true;
  await (await starting).stop();
  process.exit(0);
};
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, end);
process.on('disconnect', end);
process.on('message', async ({ holdTimersMs }: { holdTimersMs: number }) =>
  (await starting).holdTimers(holdTimersMs),
);

const { url, functions } = await starting.catch((error: Error) => {
  // The host's own errors hold the remedy; only what the app threw needs its stack.
  console.error(error.message);
  if (error.cause instanceof Error) console.error(error.cause.stack);
  process.exit(1);
});
console.log(JSON.stringify({ url, functions: functions.map(({ name }) => name) }));
