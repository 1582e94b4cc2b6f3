import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Environment = Record<string, string | undefined>;

export interface QueueSettings {
  batchSize: number;
  newBatchThreshold: number;
  maxDequeueCount: number;
  /** How long a failed message stays hidden; not the lease of a running one. */
  visibilityTimeoutMs: number;
  maxPollingIntervalMs: number;
  messageEncoding: 'base64' | 'none';
}

export interface HostSettings {
  /** Without slashes at its ends; empty for none. */
  routePrefix: string;
  queues: QueueSettings;
  /** Category → level, as in host.json. */
  logLevel: Record<string, string>;
}

interface HostJson {
  version?: string;
  logging?: { logLevel?: Record<string, string> };
  extensions?: {
    http?: { routePrefix?: string };
    queues?: {
      batchSize?: number;
      newBatchThreshold?: number;
      maxDequeueCount?: number;
      visibilityTimeout?: string;
      maxPollingInterval?: string;
      messageEncoding?: string;
    };
  };
}

/** Reads a JSON file of the app; throws with the file's name when it is missing or does not parse. */
export function readAppJson(appDir: string, name: string): unknown {
  const file = join(appDir, name);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(
      `${file} cannot be read: a function app needs one, in JSON. ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

/**
 * What host.json says, with the Functions host's defaults (documentation of host.json 2.0).
 * @throws naming the field that is out of its bounds
 */
export function readHostSettings(appDir: string): HostSettings {
  const host = readAppJson(appDir, 'host.json') as HostJson;
  if (host.version !== '2.0') throw new Error(`host.json: version must be "2.0", not ${host.version}`);
  const queues = host.extensions?.queues ?? {};
  const batchSize = within('batchSize', queues.batchSize ?? 16, 1, 32);
  const encoding = (queues.messageEncoding ?? 'base64').toLowerCase();
  if (encoding !== 'base64' && encoding !== 'none')
    throw new Error(`host.json: extensions.queues.messageEncoding must be base64 or none, not ${encoding}`);
  return {
    routePrefix: (host.extensions?.http?.routePrefix ?? 'api').replace(/^\/+|\/+$/g, ''),
    queues: {
      batchSize,
      newBatchThreshold: within('newBatchThreshold', queues.newBatchThreshold ?? batchSize >> 1, 0, 1000),
      maxDequeueCount: within('maxDequeueCount', queues.maxDequeueCount ?? 5, 1, 1000),
      visibilityTimeoutMs: parseTimeSpan(queues.visibilityTimeout ?? '00:00:00'),
      maxPollingIntervalMs: parseTimeSpan(queues.maxPollingInterval ?? '00:01:00'),
      messageEncoding: encoding,
    },
    logLevel: host.logging?.logLevel ?? {},
  };
}

function within(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`host.json: extensions.queues.${name} must be ${low} to ${high}, not ${value}`);
}

/** A .NET TimeSpan `[d.]hh:mm:ss[.fraction]` in milliseconds; throws on anything else. */
export function parseTimeSpan(text: string): number {
  const match = /^(?:(\d+)\.)?(\d+):(\d+):(\d+)(\.\d+)?$/.exec(text);
  if (!match) throw new Error(`'${text}' is not a time span; write [d.]hh:mm:ss`);
  const [, days = '0', hours, minutes, seconds, fraction = '0'] = match;
  return (
    ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 +
    Number(seconds) * 1000 +
    Math.round(Number(fraction) * 1000)
  );
}

/** Replaces `%NAME%` by that setting; throws, naming it, when it is not set. */
export function expandSettings(text: string, env: Environment): string {
  return text.replace(/%([^%]+)%/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`The setting ${name}, named by '${text}', is not set`);
    return value;
  });
}

/** The connection string a binding's `connection` names; AzureWebJobsStorage when it names none. */
export function connectionString(name: unknown, env: Environment): string {
  const setting = typeof name === 'string' && name !== '' ? name : 'AzureWebJobsStorage';
  const value = env[setting] ?? env[`AzureWebJobs${setting}`];
  if (value === undefined)
    throw new Error(`The connection ${setting} is not set: give its connection string`);
  return value;
}

/** `AzureWebJobs.NAME.Disabled` (with `__` for dots where a shell allows no dots) takes a function out. */
export function isDisabled(functionName: string, env: Environment): boolean {
  const value =
    env[`AzureWebJobs.${functionName}.Disabled`] ?? env[`AzureWebJobs__${functionName}__Disabled`];
  return value === '1' || value?.toLowerCase() === 'true';
}
