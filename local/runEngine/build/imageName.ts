import { RunFailure } from '../types.ts';

/** The parts of an image's name. A tag is there where neither tag nor digest was given. */
interface ImageName {
  registry: string;
  repository: string;
  tag?: string;
  digest?: string;
}

/** A host has a dot, a port or a capital, or is localhost; what is before the first slash is none otherwise. */
const parts =
  /^(?:([^/]*[.:A-Z][^/]*|localhost)\/)?([a-z0-9._-]+(?:\/[a-z0-9._-]+)*)(?::([\w.-]+))?(?:@(sha\d+:[a-f0-9]+))?$/;
const hub = 'docker.io';
const hubNames = [hub, 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];

/**
 * Reads an image's name as the Docker command line does (distribution/reference, normalize.go). Written apart from the
 * product's own reader, which builds here are to judge.
 * @throws RunFailure
 */
export function imageName(text: string): ImageName {
  const [, given = hub, path, tag, digest] = parts.exec(text) ?? [];
  if (path === undefined) throw new RunFailure(`invalid reference format: ${JSON.stringify(text)}`);
  const host = given.toLowerCase().replace(/:443$/, '');
  const registry = hubNames.includes(host) ? hub : host;
  const repository = registry === hub && !path.includes('/') ? `library/${path}` : path;
  if (digest === undefined) return { registry, repository, tag: tag ?? 'latest' };
  return { registry, repository, digest, ...(tag !== undefined && { tag }) };
}

/** The name under which the store keeps an image, so that later steps find it: never a short one. */
export function localName(name: string): string {
  const { registry, repository, tag, digest } = imageName(name);
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
