import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { type Login, RunFailure } from '../types.ts';

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

export const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}
interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

/** The part of a registry's /v2 API that moves small images. */
export interface RegistryApi {
  /** A manifest by tag or digest. @throws RunFailure when it is not there or may not be read */
  manifest(repository: string, reference: string): Promise<{ mediaType: string; body: Buffer }>;
  blob(repository: string, digest: string): Promise<Buffer>;
  hasBlob(repository: string, digest: string): Promise<boolean>;
  putBlob(repository: string, bytes: Buffer): Promise<void>;
  /** Takes over a blob that another repository of the registry has; false when the registry did not. */
  mountBlob(repository: string, digest: string, from: string): Promise<boolean>;
  /** @returns the manifest's digest */
  putManifest(repository: string, tag: string, mediaType: string, body: Buffer): Promise<string>;
}

/**
 * Opens a registry, answering its token challenge with the login.
 * @param endpoint `https://localhost:PORT`
 * @param ca authorities trusted, PEM
 */
export function registryApi(
  endpoint: string,
  login: Login | undefined,
  ca: string,
  signal: AbortSignal,
): RegistryApi {
  const call = createCaller(endpoint, login, { ca, signal });
  return {
    async manifest(repository, reference) {
      const answer = await call(
        {
          method: 'GET',
          path: `/v2/${repository}/manifests/${reference}`,
          headers: { accept: manifestTypes.join(', ') },
        },
        [200],
      );
      return { mediaType: String(answer.headers['content-type']), body: answer.body };
    },
    blob: async (repository, digest) =>
      (await call({ method: 'GET', path: `/v2/${repository}/blobs/${digest}` }, [200])).body,
    hasBlob: async (repository, digest) =>
      (await call({ method: 'HEAD', path: `/v2/${repository}/blobs/${digest}` }, [200, 404])).status === 200,
    async putBlob(repository, bytes) {
      const begun = await call({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` }, [202]);
      const url = new URL(begun.headers.location!, endpoint);
      url.searchParams.set('digest', sha256(bytes));
      const headers = { 'content-type': 'application/octet-stream' };
      await call({ method: 'PUT', path: url.pathname + url.search, headers, body: bytes }, [201]);
    },
    async mountBlob(repository, digest, from) {
      const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`;
      return (await call({ method: 'POST', path }, [201, 202])).status === 201;
    },
    async putManifest(repository, tag, mediaType, body) {
      const headers = { 'content-type': mediaType };
      await call({ method: 'PUT', path: `/v2/${repository}/manifests/${tag}`, headers, body }, [201]);
      return sha256(body);
    },
  };
}

type Connection = { ca: string; signal: AbortSignal };

function send(url: URL, { method, headers, body }: Call, connection: Connection): Promise<Answer> {
  const client = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const options = { ...connection, method, headers: { ...headers, 'content-length': body?.length ?? 0 } };
    const request = client.request(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** Calls with the token that the registry asks for, which is kept for the next call of the kind. */
function createCaller(endpoint: string, login: Login | undefined, connection: Connection) {
  const tokens = new Map<string, string>();
  return async (request: Call, expected: number[]): Promise<Answer> => {
    const url = new URL(request.path, endpoint);
    const key = `${request.method} ${url.pathname.split('/').slice(0, -2).join('/')}`;
    const withToken = (token: string | undefined) => {
      const headers = { ...request.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
      return send(url, { ...request, headers }, connection);
    };
    let answer = await withToken(tokens.get(key));
    const challenge = answer.headers['www-authenticate'];
    if (answer.status === 401 && challenge?.startsWith('Bearer ')) {
      tokens.set(key, await tokenFor(challenge, endpoint, login, connection));
      answer = await withToken(tokens.get(key));
    }
    if (expected.includes(answer.status)) return answer;
    const why = answer.status === 404 ? 'there is no such image' : `the registry answered ${answer.status}`;
    throw new RunFailure(`${request.method} ${url.host}${url.pathname} failed: ${why}.`);
  };
}

async function tokenFor(
  challenge: string,
  endpoint: string,
  login: Login | undefined,
  connection: Connection,
): Promise<string> {
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1] ?? '';
  const url = new URL(part('realm'));
  url.searchParams.set('service', part('service'));
  url.searchParams.set('scope', part('scope'));
  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const headers: Record<string, string> = basic ? { authorization: basic } : {};
  const answer = await send(url, { method: 'GET', path: '', headers }, connection);
  const { access_token, token } = answer.status === 200 ? JSON.parse(answer.body.toString()) : {};
  if (!access_token && !token)
    throw new RunFailure(`${endpoint} gave no token (${answer.status}). Check the run's credentials for it.`);
  return access_token ?? token;
}
