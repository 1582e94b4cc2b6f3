import type { KnownRegistry } from '../../model/registry.ts';
import type { Credentials } from '../../model/task.ts';
import { formatImageRef, parseImageRef } from '../../names/imageRef.ts';
import { canonicalHost, dockerHub } from '../../names/registryHost.ts';

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
  knownRegistry: KnownRegistry,
  credentials: Credentials | undefined,
): string {
  const whole = withServer(name, knownRegistry, credentials);
  if (whole !== undefined) return formatImageRef(parseImageRef(whole));
  const registry = name.startsWith('library/') ? dockerHub : knownRegistry.loginServer;
  return formatImageRef(parseImageRef(`${registry}/${name}`));
}

/** The name for the engine, which takes a registry by its canonical name only. */
export const engineImageName = (
  name: string,
  knownRegistry: KnownRegistry,
  credentials: Credentials | undefined,
): string => withServer(name, knownRegistry, credentials) ?? name;

function withServer(
  name: string,
  knownRegistry: KnownRegistry,
  credentials: Credentials | undefined,
): string | undefined {
  const [host = '', ...path] = name.split('/');
  const server = canonicalHost(host);
  const known = [
    knownRegistry.loginServer,
    ...Object.keys(credentials?.customRegistries ?? {}).map(canonicalHost),
  ];
  return path.length > 0 && known.includes(server) ? [server, ...path].join('/') : undefined;
}
