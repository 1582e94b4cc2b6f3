import { formatImageRef, parseImageRef } from '../imageRef.ts';
import type { Credentials } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { canonicalHost, dockerHub } from '../registryHost.ts';

/*
 * The image names of a build, by the rules of ACR's engine: a name that begins with the task's own registry or with one
 * of its credentials is whole, `library/` is Docker Hub's, and any other belongs to the task's own registry.
 */

/**
 * The image that a name stands for.
 * @throws ImageRefError
 */
export function outputReference(
  name: string,
  own: KnownRegistry,
  credentials: Credentials | undefined,
): string {
  const whole = withServer(name, own, credentials);
  if (whole !== undefined) return formatImageRef(parseImageRef(whole));
  const registry = name.startsWith('library/') ? dockerHub : own.loginServer;
  return formatImageRef(parseImageRef(`${registry}/${name}`));
}

/** The name as the engine is told it: it knows a registry by its one name only. */
export const engineImageName = (
  name: string,
  own: KnownRegistry,
  credentials: Credentials | undefined,
): string => withServer(name, own, credentials) ?? name;

function withServer(
  name: string,
  own: KnownRegistry,
  credentials: Credentials | undefined,
): string | undefined {
  const slash = name.indexOf('/');
  if (slash < 0) return undefined;
  const server = canonicalHost(name.slice(0, slash));
  const known = [own.loginServer, ...Object.keys(credentials?.customRegistries ?? {}).map(canonicalHost)];
  return known.includes(server) ? `${server}${name.slice(slash)}` : undefined;
}
