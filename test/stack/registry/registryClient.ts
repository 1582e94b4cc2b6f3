/**
 * Uses a registry as the product does, in a process whose environment is as App Service makes it: `@azure/identity` finds
 * the identity endpoint there, and node the authority. Reads attempts from standard input, writes what came of each.
 */
import { text } from 'node:stream/consumers';
import { ContainerRegistryClient, ContainerRegistryContentClient } from '@azure/container-registry';
import { DefaultAzureCredential } from '@azure/identity';

export interface Attempt {
  endpoint: string;
  does: 'pull' | 'push';
  repository: string;
  tag: string;
  /** Absent: the system-assigned identity. */
  clientId?: string;
  anonymous?: boolean;
  audience?: string;
}
/** `done`, the HTTP status of the refusal, or the error's name where there was no answer. */
export type Outcome = 'done' | number | string;

async function attempt({
  endpoint,
  does,
  repository,
  tag,
  clientId,
  anonymous,
  audience,
}: Attempt): Promise<Outcome> {
  const options = { retryOptions: { maxRetries: 0 }, ...(audience ? { audience } : {}) };
  const credential = new DefaultAzureCredential(clientId ? { managedIdentityClientId: clientId } : {});
  const client = new ContainerRegistryContentClient(endpoint, repository, credential, options);
  try {
    // the content client has no anonymous form
    if (anonymous)
      await new ContainerRegistryClient(endpoint, options).getArtifact(repository, tag).getTagProperties(tag);
    else if (does === 'pull') await client.getManifest(tag);
    else await push(client, tag);
    return 'done';
  } catch (error) {
    const { statusCode, name } = error as { statusCode?: number; name: string };
    return statusCode ?? name;
  }
}

async function push(client: ContainerRegistryContentClient, tag: string): Promise<void> {
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
  const { digest, sizeInBytes } = await client.uploadBlob(Buffer.from(JSON.stringify(config)));
  await client.setManifest(
    {
      schemaVersion: 2,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: sizeInBytes },
      layers: [],
    },
    { tag },
  );
}

const attempts: Attempt[] = JSON.parse(await text(process.stdin));
const outcomes: Outcome[] = [];
for (const one of attempts) outcomes.push(await attempt(one));
console.log(JSON.stringify(outcomes));
