import { isObject } from '../names/jsonValue.ts';

/**
 * What a stored document has and this version's schema does not have: a newer version wrote it, and is to find it again
 * after this one wrote. It travels with the value under a symbol, which copies of the value keep (spread, rest) and
 * neither JSON nor an answer shows: it may be a newer version's secret.
 */
export const unknownParts = Symbol('parts that a newer version wrote');

export interface UnknownParts {
  /** Members that are not known at all. */
  own: Record<string, unknown>;
  /** Of known members, what is not known in them. */
  within: Record<string, UnknownParts>;
  /** Of a list, by the key of each entry. */
  items?: Record<string, UnknownParts>;
  /** Of what it is a part: nothing of it goes to an object of another type, or to another server. */
  of: string;
}

/** What `stored` has and `read` does not; undefined where that is nothing. */
export function unknownOf(stored: unknown, read: unknown): UnknownParts | undefined {
  const parts: UnknownParts = { own: {}, within: {}, of: markOf(read) };
  if (Array.isArray(stored) && Array.isArray(read)) {
    if (stored.length !== read.length) return undefined;
    const keys = keysOf(read);
    const found = stored.flatMap((item, at) => {
      const part = unknownOf(item, read[at]);
      return part ? [[keys[at]!, part] as const] : [];
    });
    return found.length > 0 ? { ...parts, items: Object.fromEntries(found) } : undefined;
  }
  if (!isObject(stored) || !isObject(read)) return undefined;
  for (const [name, member] of Object.entries(stored)) {
    const known = Object.hasOwn(read, name);
    if (!known) parts.own[name] = member;
    const part = known && unknownOf(member, read[name]);
    if (part) parts.within[name] = part;
  }
  return Object.keys({ ...parts.own, ...parts.within }).length > 0 ? parts : undefined;
}

/** The document with those parts, as far as what they lie in is still there. */
export function withUnknown(document: unknown, parts: UnknownParts | undefined): unknown {
  if (!parts || parts.of !== markOf(document)) return document;
  if (Array.isArray(document)) {
    const keys = keysOf(document);
    return document.map((item, at) => withUnknown(item, ownOf(parts.items, keys[at]!)));
  }
  if (!isObject(document)) return document;
  const known = Object.entries(document).map(([name, member]) => [
    name,
    withUnknown(member, ownOf(parts.within, name)),
  ]);
  return { ...parts.own, ...Object.fromEntries(known) };
}

const ownOf = <T>(parts: Record<string, T> | undefined, name: string) =>
  parts && Object.hasOwn(parts, name) ? parts[name] : undefined;

/**
 * Entries of a list are known by their name, images by the tag, which the digest does not change; without one by their
 * place, as long as the list keeps its length.
 */
function keysOf(list: unknown[]): string[] {
  const seen = new Map<string, number>();
  return list.map((item, at) => {
    const { name, runId, image, what, registry, repository, tag } = isObject(item) ? item : {};
    const named = name ?? runId ?? image ?? what ?? (repository && `${registry}/${repository}:${tag}`);
    if (typeof named !== 'string') return `${at} of ${list.length}`;
    const nth = seen.get(named) ?? 0;
    seen.set(named, nth + 1);
    return `${named}, ${nth}`;
  });
}

/** The type of an object, and the servers it names: what is not known of it may be a secret for one of them. */
function markOf(value: unknown): string {
  if (!isObject(value)) return '';
  const { type, contextPath, repositoryUrl, hook } = value;
  const addresses = [contextPath, repositoryUrl, isObject(hook) ? hook.repositoryUrl : undefined];
  return JSON.stringify([type, ...addresses.map(serverOf)]);
}

const serverOf = (address: unknown) =>
  typeof address === 'string'
    ? (/^[a-z]+:\/\/[^/]+/i.exec(address)?.[0].toLowerCase() ?? address)
    : undefined;

/** A value as it is written again, with the unknown parts of what it takes the place of. */
export const inPlaceOf = <T extends object>(before: object | undefined, value: T): T => {
  const parts = (before as { [unknownParts]?: UnknownParts } | undefined)?.[unknownParts];
  return parts ? { ...value, [unknownParts]: parts } : value;
};
