import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { HostKeys } from './http/httpKeys.ts';
import { type HttpListener, startHttpServer } from './http/httpServer.ts';
import { type Listener, startQueueListener } from './queue/queueListener.ts';
import { openQueues } from './queue/queues.ts';
import { connectionTo, type Environment, expandSettings, isDisabled, readHostSettings } from './settings.ts';
import { parseSchedule, type Schedule } from './timer/schedule.ts';
import { blobTimerStatus } from './timer/timerStatus.ts';
import { isMonitored, startTimer, type Timer } from './timer/timers.ts';
import { type LoadedApp, loadApp } from './worker/app.ts';
import type { Binding, FunctionDefinition } from './worker/core.ts';
import { makeInvoker } from './worker/invocation.ts';
import { formatLogLine, type HostLog, passesLogLevel } from './worker/logging.ts';
import { refuseUnserved } from './worker/served.ts';

interface HostOptions {
  /** Holds host.json and package.json, whose `main` names the built files. */
  appDir: string;
  /** On loopback; a free one when not given. */
  port?: number;
  keys: HostKeys;
  /** One line on stdout each when not given. */
  log?: HostLog;
  /** The app's settings; process.env when not given. The app itself sees process.env in any case. */
  env?: Environment;
  /** Visibility timeout of a queue message without renewal. In Azure always 600 s. */
  queueLeaseSeconds?: number;
  /** How long stop() waits for what runs. */
  drainMs?: number;
}

interface FunctionsHost {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  url: string;
  port: number;
  functions: Array<{ name: string; bindings: Record<string, Binding> }>;
  /** No timer runs by its schedule for so many milliseconds; then what was missed runs once. */
  holdTimers(ms: number): void;
  /** Takes nothing new, waits for what runs (at most drainMs), runs the app's appTerminate hooks. */
  stop(): Promise<void>;
}

/**
 * Runs a built Functions app (Node v4 model) in this process, as the Functions host and its Node worker would: HTTP,
 * queue, Event Grid and timer triggers, under its host.json. An emulation of that much, not
 * Microsoft's host.
 * @throws when the app does not load, or asks for what this host does not serve
 */
export async function startFunctionsHost(options: HostOptions): Promise<FunctionsHost> {
  const appDir = resolve(options.appDir);
  const env = options.env ?? process.env;
  const settings = readHostSettings(appDir);
  const write: HostLog =
    options.log ??
    ((level, category, message) => console.log(formatLogLine(new Date(), level, category, message)));
  const log: HostLog = (level, category, message) => {
    if (passesLogLevel(settings.logLevel, level, category)) write(level, category, message);
  };
  const app = await loadApp(appDir, log);
  const functions = app.functions.filter(({ name }) => !isDisabled(name, env));
  const queues = openQueues(env);
  const invoker = makeInvoker(app, log);
  const { invoke } = invoker;
  const timers = new Map<string, Timer>();
  const listeners: Listener[] = [];
  let timersHeldUntil = 0;
  let http: HttpListener | undefined;

  const stop = async () => {
    const quiet = Promise.all([
      http?.stop(),
      ...listeners.map((listener) => listener.stop()),
      ...[...timers.values()].map((timer) => timer.stop()),
    ]).then(() => invoker.drained());
    await endApp(app, quiet, options.drainMs ?? 30_000, log);
  };

  try {
    for (const definition of functions) refuseUnserved(definition);
    for (const definition of functions.filter(({ trigger }) => /^timertrigger$/i.test(trigger.type))) {
      const schedule = scheduleOf(definition, env, log);
      if (!schedule) continue;
      const status = isMonitored(schedule)
        ? blobTimerStatus(connectionTo('blob', undefined, env))
        : undefined;
      timers.set(
        definition.name,
        startTimer(definition, schedule, status, { invoke, log, heldUntil: () => timersHeldUntil }),
      );
    }
    const { routePrefix } = settings;
    const hidesHomepage = /^(true|1)$/i.test(env.AzureWebJobsDisableHomepage ?? '');
    const serving = { functions, timers, routePrefix, hidesHomepage, keys: options.keys, invoke, log };
    http = await startHttpServer(serving, options.port ?? 0);
    const leaseSeconds = options.queueLeaseSeconds ?? 600;
    for (const definition of functions.filter(({ trigger }) => /^queuetrigger$/i.test(trigger.type)))
      listeners.push(
        startQueueListener({ definition, queues, settings: settings.queues, leaseSeconds, invoke, log }),
      );
  } catch (error) {
    await stop();
    throw error;
  }
  const { port } = http;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    functions: functions.map(({ name, bindings }) => ({ name, bindings })),
    holdTimers(ms) {
      timersHeldUntil = Date.now() + ms;
    },
    stop,
  };
}

/** The schedule of a timer; undefined where it cannot be read: that function then does not run, and the others do. */
function scheduleOf(
  { name, trigger }: FunctionDefinition,
  env: Environment,
  log: HostLog,
): Schedule | undefined {
  try {
    return parseSchedule(expandSettings(String(trigger.schedule), env));
  } catch (error) {
    log('error', 'Host.Startup', `The '${name}' function is in error: ${(error as Error).message}`);
    return undefined;
  }
}

/** The worker has so long for its hooks; then it is killed. */
const unloadMs = 5000;

async function endApp(app: LoadedApp, quiet: Promise<unknown>, drainMs: number, log: HostLog): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, drainMs, 'limit');
  });
  if ((await Promise.race([quiet, limit])) === 'limit')
    log('warning', 'Host', `Functions still run ${drainMs / 1000} s after the request to stop; leaving them`);
  clearTimeout(timer);
  const unloaded = app
    .unload()
    .catch((error: Error) => log('error', 'Host', `The app's appTerminate failed: ${error.message}`));
  await Promise.race([unloaded, wait(unloadMs, undefined, { ref: false })]);
}
