import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, answer, challenge, refuse } from './answers.ts';
import type { RegistryStorage, StoredManifest, StoredTag } from './storage.ts';

interface MetadataOptions {
  loginServer: string;
  realm: string;
  storage: RegistryStorage;
  carries: (accessToken: string, needed: Access) => Promise<boolean>;
}

const repositoryName = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const open = { deleteEnabled: true, writeEnabled: true, readEnabled: true, listEnabled: true };

/**
 * ACR's own reads, `/acr/v1/…`, which docker-registry does not have: the catalog, a repository, its tags and manifests.
 * Shapes and orders as in the recorded sessions of Azure's SDKs. What changes something there is refused with 405, for
 * `@azure/container-registry` takes a 404 on delete for success.
 */
export function createMetadata({ loginServer, realm, storage, carries }: MetadataOptions) {
  return async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const { repository, kind, reference } = parsePath(url.pathname);
    const needed = repository
      ? { type: 'repository', name: repository, actions: [actionOf(request.method)] }
      : { type: 'registry', name: 'catalog', actions: ['*'] };
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (!token || !(await carries(token, needed))) return challenge(response, realm, loginServer, needed);
    if (request.method !== 'GET')
      return refuse(
        response,
        405,
        'UNSUPPORTED',
        `The local registry cannot ${request.method} ${url.pathname}.`,
      );

    const respond = (body: object) =>
      answer(response, 200, repository ? { registry: loginServer, imageName: repository, ...body } : body);
    const page = <T>(all: T[], nameOf: (item: T) => string) => {
      const { items, next } = paginate(all, nameOf, url);
      if (next) response.setHeader('link', `<${next}>; rel="next"`);
      return items.length > 0 ? items : null;
    };

    if (!repository) return respond({ repositories: page(await storage.repositories(), String) });
    const [tags, manifests] = repositoryName.test(repository)
      ? await Promise.all([storage.tags(repository), storage.manifests(repository)])
      : [[], []];
    if (manifests.length === 0)
      return refuse(response, 404, 'NAME_UNKNOWN', `repository "${repository}" is not found`, {
        detail: { name: repository },
      });
    const tagsOf = (digest: string) => tags.filter((tag) => tag.digest === digest).map(({ name }) => name);
    const showManifest = (manifest: StoredManifest) => describeManifest(manifest, tagsOf(manifest.digest));

    if (kind === '_tags' && reference) {
      const tag = tags.find(({ name }) => name === reference);
      return tag
        ? respond({ tag: describeTag(tag) })
        : refuse(response, 404, 'TAG_UNKNOWN', 'the specified tag does not exist', {
            detail: { name: reference },
          });
    }
    if (kind === '_tags') {
      const wanted = tags.filter(({ digest }) => digest === (url.searchParams.get('digest') ?? digest));
      return respond({ tags: page(ordered(wanted, url), ({ name }) => name)?.map(describeTag) ?? null });
    }
    if (kind === '_manifests' && reference) {
      const manifest = manifests.find(({ digest }) => digest === reference);
      return manifest
        ? respond({ manifest: showManifest(manifest) })
        : refuse(response, 404, 'MANIFEST_UNKNOWN', `manifest ${reference} is not found`);
    }
    if (kind === '_manifests')
      return respond({
        manifests: page(ordered(manifests, url), ({ digest }) => digest)?.map(showManifest) ?? null,
      });
    const times = [
      ...tags.map(({ lastUpdateTime }) => lastUpdateTime),
      ...manifests.map((m) => m.createdTime),
    ];
    respond({
      createdTime: new Date(Math.min(...times.map(Number))),
      lastUpdateTime: new Date(Math.max(...times.map(Number))),
      manifestCount: manifests.length,
      tagCount: tags.length,
      changeableAttributes: open,
    });
  };
}

function parsePath(path: string): { repository?: string; kind?: string; reference?: string } {
  const rest = decodeURIComponent(path).replace('/acr/v1/', '');
  if (rest === '_catalog') return {};
  const [, repository, kind, reference] = /^(.+?)(?:\/(_tags|_manifests)(?:\/(.+))?)?$/.exec(rest) ?? [];
  return {
    repository: repository ?? rest,
    ...(kind ? { kind } : {}),
    ...(reference ? { reference } : {}),
  };
}

const actionOf = (method = 'GET') =>
  method === 'DELETE' ? 'delete' : method === 'GET' ? 'metadata_read' : 'metadata_write';

function ordered<T extends { createdTime: Date; lastUpdateTime?: Date }>(items: T[], url: URL): T[] {
  const time = (item: T) => Number(item.lastUpdateTime ?? item.createdTime);
  const order = url.searchParams.get('orderby');
  if (order === 'timedesc') return items.toSorted((one, other) => time(other) - time(one));
  return order === 'timeasc' ? items.toSorted((one, other) => time(one) - time(other)) : items;
}

function paginate<T>(all: T[], nameOf: (item: T) => string, url: URL): { items: T[]; next?: string } {
  const last = url.searchParams.get('last');
  const size = Number(url.searchParams.get('n')) || 100;
  const from = last === null ? 0 : all.findIndex((item) => nameOf(item) === last) + 1;
  const items = all.slice(from, from + size);
  if (from + size >= all.length) return { items };
  const query = new URLSearchParams(url.searchParams);
  query.set('last', nameOf(items.at(-1)!));
  query.set('n', `${size}`);
  return { items, next: `${url.pathname}?${query}` };
}

const describeTag = (tag: StoredTag) => ({ ...tag, signed: false, changeableAttributes: open });

const describeManifest = ({ bytes, ...manifest }: StoredManifest, tags: string[]) => ({
  ...manifest,
  imageSize: bytes,
  lastUpdateTime: manifest.createdTime,
  ...(tags.length > 0 ? { tags } : {}),
  changeableAttributes: open,
});
