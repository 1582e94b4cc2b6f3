import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodeJwt } from 'jose';
import { refuse } from '../registry/answers.ts';
import type { RegistryBetween } from '../registry/registry.ts';
import type { Rough } from './rough.ts';

interface Push {
  /** What the tag stood for before; undefined where it is new. */
  before: string | undefined;
  until: number;
}

/** An identity's reads, and a registry's token requests, in a minute (Premium). */
const readsAMinute = 5000;
const tokensAMinute = 10_000;

/**
 * Stands before one registry that is replicated, throttled and purged.
 * @param home whose requests reach the replica that is pushed to, and see everything at once
 */
export function roughRegistry(rough: Rough, home: string): RegistryBetween {
  const tags = new Map<string, string>();
  const pushes = new Map<string, Push>();
  const purged = new Set<string>();
  const replicas = replicasOf(rough, pushes, purged);
  const throttle = throttleOf(rough);

  const pushed = (repository: string, reference: string, digest: string) => {
    purged.delete(`${repository}@${digest}`);
    const until = Date.now() + rough.ms(1 + rough.draw('replicaLag', 5));
    pushes.set(`${repository}@${digest}`, { before: undefined, until });
    if (reference.startsWith('sha256:')) return;
    const before = tags.get(`${repository}:${reference}`);
    tags.set(`${repository}:${reference}`, digest);
    if (before === digest) return;
    pushes.set(`${repository}:${reference}`, { before, until });
    const isUntagged =
      before !== undefined &&
      ![...tags].some(([tag, to]) => to === before && tag.startsWith(`${repository}:`));
    if (isUntagged && rough.meets('untaggedPurged')) purged.add(`${repository}@${before}`);
  };

  return (kind, request, response, url) => {
    const principal = principalOf(request);
    const seconds = throttle(kind, principal);
    if (seconds > 0) return tooMany(request, response, seconds);
    if (kind !== 'manifest') return false;
    const [, repository, reference] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(
      decodeURIComponent(url.pathname),
    )!;
    if (request.method === 'PUT') {
      whenPushed(request, response, (digest) => pushed(repository!, reference!, digest));
      return false;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const seen = replicas(repository!, reference!, principal === home);
    if (seen === undefined) return unknown(request, response, reference!);
    if (seen !== reference) request.url = `/v2/${repository}/manifests/${seen}`;
    return false;
  };
}

/** What a reference is at the replica that answers; undefined where it has none. */
function replicasOf(rough: Rough, pushes: Map<string, Push>, purged: Set<string>) {
  return (repository: string, reference: string, isHome: boolean): string | undefined => {
    const isDigest = reference.startsWith('sha256:');
    const name = `${repository}${isDigest ? '@' : ':'}${reference}`;
    if (purged.has(name)) return undefined;
    const push = pushes.get(name);
    if (!push || isHome || push.until < Date.now()) return reference;
    if (isDigest) return rough.meets('digestNotThere') ? undefined : reference;
    // A new tag is for nobody's cache to know: replicas have it late, as they have a digest.
    if (push.before === undefined) return rough.meets('digestNotThere') ? undefined : reference;
    if (purged.has(`${repository}@${push.before}`)) return reference;
    return rough.meets('replicaLag') ? push.before : reference;
  };
}

/** Seconds that a request has to wait, 0 for none; they count down to the next minute. */
function throttleOf(rough: Rough) {
  const windows = new Map<string, { begun: number; taken: number }>();
  return (kind: string, principal: string): number => {
    if (!rough.isOn('registryThrottle')) return 0;
    const isToken = kind === 'exchange' || kind === 'token';
    const limit = (rough.pace(isToken ? tokensAMinute : readsAMinute) * rough.ms(1)) / 60_000;
    const key = isToken ? 'tokens' : principal;
    const now = Date.now();
    let window = windows.get(key);
    if (!window || now - window.begun >= rough.ms(1)) window = { begun: now, taken: 0 };
    windows.set(key, window);
    window.taken += 1;
    if (window.taken <= limit) return 0;
    rough.count('registryThrottle');
    return Math.max(1, Math.ceil((window.begun + rough.ms(1) - now) / 1000));
  };
}

function tooMany(request: IncomingMessage, response: ServerResponse, seconds: number): true {
  request.resume();
  const headers = { 'retry-after': `${seconds}` };
  refuse(response, 429, 'TOOMANYREQUESTS', 'too many requests to the registry', { headers });
  return true;
}

function unknown(request: IncomingMessage, response: ServerResponse, reference: string): true {
  request.resume();
  refuse(response, 404, 'MANIFEST_UNKNOWN', `manifest tagged by "${reference}" is not found`);
  return true;
}

/** Tells the digest of a manifest that the registry took. */
function whenPushed(
  request: IncomingMessage,
  response: ServerResponse,
  tell: (digest: string) => void,
): void {
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  response.on('finish', () => response.statusCode === 201 && tell(`sha256:${hash.digest('hex')}`));
}

/** Whose access token a request shows; the registry checks it. */
function principalOf(request: IncomingMessage): string {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  try {
    return (token && decodeJwt(token).sub) || '';
  } catch {
    return '';
  }
}
