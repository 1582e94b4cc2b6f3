import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Login } from '../types.ts';

/** `https://localhost:5210/mirror` as buildah names it. */
export const locationOf = (endpoint: string) => endpoint.replace(/^https?:\/\//, '').replace(/\/+$/, '');

/**
 * The registries.conf that sends login servers to their real places.
 * @param endpoints by login server, or path prefix in one; `http://…` for a place without TLS
 */
export function registriesConf(endpoints: ReadonlyMap<string, string>): string {
  const rows = [...endpoints].map(([prefix, endpoint]) =>
    [
      '[[registry]]',
      `prefix = ${JSON.stringify(prefix)}`,
      `location = ${JSON.stringify(locationOf(endpoint))}`,
      `insecure = ${endpoint.startsWith('http://')}`,
    ].join('\n'),
  );
  const head = 'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "disabled"';
  return `${[head, ...rows].join('\n\n')}\n`;
}

/** The authfile of a run; a login is found by the real place, so each is there under both names. */
export function authFile(logins: ReadonlyMap<string, Login>, endpoints: ReadonlyMap<string, string>): string {
  const auths: Record<string, { auth: string }> = {};
  for (const [server, { username, password }] of logins) {
    const auth = { auth: Buffer.from(`${username}:${password}`).toString('base64') };
    auths[server] = auth;
    for (const [prefix, endpoint] of endpoints)
      if (prefix === server || prefix.startsWith(`${server}/`)) auths[locationOf(endpoint)] = auth;
  }
  return JSON.stringify({ auths });
}

/** Writes both, for this run alone, readable by its user only. */
export async function writeBuilderFiles(
  dir: string,
  logins: ReadonlyMap<string, Login>,
  endpoints: ReadonlyMap<string, string>,
): Promise<{ authfile: string; registriesConfig: string }> {
  const authfile = join(dir, 'auth.json');
  const registriesConfig = join(dir, 'registries.conf');
  await Promise.all([
    writeFile(authfile, authFile(logins, endpoints), { mode: 0o600 }),
    writeFile(registriesConfig, registriesConf(endpoints), { mode: 0o600 }),
  ]);
  return { authfile, registriesConfig };
}
