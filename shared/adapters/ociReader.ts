import { createHash } from 'node:crypto';
import { RegistryError, type RegistryLogin } from '../ports/registry.ts';
import { addressErrorIn } from './addressGuard.ts';
import type { ManifestReader } from './manifestReader.ts';
import { retryAfterSeconds } from './retryAfter.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
const answerWithinMs = 30_000;
const maxRedirects = 5;

export interface OciReader extends ManifestReader {
  /** By HEAD, which Docker Hub does not count against its pull limit. */
  digest(reference: string): Promise<string | undefined>;
}

/**
 * Reads a repository over the OCI distribution API: anonymous, or with a user name and password.
 * @param endpoint `https://registry-1.docker.io`
 * @param name of the repository, as errors call it: the endpoint may be another host
 * @param fetch that looks at addresses: a registry names other hosts itself
 * @throws RegistryError from every read
 */
export function createOciReader(
  endpoint: string,
  repository: string,
  login: RegistryLogin,
  name: string,
  fetch: typeof globalThis.fetch,
): OciReader {
  let authorization: string | undefined;
  const basic =
    login.kind === 'password' &&
    `Basic ${Buffer.from(`${login.userName}:${login.password}`).toString('base64')}`;

  async function get(path: string, method: 'GET' | 'HEAD'): Promise<Response> {
    const url = `${endpoint}/v2/${repository}/${path}`;
    const ask = () =>
      reach(fetch, url, {
        method,
        headers: { accept: manifestTypes, ...(authorization && { authorization }) },
      });
    let response = await ask();
    const challenge = response.headers.get('www-authenticate');
    if (response.status === 401 && challenge) {
      authorization = /^basic/i.test(challenge) ? basic || undefined : await bearer(challenge);
      if (authorization) response = await ask();
    }
    if (response.ok || response.status === 404) return response;
    throw refusal(response, name, login);
  }

  async function bearer(challenge: string): Promise<string | undefined> {
    const parameter = (name: string) => new RegExp(`${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
    const realm = parameter('realm');
    if (!realm || !URL.canParse(realm)) return undefined;
    const url = new URL(realm);
    if (url.protocol !== 'https:')
      throw new RegistryError(
        'Invalid',
        `${name}: the registry names a token server at ${url.protocol}//${url.host}. Only https is asked, as passwords and tokens go there.`,
      );
    url.searchParams.set('scope', parameter('scope') ?? `repository:${repository}:pull`);
    const service = parameter('service');
    if (service) url.searchParams.set('service', service);
    const response = await reach(fetch, url.href, basic ? { headers: { authorization: basic } } : {});
    if (!response.ok) throw refusal(response, name, login);
    const answer = await json<{ token?: string; access_token?: string }>(response, name);
    const token = answer.token ?? answer.access_token;
    return token && `Bearer ${token}`;
  }

  return {
    async digest(reference) {
      const response = await get(`manifests/${reference}`, 'HEAD');
      if (response.status === 404) return undefined;
      return response.headers.get('docker-content-digest') ?? (await this.manifest(reference))?.digest;
    },
    async manifest(reference) {
      const response = await get(`manifests/${reference}`, 'GET');
      if (response.status === 404) return undefined;
      const bytes = await bounded(response, name);
      // A tag never moves for whoever takes it for the digest: what the registry does not say is counted.
      const counted = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      const digest = response.headers.get('docker-content-digest') ?? counted;
      return { digest, body: parsed(bytes, name) };
    },
    async blob(digest) {
      const response = await get(`blobs/${digest}`, 'GET');
      return response.status === 404 ? undefined : json(response, name);
    },
  };
}

/** An answer, redirects followed by hand: over https alone, and the authorization goes to the first origin only. */
async function reach(
  fetch: typeof globalThis.fetch,
  start: string,
  { headers, method = 'GET' }: { headers?: Record<string, string>; method?: string },
): Promise<Response> {
  const signal = AbortSignal.timeout(answerWithinMs);
  let url = new URL(start);
  for (let hop = 0; ; hop++) {
    const { authorization: _, ...others } = headers ?? {};
    const own = url.origin === new URL(start).origin;
    const response = await answerOf(fetch, url, {
      method,
      signal,
      headers: own ? (headers ?? {}) : others,
      redirect: 'manual',
    });
    const target = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || target === null) return response;
    await response.body?.cancel();
    const next = URL.canParse(target, url.href) ? new URL(target, url.href) : undefined;
    if (next?.protocol !== 'https:' || hop === maxRedirects)
      throw new RegistryError('Invalid', `${url.host} redirects too often, or to what is no https address.`);
    url = next;
  }
}

async function answerOf(fetch: typeof globalThis.fetch, url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    const refused = addressErrorIn(cause);
    if (refused) throw new RegistryError('Invalid', refused.message, { cause });
    const why =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new RegistryError('Unreachable', `${url.host} does not answer (${why})`, { cause });
  }
}

/** More than any manifest, config or token: registries take manifests of 4 MiB at most (OCI distribution-spec). */
const mostBytes = 8 * 2 ** 20;

/** The body, no longer than an answer of a registry may be: whoever names a registry does not fill the app's memory. */
async function bounded(response: Response, name: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > mostBytes)
      throw new RegistryError('Invalid', `${name}: the registry answered with more than ${mostBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const json = async <T>(response: Response, name: string): Promise<T> =>
  parsed(await bounded(response, name), name);

/** What a server that is no registry answers, a page for one, is not quoted. */
function parsed<T>(bytes: Buffer, name: string): T {
  try {
    const body = JSON.parse(bytes.toString('utf8'));
    if (typeof body === 'object' && body !== null) return body as T;
  } catch {
    // told below
  }
  throw new RegistryError('Invalid', `${name}: the registry did not answer with a JSON object`);
}

function refusal(response: Response, name: string, login: RegistryLogin): RegistryError {
  const retryAfter = retryAfterSeconds(response.headers.get('retry-after'));
  if (response.status === 429)
    return new RegistryError('TooManyRequests', `${name}: the registry asks to slow down`, {
      ...(retryAfter && { retryAfter }),
    });
  if (response.status === 401 || response.status === 403)
    return new RegistryError(
      'Unauthorized',
      login.kind === 'password'
        ? `${name} may not be read with the user name and password of the task's credentials. Give the right ones (az acr task credential update).`
        : `${name} may not be read. Add credentials for the registry to the task (az acr task credential add).`,
    );
  const code = response.status >= 500 ? 'Unreachable' : 'Invalid';
  return new RegistryError(code, `${name}: ${response.status} ${response.statusText}`);
}
