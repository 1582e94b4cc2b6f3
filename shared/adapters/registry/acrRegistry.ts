import type { TokenCredential } from '@azure/identity';
import type { KnownRegistry } from '../../model/registry.ts';
import { formatImageRef, type ImageRef } from '../../names/imageRef.ts';
import { dockerHub } from '../../names/registryHost.ts';
import type { Registry, RegistryLogin } from '../../ports/registry.ts';
import type { AddressGuard } from '../http/addressGuard.ts';
import { createIdentityLogin } from './identityLogin.ts';
import { contentsOf, imagesOf, type ManifestReader } from './manifestReader.ts';
import { createOciReader, type OciReader } from './ociReader.ts';
import { createSdkReader } from './sdkReader.ts';

interface AcrRegistryOptions {
  registries: KnownRegistry[];
  /** The credential of a managed identity; without a client id the app's own. */
  credential: (clientId?: string) => TokenCredential;
  /** Tasks name hosts, and registries name others: of token servers, of blobs. */
  guard: AddressGuard;
}

/** Registries: Azure's by their SDK as a managed identity, any by the OCI API with a password or anonymously. */
export function createAcrRegistry({ registries, credential, guard }: AcrRegistryOptions): Registry {
  const ociReaders = keeper<OciReader>();
  const sdkReaders = keeper<ManifestReader>();

  const endpointOf = (loginServer: string) =>
    registries.find((known) => known.loginServer === loginServer)?.endpoint ??
    `https://${loginServer === dockerHub ? 'registry-1.docker.io' : loginServer}`;
  const identity = createIdentityLogin({ registries, credential, endpointOf, fetch: guard.fetch });

  const placeOf = ({ registry, repository }: ImageRef) => ({
    endpoint: endpointOf(registry),
    repository,
    name: `${registry}/${repository}`,
  });
  /** Kept, as it holds its token: the next question to the same repository is one request. */
  const ociReader = (image: ImageRef, login: Exclude<RegistryLogin, { kind: 'identity' }>) =>
    ociReaders([image.registry, image.repository, login], () =>
      createOciReader({ ...placeOf(image), login, fetch: guard.fetch }),
    );
  const readerOf = (image: ImageRef, login: RegistryLogin): ManifestReader =>
    login.kind === 'identity' ? sdkReader(image, login.clientId) : ociReader(image, login);
  const sdkReader = (image: ImageRef, clientId: string | undefined) =>
    sdkReaders([image.registry, image.repository, clientId], () =>
      createSdkReader({
        ...placeOf(image),
        credential: identity.credentialFor(image.registry, clientId),
        refused: (cause) =>
          identity.refused(image.registry, clientId, cause, `${image.registry}/${image.repository}`),
        agent: guard.agent,
      }),
    );

  return {
    async digestOf(image, login) {
      const reference = referenceOf(image);
      if (login.kind !== 'identity') return ociReader(image, login).digest(reference);
      // The SDK has no HEAD; the identity's exchanged token is a password with which there is one.
      return identity.withPassword(image.registry, login.clientId, (password) =>
        ociReader(image, password).digest(reference),
      );
    },
    async reach(registry) {
      const image = { registry, repository: nowhere };
      const ask = (login: RegistryLogin) =>
        createOciReader({ ...placeOf(image), login, fetch: guard.fetch }).digest('none');
      await identity.withPassword(registry, undefined, ask, true);
    },
    async *imagesOf(image, login, like) {
      yield* imagesOf(formatImageRef(image), referenceOf(image), like, readerOf(image, login));
    },
    contentsOf: (image, login, platforms) =>
      contentsOf(formatImageRef(image), referenceOf(image), platforms, readerOf(image, login)),
    async pullPassword(loginServer, login) {
      if (login.kind === 'anonymous') return undefined;
      const { userName, password } =
        login.kind === 'password' ? login : await identity.exchange(loginServer, login.clientId);
      return { userName, password };
    },
  };
}

const referenceOf = ({ digest, tag = 'latest' }: ImageRef) => digest ?? tag;

/** A repository that no registry has: an identity that may pull gets 404, any other 401. */
const nowhere = 'plinth-health';

/** One for each base image; more than a function app tracks by far. */
const readersKept = 5000;

/** What is made once for each key. */
function keeper<T>(): (key: unknown[], make: () => T) => T {
  const kept = new Map<string, T>();
  return (key, make) => {
    const text = JSON.stringify(key);
    const known = kept.get(text);
    if (known) return known;
    if (kept.size >= readersKept) kept.clear();
    const made = make();
    kept.set(text, made);
    return made;
  };
}
