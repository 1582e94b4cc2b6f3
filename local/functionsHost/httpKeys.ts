import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface HostKeys {
  /** Opens everything, the admin API too. */
  master: string;
  /** The host's default key: opens every function of level `function`. */
  function: string;
  /** The system key `eventgrid_extension`: opens the Event Grid webhook. */
  eventgrid: string;
  /** Keys that open one function only, by its name. */
  functions?: Record<string, string>;
}

/** New keys, as Azure makes them for a new app. */
export function makeHostKeys(): HostKeys {
  const key = () => randomBytes(30).toString('base64url');
  return { master: key(), function: key(), eventgrid: key() };
}

/** What is asked for: a function by its authLevel, the admin API, or the Event Grid webhook. */
export type Door = { authLevel: unknown; functionName: string } | 'admin' | 'eventgrid';

/** The key of a request: the header `x-functions-key`, else the query's `code`. */
export function presentedKey(header: string | undefined, query: URLSearchParams): string {
  return header ?? query.get('code') ?? '';
}

/** Whether a key opens a door; an unknown authLevel is the strictest. */
export function opens(door: Door, presented: string, keys: HostKeys): boolean {
  if (typeof door === 'object' && String(door.authLevel).toLowerCase() === 'anonymous') return true;
  return keysOf(door, keys).some((key) => isSame(key, presented));
}

function keysOf(door: Door, keys: HostKeys): string[] {
  if (door === 'eventgrid') return [keys.master, keys.eventgrid];
  if (door === 'admin' || String(door.authLevel).toLowerCase() !== 'function') return [keys.master];
  const own = keys.functions?.[door.functionName];
  return [keys.master, keys.function, ...(own === undefined ? [] : [own])];
}

/** In a time that tells nothing of how much of it was right; an empty key opens nothing. */
function isSame(key: string, presented: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return key !== '' && timingSafeEqual(digest(key), digest(presented));
}
