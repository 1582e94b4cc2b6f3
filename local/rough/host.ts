import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as send } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { SpawnedFunctionsHost } from '../functionsHost/spawn.ts';
import { close, listen } from '../machine/listening.ts';
import { readBody } from '../machine/readBody.ts';
import type { Launch, RunningApp } from '../stackApp.ts';
import type { Rough } from './rough.ts';

/** One process of the app, and the invocations that run in it. */
interface Instance {
  host: SpawnedFunctionsHost;
  running: Set<string>;
}
interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What is asked of an instance that has just ended goes to the next, at most so often. */
const mostTries = 5;

/**
 * The app behind Azure's front end: its instances end, sleep and are replaced, while its address stays.
 * @param launch starts an instance; undefined as the port is a free one
 * @param port of the front end
 */
export async function startRoughHost(launch: Launch, port: number, rough: Rough): Promise<RunningApp> {
  const ended = new AbortController();
  const instances = instancesOf(launch, rough);
  await instances.replace(instances.launch);
  const front = createServer(async (request, response) => {
    try {
      const body = (await readBody(request)) ?? Buffer.alloc(0);
      const asked = passOn(instances.serving, request, body);
      const isEvent = /^\/runtime\/webhooks\/eventgrid/i.test(request.url ?? '');
      if (isEvent && rough.meets('eventUnanswered')) {
        asked.catch(() => {});
        response.writeHead(504).end();
        return;
      }
      const { status, headers, body: answer } = await asked;
      response.writeHead(status, headers).end(answer);
    } catch {
      response.headersSent ? response.destroy() : response.writeHead(503).end();
    }
  });
  await listen(front, port);
  const living = live(instances, rough, ended.signal);
  return {
    url: `http://127.0.0.1:${port}`,
    get process() {
      return instances.newest();
    },
    restart: instances.restart,
    replace: (put) =>
      instances.replace(async (old) => {
        await old?.host.stop();
        await put();
        return instances.launch();
      }),
    async stop() {
      ended.abort();
      await living;
      await close(front);
      await instances.stop();
    },
  };
}

type Instances = ReturnType<typeof instancesOf>;

/** The instance that serves, those that drain, and one change at a time. */
function instancesOf(launchAt: Launch, rough: Rough) {
  let serving: Promise<Instance | undefined> = Promise.resolve(undefined);
  let newest: Instance | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const draining = new Set<Promise<void>>();

  async function launch(): Promise<Instance> {
    const running = new Set<string>();
    const host = await launchAt(undefined, (line) => {
      const [, verb, id] = /: (Executing|Executed) 'Functions\.\w+' \(.*?Id=([\w-]+)/.exec(line) ?? [];
      if (!id) return;
      if (verb === 'Executed') running.delete(id);
      else if (running.add(id) && rough.meets('functionTimedOut')) timeOut().catch(console.error);
    });
    const instance = { host, running };
    const timeOut = async () => {
      await pause(rough.draw('functionTimedOut', 100));
      host.kill('SIGKILL');
      await restart(instance);
    };
    return instance;
  }
  /** Nobody is served until the next instance is there. */
  function replace(by: (old: Instance | undefined) => Promise<Instance>): Promise<void> {
    const change = turn.then(async () => {
      serving = by(newest);
      newest = await serving;
    });
    turn = change.catch(() => {});
    return change;
  }
  /** After an instance has ended; where another has followed it, nothing. */
  const restart = (ending = newest) =>
    replace(async (old) => {
      if (!old || old !== ending) return old ?? launch();
      await old.host.exited;
      return launch();
    });
  /** The next one serves before the one of before is told to end what it has begun. */
  function overlap(): Promise<void> {
    const change = turn.then(async () => {
      const old = newest;
      newest = await launch();
      serving = Promise.resolve(newest);
      const drained = old!.host.stop().finally(() => draining.delete(drained));
      draining.add(drained);
    });
    turn = change.catch(() => {});
    return change;
  }
  return {
    launch,
    replace,
    restart: () => restart(),
    overlap,
    serving: async () => (await serving)!.host,
    newest: () => newest!.host,
    isIdle: () => newest !== undefined && newest.running.size === 0,
    async stop() {
      await turn;
      await Promise.all([newest?.host.stop(), ...draining]);
    },
  };
}

/** Once in each of Azure's minutes, what happens to an app. */
async function live(instances: Instances, rough: Rough, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await pause(rough.ms(1), undefined, { signal: over }).catch(() => {});
    if (over.aborted) return;
    if (rough.meets('timersStop')) instances.newest().holdTimers(rough.ms(60));
    try {
      if (rough.isOn('hostSleeps') && instances.isIdle() && rough.meets('hostSleeps'))
        await instances.replace(async (old) => {
          await old?.host.stop();
          await pause(rough.ms((1 + rough.draw('hostSleeps', 60)) / 60));
          return instances.launch();
        });
      else if (rough.meets('hostDrains')) await instances.overlap();
    } catch (error) {
      console.error(error);
    }
  }
}

/** The answer of the instance that serves. @throws where it breaks off, or none serves */
async function passOn(
  serving: () => Promise<SpawnedFunctionsHost>,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> {
  const { 'transfer-encoding': chunked, connection: _, ...rest } = headers;
  const length = chunked ? {} : { 'content-length': `${body.length}` };
  for (let tries = 1; ; tries++) {
    const { port } = await serving();
    try {
      return await new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, method, path: url, agent: false as const };
        const onward = send({ ...options, headers: { ...rest, ...length } }, (answered) =>
          readBody(answered).then((bytes = Buffer.alloc(0)) => {
            const { 'transfer-encoding': _chunked, connection: _own, ...given } = answered.headers;
            resolve({ status: answered.statusCode ?? 502, headers: given, body: bytes });
          }, reject),
        );
        onward.on('error', reject).end(body);
      });
    } catch (error) {
      // Nothing was heard by an instance that takes no connection: the front end asks the one that follows it.
      if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries === mostTries) throw error;
      await pause(200);
    }
  }
}
