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
}

interface HostSettings {
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
 * The settings of host.json, with the Functions host's defaults (documentation of host.json 2.0).
 * @throws naming the field that is out of its bounds
 */
export function readHostSettings(appDir: string): HostSettings {
  const host = readAppJson(appDir, 'host.json') as HostJson;
  if (host.version !== '2.0') throw new Error(`host.json: version must be "2.0", not ${host.version}`);
  const queues = host.extensions?.queues ?? {};
  const batchSize = within('batchSize', queues.batchSize ?? 16, 1, 32);
  const encoding = (queues.messageEncoding ?? 'base64').toLowerCase();
  if (encoding !== 'base64')
    throw new Error(
      `host.json: extensions.queues.messageEncoding is ${encoding}; the local host serves base64 only`,
    );
  return {
    routePrefix: (host.extensions?.http?.routePrefix ?? 'api').replace(/^\/+|\/+$/g, ''),
    queues: {
      batchSize,
      newBatchThreshold: within('newBatchThreshold', queues.newBatchThreshold ?? batchSize >> 1, 0, 1000),
      maxDequeueCount: within('maxDequeueCount', queues.maxDequeueCount ?? 5, 1, 1000),
      visibilityTimeoutMs: parseTimeSpan(queues.visibilityTimeout ?? '00:00:00'),
      maxPollingIntervalMs: parseTimeSpan(queues.maxPollingInterval ?? '00:01:00'),
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

/** Whether the settings switch a function off: `AzureWebJobs.NAME.Disabled`, or with `_` for the dots. */
export function isDisabled(name: string, env: Environment): boolean {
  const value = env[`AzureWebJobs.${name}.Disabled`] ?? env[`AzureWebJobs_${name}_Disabled`];
  return /^(true|1)$/i.test(value ?? '');
}

/** A storage service as a binding's settings name it. */
export type Connection = { connectionString: string } | { endpoint: string; clientId: string };

/**
 * What a binding's `connection` names, AzureWebJobsStorage when it names none: a connection string, or the service's
 * endpoint for the app's user-assigned identity, `NAME__queueServiceUri` with `NAME__credential` and `NAME__clientId`.
 * @throws naming the settings that are missing
 */
export function connectionTo(service: 'blob' | 'queue', name: unknown, env: Environment): Connection {
  const setting = typeof name === 'string' && name !== '' ? name : 'AzureWebJobsStorage';
  const given = (suffix: string) => env[`${setting}${suffix}`] ?? env[`AzureWebJobs${setting}${suffix}`];
  const connectionString = given('');
  if (connectionString !== undefined) return { connectionString };
  const endpoint = given(`__${service}ServiceUri`);
  const clientId = given('__clientId');
  if (endpoint === undefined)
    throw new Error(
      `The connection ${setting} is not set: give its connection string, or ${setting}__${service}ServiceUri`,
    );
  if (given('__credential') !== 'managedidentity' || clientId === undefined)
    throw new Error(
      `${setting}__credential has to be managedidentity, and ${setting}__clientId the identity's`,
    );
  return { endpoint, clientId };
}
