import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const timeoutMs = 60_000;

/**
 * What a call of Plinth's API carries: a token of whoever is signed in to az, or the function key of `PLINTH_KEY`, which
 * so is in no command line.
 * @param resource `api://…`, where the app asks for Entra tokens
 */
export async function plinthHeaders(resource: string | undefined): Promise<Record<string, string>> {
  if (!resource) return { 'x-functions-key': process.env.PLINTH_KEY ?? '' };
  const command = ['account', 'get-access-token', '--resource', resource, '--query', 'accessToken'];
  const { stdout } = await promisify(execFile)('az', [...command, '--only-show-errors', '--output', 'tsv']);
  return { authorization: `Bearer ${stdout.trim()}` };
}

/** One call of the API. @throws Error with the status and what the API says, in one line */
export async function askPlinth<T>(
  url: string,
  headers: Record<string, string>,
  given: { method?: string; body?: object } = {},
): Promise<T> {
  const response = await fetch(url, {
    method: given.method ?? 'GET',
    headers: { ...headers, ...(given.body && { 'content-type': 'application/json' }) },
    ...(given.body && { body: JSON.stringify(given.body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Plinth answered ${response.status}${reasonIn(text, response.status)}`);
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`What answers at ${new URL(url).origin} is not Plinth: its answer is not JSON`);
  }
}

/** The message of ARM's error; the host's own 401 and 404 have none. */
function reasonIn(text: string, status: number): string {
  try {
    return `: ${JSON.parse(text).error.message}`;
  } catch {
    if (status === 401) return ': set PLINTH_KEY to a function key, or give --resource api://…';
    return text ? `: ${text.slice(0, 500)}` : '';
  }
}
