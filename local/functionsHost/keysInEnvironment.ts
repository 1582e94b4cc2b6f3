import type { HostKeys } from './http/httpKeys.ts';
import type { Environment } from './settings.ts';

const variable = 'LOCAL_FUNCTIONS_HOST_KEYS';

/** The environment variable that hands a host its keys: a child's argv can be read by every user, this cannot. */
export function keysAsEnvironment(keys: HostKeys): Record<string, string> {
  return { [variable]: JSON.stringify(keys) };
}

/** The keys in an environment, which then no longer holds them; throws, naming what is missing. */
export function takeKeys(env: Environment): HostKeys {
  const text = env[variable];
  delete env[variable];
  if (text === undefined)
    throw new Error(`${variable} is not set: JSON with master, function and eventgrid, the host's keys`);
  const keys = JSON.parse(text) as HostKeys;
  for (const name of ['master', 'function', 'eventgrid'] as const)
    if (!keys[name]) throw new Error(`${variable} holds no ${name} key`);
  return keys;
}
