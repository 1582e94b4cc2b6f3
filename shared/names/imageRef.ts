import { PlinthError } from './plinthError.ts';
import { canonicalHost, dockerHub as hub } from './registryHost.ts';

/**
 * Image references, by the rules of distribution/reference: what `docker pull` accepts, and what it makes of it.
 *
 * `registry` is empty only for the odd names which that grammar takes for a path although their first component
 * looks like a host (`foo_bar.x/app`).
 */
export type ImageRef = { registry: string; repository: string; tag?: string; digest?: string };

export class ImageRefError extends PlinthError {}

const pathComponent = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^(?:sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128})$/;
const longestPath = 255;

/**
 * The image that a reference names, its registry by its one name (`canonicalHost`): `BaseACR.azurecr.io:443/node` is
 * `baseacr.azurecr.io/node:latest`, `alpine` is `docker.io/library/alpine:latest`.
 * @throws ImageRefError
 */
export function parseImageRef(text: string): ImageRef {
  const read = readImageRef(text);
  const registry = canonicalHost(read.registry);
  const isOfficial = registry === hub && !read.repository.includes('/');
  return { ...read, registry, repository: isOfficial ? `library/${read.repository}` : read.repository };
}

/**
 * Reads a reference as the command line does, its registry as it is written. A tag is added only where there is neither
 * tag nor digest; both are kept where both are given.
 * @throws ImageRefError
 */
export function readImageRef(text: string): ImageRef {
  const refuse = (why: string): never => {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    throw new ImageRefError(`${JSON.stringify(shown)} is not an image reference: ${why}`);
  };

  if (/^[a-f0-9]{64}$/.test(text)) refuse('64 hexadecimal digits name an image id, not a repository');
  const full = withDomain(text);
  const at = full.indexOf('@');
  const digest = at < 0 ? undefined : full.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) refuse('its digest is not one of sha256, sha384 or sha512');

  const named = at < 0 ? full : full.slice(0, at);
  // A colon before the last slash belongs to a port, one after it to the tag.
  const colon = named.indexOf(':', named.lastIndexOf('/'));
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) refuse('its tag is not well formed');

  const name = colon < 0 ? named : named.slice(0, colon);
  const slash = name.indexOf('/');
  const host = name.slice(0, slash);
  const split = isDomain(host) && isPath(name.slice(slash + 1));
  if (!split && !isPath(name)) {
    const path = name.slice(slash + 1);
    if (path.length > longestPath) refuse(`its repository is longer than ${longestPath} characters`);
    refuse(
      isPath(path.toLowerCase()) ? 'its repository must be lowercase' : 'its repository is not well formed',
    );
  }
  const registry = split ? host : '';
  const repository = split ? name.slice(slash + 1) : name;

  if (digest === undefined) return { registry, repository, tag: tag ?? 'latest' };
  return tag === undefined ? { registry, repository, digest } : { registry, repository, tag, digest };
}

/** The whole reference, nothing left out: `docker.io/library/alpine:3.18`. */
export function formatImageRef(ref: ImageRef): string {
  const name = ref.registry === '' ? ref.repository : `${ref.registry}/${ref.repository}`;
  const tag = ref.tag === undefined ? '' : `:${ref.tag}`;
  const digest = ref.digest === undefined ? '' : `@${ref.digest}`;
  return `${name}${tag}${digest}`;
}

/** Whether a digest names content in a way that registries and BuildKit accept. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/**
 * Whether a reference begins with a server, by docker's rule: what is before the first slash has a dot, a colon or a
 * capital.
 */
export function hasServer(text: string): boolean {
  const first = text.slice(0, Math.max(0, text.indexOf('/')));
  return first === 'localhost' || /[.:A-Z]/.test(first);
}

function withDomain(text: string): string {
  const slash = text.indexOf('/');
  const first = text.slice(0, slash);
  if (slash < 0) return `${hub}/library/${text}`;
  const isHost = hasServer(text);
  const domain = first === 'index.docker.io' || !isHost ? hub : first;
  const rest = isHost ? text.slice(slash + 1) : text;
  return domain === hub && !rest.includes('/') ? `${hub}/library/${rest}` : `${domain}/${rest}`;
}

// The parts of a name that have no greatest length are searched for what they may not hold: a pattern of what they
// may hold would use memory for each character.
function isDomain(text: string): boolean {
  const port = /:[0-9]+$/.exec(text);
  const host = port === null ? text : text.slice(0, port.index);
  if (host.startsWith('[') && host.endsWith(']'))
    return host.length > 2 && !/[^a-fA-F0-9:]/.test(host.slice(1, -1));
  return host.split('.').every(isDomainComponent);
}

function isDomainComponent(text: string): boolean {
  return text !== '' && !text.startsWith('-') && !text.endsWith('-') && !/[^a-zA-Z0-9-]/.test(text);
}

function isPath(text: string): boolean {
  return text.length <= longestPath && text.split('/').every((component) => pathComponent.test(component));
}
