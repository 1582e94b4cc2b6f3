import { resolve } from 'node:path';
import { type LoadedApp, loadApp } from './app.ts';
import type { Binding } from './core.ts';
import type { HostKeys } from './httpKeys.ts';
import { type HttpListener, startHttpServer } from './httpServer.ts';
import { makeInvoker } from './invocation.ts';
import { formatLogLine, type HostLog, passesLogLevel } from './logging.ts';
import { type Listener, startQueueListener } from './queueListener.ts';
import { openQueues, writeQueueOutputs } from './queues.ts';
import { parseSchedule } from './schedule.ts';
import { connectionString, type Environment, expandSettings, readHostSettings } from './settings.ts';
import { blobTimerStatus } from './timerStatus.ts';
import { isMonitored, startTimer, type Timer } from './timers.ts';

export interface HostOptions {
  /** Holds host.json and package.json, whose `main` names the built files. */
  appDir: string;
  /** On loopback; a free one when not given. */
  port?: number;
  keys: HostKeys;
  /** One line on stdout each when not given. */
  log?: HostLog;
  /** The app's settings; process.env when not given. The app itself sees process.env in any case. */
  env?: Environment;
  /** How long a queue message stays ours without renewal. In Azure always 600 s. */
  queueLeaseSeconds?: number;
  /** How long stop() waits for what runs. */
  drainMs?: number;
}

export interface FunctionsHost {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  url: string;
  port: number;
  functions: Array<{ name: string; bindings: Record<string, Binding> }>;
  /** Takes nothing new, waits for what runs (at most drainMs), runs the app's appTerminate hooks. */
  stop(): Promise<void>;
}

const servedTriggers = ['httptrigger', 'queuetrigger', 'eventgridtrigger', 'timertrigger', 'warmuptrigger'];

/**
 * Runs a built Functions app (Node v4 model) in this process, as the Functions host and its Node worker would: HTTP,
 * queue, Event Grid and timer triggers, queue outputs, under its host.json. An emulation of that much, not
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
  const app = await loadApp(appDir, env, log);
  const { functions } = app;
  const queues = openQueues(env, settings.queues.messageEncoding);
  const invoker = makeInvoker(
    app,
    (definition, response) => writeQueueOutputs(queues, definition, response),
    log,
  );
  const { invoke } = invoker;
  const timers = new Map<string, Timer>();
  const listeners: Listener[] = [];
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
    for (const { name, trigger } of functions)
      if (!servedTriggers.includes(trigger.type.toLowerCase()))
        throw new Error(`The function ${name} has a ${trigger.type}, which the local host does not serve`);
    for (const definition of functions.filter(({ trigger }) => /^timertrigger$/i.test(trigger.type))) {
      const schedule = parseSchedule(expandSettings(String(definition.trigger.schedule), env));
      const status = isMonitored(definition, schedule)
        ? blobTimerStatus(connectionString(undefined, env))
        : undefined;
      timers.set(definition.name, await startTimer(definition, schedule, status, invoke, log));
    }
    const { routePrefix } = settings;
    const serving = { functions, timers, routePrefix, keys: options.keys, invoke, log };
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
    stop,
  };
}

async function endApp(app: LoadedApp, quiet: Promise<unknown>, drainMs: number, log: HostLog): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, drainMs, 'limit');
  });
  if ((await Promise.race([quiet, limit])) === 'limit')
    log(
      'warning',
      'Host',
      `Functions still run ${drainMs / 1000} s after the host was told to stop; leaving them`,
    );
  clearTimeout(timer);
  await app.unload();
}
