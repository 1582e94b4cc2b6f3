import { join, resolve } from 'node:path';

import { startOwnedChild } from '../machine/ownedChild.ts';
import { programArguments } from '../machine/program.ts';
import type { HostKeys } from './http/httpKeys.ts';
import { keysAsEnvironment } from './keysInEnvironment.ts';

export interface SpawnOptions {
  appDir: string;
  /** The whole environment of the app, besides PATH, HOME and TMPDIR: its settings, AzureWebJobsStorage among them. */
  env: Record<string, string | undefined>;
  keys: HostKeys;
  /** On loopback; a free one when not given. Give it again to come back at the same address after a crash. */
  port?: number;
  /** Each line the host and its functions print: `[time] level category: message`. */
  log?: (line: string) => void;
  /** In Azure always 600 s: how long a message stays hidden after the host that took it died. */
  queueLeaseSeconds?: number;
}

export interface SpawnedFunctionsHost {
  url: string;
  port: number;
  pid: number;
  /** The names of the functions it serves. */
  functions: string[];
  kill(signal: NodeJS.Signals): void;
  /** No timer runs for so many milliseconds. */
  holdTimers(ms: number): void;
  /** The exit code, or null when a signal ended it. */
  exited: Promise<number | null>;
  /** Lets what runs finish, then ends it; after 40 s by SIGKILL. */
  stop(): Promise<void>;
}

const startLimitMs = 30_000;
const stopLimitMs = 40_000;

/**
 * Runs the Functions host as a process of its own, which can be killed.
 * @throws when it ends or is not ready within 30 s, with what it printed
 */
export async function spawnFunctionsHost(options: SpawnOptions): Promise<SpawnedFunctionsHost> {
  let tell: (ready: { url: string; functions: string[] }) => void = () => {};
  const ready = new Promise<{ url: string; functions: string[] }>((resolve) => {
    tell = resolve;
  });
  let isReady = false;
  const lease = options.queueLeaseSeconds;
  const child = startOwnedChild(
    [
      ...programArguments(join(import.meta.dirname, 'main.ts')),
      ...['--app', resolve(options.appDir), '--port', String(options.port ?? 0)],
      ...(lease === undefined ? [] : ['--queue-lease-seconds', String(lease)]),
    ],
    { ...options.env, ...keysAsEnvironment(options.keys) },
    (line, stream) => {
      if (!isReady && stream === 'stdout' && line.startsWith('{"url":')) {
        isReady = true;
        tell(JSON.parse(line));
      } else options.log?.(line);
    },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, startLimitMs, `it was not ready after ${startLimitMs / 1000} s`);
  });
  const outcome = await Promise.race([ready, late, child.exited.then((code) => `it ended with ${code}`)]);
  clearTimeout(timer);
  if (typeof outcome === 'string') {
    await child.stop(0);
    throw new Error(`The Functions host did not start: ${outcome}. It printed:\n${child.lastLines()}`);
  }
  return {
    url: outcome.url,
    port: Number(new URL(outcome.url).port),
    pid: child.pid,
    functions: outcome.functions,
    kill: child.kill,
    holdTimers: (ms) => child.tell({ holdTimersMs: ms }),
    exited: child.exited,
    stop: () => child.stop(stopLimitMs),
  };
}
