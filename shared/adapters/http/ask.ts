import type { z } from 'zod';
import { without } from '../../model/without.ts';
import { addressErrorIn } from './addressGuard.ts';
import { bodyBytes, LongAnswerError } from './boundedBody.ts';

/** Why there is nothing to read, or nothing that can be read. */
interface HttpFault {
  /**
   * Unsent: nothing went out, and another try would end the same. Silent: no answer, or half of one. Long: more than is
   * read. NoJson, Undocumented: not what the service answers.
   */
  kind: 'Unsent' | 'Silent' | 'Long' | 'NoJson' | 'Undocumented';
  /** A sentence without its full stop. It holds no path, query, header or body, which may be secret. */
  why: string;
  cause?: unknown;
}

/** Makes the caller's own error of a fault. */
export type Fail = (fault: HttpFault) => unknown;

/** With a limit in time, which no request is without. */
type Init = RequestInit & { signal: AbortSignal };

/**
 * One request; a redirect is an answer.
 * @param fetch looks at addresses, unless the settings name the server
 * @throws what `fail` makes of a fault
 */
export async function ask(
  fetch: typeof globalThis.fetch,
  url: string | URL,
  init: Init,
  fail: Fail,
): Promise<Response> {
  const { host } = urlOf(url, fail);
  try {
    return await fetch(url, { redirect: 'manual', ...init });
  } catch (error) {
    // fetch's own words would show the header.
    if (error instanceof TypeError && error.cause === undefined)
      throw fail({
        kind: 'Unsent',
        why: `${host} was not asked: a header or the address is not allowed in HTTP`,
      });
    throw fail(faultOf(error, `${host} did not answer`));
  }
}

const maxRedirects = 5;

/**
 * One request, its redirects followed. The authorization goes to the first origin alone.
 * @param refuse why a redirect is not followed; `to` is undefined where it leads to no URL, or is one too many
 * @returns the answer, and where it came from
 * @throws what `fail` or `refuse` give
 */
export async function askAlong(
  fetch: typeof globalThis.fetch,
  url: string | URL,
  { headers, ...init }: Init & { headers: Record<string, string> },
  { fail, refuse }: { fail: Fail; refuse: (from: URL, to: URL | undefined) => Error | undefined },
): Promise<{ response: Response; url: URL }> {
  const start = urlOf(url, fail);
  for (let at = start, hop = 0; ; hop++) {
    const allowed = at.origin === start.origin ? headers : without(headers, 'authorization');
    const response = await ask(fetch, at, { ...init, headers: allowed }, fail);
    const target = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || target === null) return { response, url: at };
    await response.body?.cancel().catch(() => {});
    const to = hop < maxRedirects && URL.canParse(target, at.href) ? new URL(target, at.href) : undefined;
    const refused = refuse(at, to);
    if (refused || !to) throw refused;
    to.username = '';
    to.password = '';
    at = to;
  }
}

/** The name of a registry may fit its grammar and be no host of a URL, as one with a port above 65535. */
function urlOf(url: string | URL, fail: Fail): URL {
  if (!URL.canParse(String(url))) throw fail({ kind: 'Unsent', why: 'its host and port are none of a URL' });
  return new URL(url);
}

/** The bytes of an answer. @throws what `fail` makes of a fault */
export async function readBytes(response: Response, fail: Fail, maxBytes?: number): Promise<Buffer> {
  try {
    return await bodyBytes(response, maxBytes);
  } catch (cause) {
    throw fail(faultOf(cause, 'the answer broke off'));
  }
}

/** The JSON of an answer, held against what is documented. @throws what `fail` makes of a fault */
export async function readJson<T>(response: Response, schema: z.ZodType<T>, fail: Fail): Promise<T> {
  return jsonOf(await readBytes(response, fail), schema, fail);
}

/** The same of bytes that were read. */
export function jsonOf<T>(bytes: Buffer, schema: z.ZodType<T>, fail: Fail): T {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The error of the parser would show what it read.
    throw fail({ kind: 'NoJson', why: 'the answer is not JSON' });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw fail({
    kind: 'Undocumented',
    why: `the answer is not what is documented, at ${fields || 'its top'}`,
  });
}

/** The same, undefined where there is none of that form: what a refusal says besides its status. */
export const tryJson = <T>(response: Response, schema: z.ZodType<T>): Promise<T | undefined> =>
  readJson(response, schema, ({ why }) => new Error(why)).catch(() => undefined);

/** What fetch, an SDK or a body threw; `silence` says what is missing where the reason stands for itself. */
export function faultOf(cause: unknown, silence: string): HttpFault {
  const refused = addressErrorIn(cause);
  if (refused) return { kind: 'Unsent', why: refused.message, cause };
  if (cause instanceof LongAnswerError) return { kind: 'Long', why: cause.message, cause };
  return { kind: 'Silent', why: `${silence} (${reasonOf(cause)})`, cause };
}

/** Why an SDK or fetch failed, in one line, without the addresses that their messages may hold. */
export function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { message, code } = inner as { message?: string; code?: string };
  return (message || code || 'unknown').split('\n')[0]!.replace(/https?:\/\/\S+/g, '…');
}
