import {
  ContainerRegistryContentClient,
  type ContainerRegistryContentClientOptions,
} from '@azure/container-registry';
import type { TokenCredential } from '@azure/identity';
import { identityProblem } from '../azureRegistry.ts';
import { formatImageRef, type ImageRef } from '../imageRef.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { type Registry, RegistryError, type RegistryLogin } from '../ports/registry.ts';
import { dockerHub } from '../registryHost.ts';
import { type AddressGuard, addressErrorIn } from './addressGuard.ts';
import { isIdentityBusy } from './identityToken.ts';
import { imagesOf, type ManifestReader } from './manifestReader.ts';
import { createOciReader, type OciReader } from './ociReader.ts';
import { retryAfterSeconds } from './retryAfter.ts';

/** The user name that goes with an ACR refresh token. */
const tokenUser = '00000000-0000-0000-0000-000000000000';
const acrScope = 'https://containerregistry.azure.net/.default';
const answerWithinMs = 30_000;
/** A refresh token is good for three hours. */
const exchangedForMs = 3_600_000;
/** One for each base image; more than a function app tracks by far. */
const readersKept = 5000;

type AdditionalPolicyConfig = NonNullable<
  ContainerRegistryContentClientOptions['additionalPolicies']
>[number];
type OciLogin = Exclude<RegistryLogin, { kind: 'identity' }>;

export interface AcrRegistryOptions {
  registries: KnownRegistry[];
  /** The credential of a managed identity; without a client id the app's own. */
  credential: (clientId?: string) => TokenCredential;
  /** Tasks name hosts, and registries name others: of token servers, of blobs. */
  guard: AddressGuard;
}

/** Registries: Azure's by their SDK as a managed identity, any by the OCI API with a password or as nobody. */
export function createAcrRegistry({ registries, credential, guard }: AcrRegistryOptions): Registry {
  const clients = new Map<string, ContainerRegistryContentClient>();
  const readers = new Map<string, OciReader>();
  const exchanged = new Map<string, { password: string; until: number }>();

  const endpointOf = (loginServer: string) =>
    registries.find((known) => known.loginServer === loginServer)?.endpoint ??
    `https://${loginServer === dockerHub ? 'registry-1.docker.io' : loginServer}`;

  /** A token for Azure's registries, all of them, goes to no other host. @throws RegistryError */
  function mayHaveIdentity(loginServer: string): void {
    const problem = identityProblem(loginServer, registries);
    if (problem) throw new RegistryError('Invalid', problem);
  }

  /** Each request of the SDK, those after redirects too, goes out by the agent that looks at addresses. */
  const guarded: AdditionalPolicyConfig = {
    position: 'perCall',
    policy: {
      name: 'addressGuard',
      sendRequest(request, next) {
        request.agent = guard.agent;
        return next(request);
      },
    },
  };

  /** ACR's token exchange, where the registry may have the token. */
  async function exchange(loginServer: string, clientId: string | undefined): Promise<string> {
    mayHaveIdentity(loginServer);
    return refreshToken(loginServer, endpointOf(loginServer), credential(clientId), guard.fetch);
  }

  function asIdentity(image: ImageRef, clientId: string | undefined): ManifestReader {
    const key = JSON.stringify([image.registry, image.repository, clientId]);
    let client = clients.get(key);
    if (!client) {
      mayHaveIdentity(image.registry);
      // Faults are retried by the queue, with patience; here they would hold a worker.
      const options = { retryOptions: { maxRetries: 1 }, additionalPolicies: [guarded] };
      client = new ContainerRegistryContentClient(
        endpointOf(image.registry),
        image.repository,
        credential(clientId),
        options,
      );
      clients.set(key, client);
    }
    const sdk = client;
    return {
      manifest: (reference) =>
        asked(image, async () => {
          const { digest, manifest } = await sdk.getManifest(reference);
          return { digest, body: manifest };
        }),
      blob: (digest) =>
        asked(image, async () => {
          const { content } = await sdk.downloadBlob(digest);
          const parts: Buffer[] = [];
          for await (const part of content) parts.push(Buffer.from(part));
          return JSON.parse(Buffer.concat(parts).toString()) as unknown;
        }),
    };
  }

  function reader(image: ImageRef, login: RegistryLogin): ManifestReader | OciReader {
    return login.kind === 'identity' ? asIdentity(image, login.clientId) : headReader(image, login);
  }

  /** Kept, as it knows its token: the next question to the same repository is one request. */
  function headReader(image: ImageRef, login: OciLogin): OciReader {
    const key = JSON.stringify([image.registry, image.repository, login]);
    let reader = readers.get(key);
    if (!reader) {
      if (readers.size >= readersKept) readers.clear();
      const name = `${image.registry}/${image.repository}`;
      reader = createOciReader(endpointOf(image.registry), image.repository, login, name, guard.fetch);
      readers.set(key, reader);
    }
    return reader;
  }

  /** The SDK has no HEAD; the identity's exchanged token is a password with which there is one. */
  async function headAsIdentity(image: ImageRef, reference: string, clientId: string | undefined) {
    const key = JSON.stringify([image.registry, clientId]);
    let token = exchanged.get(key);
    if (!token || token.until < Date.now()) {
      const password = await exchange(image.registry, clientId);
      token = { password, until: Date.now() + exchangedForMs };
      exchanged.set(key, token);
    }
    const login = { kind: 'password', userName: tokenUser, password: token.password } as const;
    try {
      return await headReader(image, login).digest(reference);
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== 'Unauthorized') throw error;
      // The next question comes with a new token: a role may have been given or taken.
      exchanged.delete(key);
      throw roleMissing(image.registry, error);
    }
  }

  return {
    async digestOf(image, login) {
      const reference = image.digest ?? image.tag ?? 'latest';
      if (login.kind === 'identity') return headAsIdentity(image, reference, login.clientId);
      return headReader(image, login).digest(reference);
    },
    async *imagesOf(image, login, like) {
      const reference = image.digest ?? image.tag ?? 'latest';
      yield* imagesOf(formatImageRef(image), reference, like, reader(image, login));
    },
    async pullPassword(loginServer, login) {
      if (login.kind === 'anonymous') return undefined;
      if (login.kind === 'password') return { userName: login.userName, password: login.password };
      const password = await exchange(loginServer, login.clientId);
      return { userName: tokenUser, password };
    },
  };
}

