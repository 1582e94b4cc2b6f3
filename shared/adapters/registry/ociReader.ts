import { createHash } from 'node:crypto';
import { z } from 'zod';
import { RegistryError, type RegistryLogin } from '../../ports/registry.ts';
import { askAlong, type Fail, jsonOf, readBytes, readJson } from '../http/ask.ts';
import { limitOf } from '../http/timeLimit.ts';
import type { ManifestReader } from './manifestReader.ts';
import { busy, registryFault } from './registryFault.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const JsonObject = z.looseObject({});
const TokenAnswer = z.object({ token: z.string().nullish(), access_token: z.string().nullish() });

export interface OciReader extends ManifestReader {
  /** By HEAD, which Docker Hub does not count against its pull limit. */
  digest(reference: string): Promise<string | undefined>;
}

interface OciReaderOptions {
  /** `https://registry-1.docker.io` */
  endpoint: string;
  repository: string;
  login: RegistryLogin;
  /** Of the repository, as errors call it: the endpoint may be another host. */
  name: string;
  /** Checks the address of every connection: a registry names other hosts itself. */
  fetch: typeof globalThis.fetch;
}

/**
 * Reads a repository over the OCI distribution API: anonymous, or with a user name and password.
 * @throws RegistryError from every read
 */
export function createOciReader(options: OciReaderOptions): OciReader {
  const { name } = options;
  const fail = registryFault(name);
  const get = authorized(options, fail);

  async function manifest(reference: string): ReturnType<OciReader['manifest']> {
    const response = await get(`manifests/${reference}`, 'GET');
    if (response.status === 404) return undefined;
    const bytes = await readBytes(response, fail);
    // A tag in place of the digest would never be seen to move: where the header is absent, the digest is computed.
    const counted = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const digest = response.headers.get('docker-content-digest') ?? counted;
    return { digest, body: jsonOf(bytes, JsonObject, fail) };
  }

  return {
    manifest,
    async digest(reference) {
      const response = await get(`manifests/${reference}`, 'HEAD');
      if (response.status === 404) return undefined;
      return response.headers.get('docker-content-digest') ?? (await manifest(reference))?.digest;
    },
    async blob(digest) {
      const response = await get(`blobs/${digest}`, 'GET');
      return response.status === 404 ? undefined : readJson(response, JsonObject, fail);
    },
  };
}

type Get = (path: string, method: 'GET' | 'HEAD') => Promise<Response>;

/** Asks with the authorization that the registry's challenge wanted, which is kept for the next question. */
function authorized({ endpoint, repository, login, name, fetch }: OciReaderOptions, fail: Fail): Get {
  let authorization: string | undefined;
  const basic =
    login.kind === 'password'
      ? `Basic ${Buffer.from(`${login.userName}:${login.password}`).toString('base64')}`
      : undefined;
  const reach = async (url: string, method: string, headers: Record<string, string>) => {
    const init = { method, headers, signal: limitOf('registry') };
    return (await askAlong(fetch, url, init, { fail, refuse: redirectFault })).response;
  };

  async function bearer(challenge: string): Promise<string | undefined> {
    const url = tokenServer(challenge, repository, name);
    if (!url) return undefined;
    const response = await reach(url, 'GET', basic ? { authorization: basic } : {});
    if (!response.ok) throw refusal(response, name, login);
    const answer = await readJson(response, TokenAnswer, fail);
    const token = answer.token ?? answer.access_token;
    return token ? `Bearer ${token}` : undefined;
  }

  return async (path, method) => {
    const ask = () =>
      reach(`${endpoint}/v2/${repository}/${path}`, method, {
        accept: manifestTypes,
        ...(authorization && { authorization }),
      });
    let response = await ask();
    const challenge = response.headers.get('www-authenticate');
    if (response.status === 401 && challenge) {
      authorization = /^basic/i.test(challenge) ? basic : await bearer(challenge);
      if (authorization) response = await ask();
    }
    if (response.ok || response.status === 404) return response;
    throw refusal(response, name, login);
  };
}

/** Where a challenge says that tokens are. @throws RegistryError */
function tokenServer(challenge: string, repository: string, name: string): string | undefined {
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
  return url.href;
}

const redirectFault = ({ host }: URL, to: URL | undefined) =>
  to?.protocol === 'https:'
    ? undefined
    : new RegistryError('Invalid', `${host} redirects too often, or to what is no https address.`);

function refusal(response: Response, name: string, login: RegistryLogin): RegistryError {
  if (response.status === 401 || response.status === 403)
    return new RegistryError(
      'Unauthorized',
      login.kind === 'password'
        ? `${name} may not be read with the user name and password of the task's credentials. Give the right ones (az acr task credential update).`
        : `${name} may not be read. Add credentials for the registry to the task (az acr task credential add).`,
    );
  return (
    busy(name, response) ?? new RegistryError('Invalid', `${name}: ${response.status} ${response.statusText}`)
  );
}
