import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface HostKeys {
  /** Opens everything, the admin API too. */
  master: string;
  /** The host's default key: opens every function of level `function`. */
  function: string;
  /** The system key `eventgrid_extension`: opens the Event Grid webhook. */
  eventgrid: string;
}

/** New keys, as Azure makes them for a new app. */
export function makeHostKeys(): HostKeys {
  const key = () => randomBytes(30).toString('base64url');
  return { master: key(), function: key(), eventgrid: key() };
}

/** What is asked for: a function by its authLevel, the admin API, or the Event Grid webhook. */
export type Door = { authLevel: unknown } | 'admin' | 'eventgrid';

/** The key of a request: the header `x-functions-key`, else the query's `code`. */
export function presentedKey(header: string | undefined, query: URLSearchParams): string {
  return header ?? query.get('code') ?? '';
}

/** Whether a key opens a door; an unknown authLevel is the strictest. */
export function opens(door: Door, presented: string, keys: HostKeys): boolean {
  if (typeof door === 'object' && String(door.authLevel).toLowerCase() === 'anonymous') return true;
  return keysOf(door, keys).some((key) => isSame(key, presented));
}

/** The status for who may not enter the admin API or the webhook: 403 where the key is one of the host's, and too low. */
export function refusalOf(presented: string, keys: HostKeys): 401 | 403 {
  return Object.values(keys).some((key) => isSame(key, presented)) ? 403 : 401;
}

function keysOf(door: Door, keys: HostKeys): string[] {
  if (door === 'eventgrid') return [keys.master, keys.eventgrid];
  if (door === 'admin' || String(door.authLevel).toLowerCase() !== 'function') return [keys.master];
  return [keys.master, keys.function];
}

/** Compares in constant time; an empty key is never accepted. */
function isSame(key: string, presented: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return key !== '' && timingSafeEqual(digest(key), digest(presented));
}
