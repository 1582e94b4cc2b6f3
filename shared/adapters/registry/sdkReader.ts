import { ContainerRegistryContentClient } from '@azure/container-registry';
import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { RegistryError } from '../../ports/registry.ts';
import type { AddressGuard } from '../http/addressGuard.ts';
import { faultOf, jsonOf } from '../http/ask.ts';
import { bodyBytes } from '../http/boundedBody.ts';
import { readBounded, sentBy } from '../http/sdkAnswers.ts';
import type { ManifestReader } from './manifestReader.ts';
import { busy, registryFault } from './registryFault.ts';

interface SdkReaderOptions {
  endpoint: string;
  repository: string;
  /** Whose errors are RegistryErrors. */
  credential: TokenCredential;
  /** Of the repository, as errors call it. */
  name: string;
  agent: AddressGuard['agent'];
  /** That the identity may not pull from it. */
  refused(cause: unknown): RegistryError;
}

/** Reads a repository of Azure as a managed identity, by Azure's SDK. @throws RegistryError from every read */
export function createSdkReader({
  endpoint,
  repository,
  credential,
  name,
  agent,
  refused,
}: SdkReaderOptions): ManifestReader {
  const sdk = new ContainerRegistryContentClient(endpoint, repository, credential, {
    // Faults are retried by the queue, with patience; here they would hold a worker.
    retryOptions: { maxRetries: 1 },
    additionalPolicies: [
      { position: 'perCall', policy: { name: 'addressGuard', sendRequest: sentBy(agent) } },
      {
        position: 'perRetry',
        policy: {
          name: 'boundedAnswers',
          async sendRequest(request, next) {
            const response = await readBounded(request, next);
            const later = busy(name, response);
            // The SDK would sleep for as long as the registry asks, and hold a worker.
            if (later?.retryAfter) throw later;
            return response;
          },
        },
      },
    ],
  });
  return {
    manifest: (reference) =>
      asked({ name, refused }, async () => {
        const { digest, manifest } = await sdk.getManifest(reference);
        return { digest, body: manifest };
      }),
    blob: (digest) =>
      asked({ name, refused }, async () => {
        const { content } = await sdk.downloadBlob(digest);
        const bytes = await bodyBytes({ body: content as AsyncIterable<Buffer> });
        return jsonOf(bytes, z.unknown(), registryFault(name));
      }),
  };
}

async function asked<T>(
  { name, refused }: Pick<SdkReaderOptions, 'name' | 'refused'>,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    const { statusCode, response } = error as SdkError;
    if (statusCode === 404) return undefined;
    if (statusCode === 401 || statusCode === 403) throw refused(error);
    if (statusCode === 429 && response) throw busy(name, response);
    throw registryFault(name)(faultOf(error, 'it does not answer as a registry'));
  }
}

interface SdkError {
  statusCode?: number;
  response?: Parameters<typeof busy>[1];
}