/** ACR's token exchange: the identity's Entra token for a refresh token of the registry, good for three hours. */
async function refreshToken(
  loginServer: string,
  endpoint: string,
  credential: TokenCredential,
  fetch: typeof globalThis.fetch,
): Promise<string> {
  const token = await identityToken(loginServer, credential);
  const form = new URLSearchParams({ grant_type: 'access_token', service: loginServer, access_token: token });
  let response: Response;
  try {
    response = await fetch(`${endpoint}/oauth2/exchange`, {
      method: 'POST',
      body: form,
      redirect: 'manual',
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } catch (cause) {
    const refused = addressErrorIn(cause);
    if (refused) throw new RegistryError('Invalid', refused.message, { cause });
    throw new RegistryError('Unreachable', `${loginServer} does not answer`, { cause });
  }
  if (response.status === 401 || response.status === 403) throw roleMissing(loginServer);
  if (!response.ok)
    throw new RegistryError('Unreachable', `${loginServer}: token exchange answered ${response.status}`);
  const answer = (await response.json().catch(() => undefined)) as { refresh_token?: string } | undefined;
  if (answer?.refresh_token) return answer.refresh_token;
  throw new RegistryError('Unreachable', `${loginServer}: token exchange answered without a token`);
}

async function identityToken(loginServer: string, credential: TokenCredential): Promise<string> {
  try {
    const token = await credential.getToken(acrScope);
    if (token) return token.token;
  } catch (cause) {
    throw identityFault(loginServer, cause);
  }
  throw identityFault(loginServer, undefined);
}

const identityFault = (what: string, cause: unknown) =>
  new RegistryError(
    isIdentityBusy(cause) ? 'Unreachable' : 'Unauthorized',
    `The managed identity for ${what} gave no token. Is it assigned to the function app? (${(cause as Error)?.message ?? 'no answer'})`,
    { cause },
  );

/** ACR answers a missing role with 401 after the exchange, not with 403. */
const roleMissing = (name: string, cause?: unknown) =>
  new RegistryError(
    'Unauthorized',
    `The identity may not pull from ${name}. Assign it the role AcrPull on that registry (Container Registry Repository Reader where the registry uses ABAC).`,
    { cause },
  );

async function asked<T>(image: ImageRef, ask: () => Promise<T>): Promise<T | undefined> {
  const name = `${image.registry}/${image.repository}`;
  try {
    return await ask();
  } catch (error) {
    const refused = addressErrorIn(error);
    if (refused) throw new RegistryError('Invalid', refused.message, { cause: error });
    const { statusCode, response, name: kind, message } = error as SdkError;
    if (statusCode === 404) return undefined;
    if (statusCode === 401 || statusCode === 403) throw roleMissing(name, error);
    if (statusCode === 429) {
      const retryAfter = retryAfterSeconds(response?.headers?.get('retry-after'));
      throw new RegistryError('TooManyRequests', `${name}: the registry asks to slow down`, {
        cause: error,
        ...(retryAfter && { retryAfter }),
      });
    }
    if (/^(CredentialUnavailable|Authentication|AggregateAuthentication)/.test(kind ?? ''))
      throw identityFault(name, error);
    throw new RegistryError('Unreachable', `${name} does not answer as a registry (${message})`, {
      cause: error,
    });
  }
}

interface SdkError {
  statusCode?: number;
  name?: string;
  message: string;
  response?: { headers?: { get(name: string): string | undefined } };
}
