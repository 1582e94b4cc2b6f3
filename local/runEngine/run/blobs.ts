import { randomUUID } from 'node:crypto';
import { type AppendBlobClient, BlobSASPermissions, BlobServiceClient } from '@azure/storage-blob';

const hour = 3_600_000;
const uploadLifetime = 4 * hour;
const logLifetime = 8 * hour;

/** Clocks of client and storage may differ. */
const startsOn = () => new Date(Date.now() - 5 * 60_000);

export const sourcePattern = /^source\/\d{12}\/[0-9a-f-]{36}\.tar\.gz$/;
const logName = (runId: string) => `logs/${runId}/rawtext.log`;

/** The part of a storage account that belongs to one registry: uploaded sources, and the logs of its runs. */
export interface RegistryBlobs {
  /** A SAS URL that takes one PUT of a tar.gz, and its name for scheduleRun. */
  uploadUrl(): Promise<{ uploadUrl: string; relativePath: string }>;
  /** The uploaded bytes, undefined when nothing was uploaded there. */
  readSource(relativePath: string, signal: AbortSignal): Promise<NodeJS.ReadableStream | undefined>;
  logBlob(runId: string): AppendBlobClient;
  logUrl(runId: string): Promise<string>;
}

const container = (connectionString: string, registry: string) =>
  BlobServiceClient.fromConnectionString(connectionString).getContainerClient(
    `acr-${registry.toLowerCase()}`,
  );

/**
 * Opens the blobs of a registry and makes their container.
 * @returns the blobs, and the ids of the runs that earlier engines began; logs they left open are completed
 */
export async function openRegistryBlobs(
  connectionString: string,
  registry: string,
): Promise<{ blobs: RegistryBlobs; earlier: string[] }> {
  const client = container(connectionString, registry);
  await client.createIfNotExists();
  const blobs: RegistryBlobs = {
    async uploadUrl() {
      const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
      const relativePath = `source/${day}0000/${randomUUID()}.tar.gz`;
      const uploadUrl = await client.getBlobClient(relativePath).generateSasUrl({
        permissions: BlobSASPermissions.parse('rcw'),
        startsOn: startsOn(),
        expiresOn: new Date(Date.now() + uploadLifetime),
      });
      return { uploadUrl, relativePath };
    },
    async readSource(relativePath, abortSignal) {
      try {
        const answer = await client.getBlobClient(relativePath).download(0, undefined, { abortSignal });
        return answer.readableStreamBody;
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined;
        throw error;
      }
    },
    logBlob: (runId) => client.getAppendBlobClient(logName(runId)),
    logUrl: (runId) =>
      client.getBlobClient(logName(runId)).generateSasUrl({
        permissions: BlobSASPermissions.parse('r'),
        startsOn: startsOn(),
        expiresOn: new Date(Date.now() + logLifetime),
      }),
  };
  const earlier: string[] = [];
  for await (const blob of client.listBlobsFlat({ prefix: 'logs/', includeMetadata: true })) {
    const runId = blob.name.split('/')[1]!;
    earlier.push(runId);
    const complete = Object.keys(blob.metadata ?? {}).some((key) => key.toLowerCase() === 'complete');
    // A client that still reads the log of a killed engine's run would wait for its end for ever.
    if (!complete) await client.getAppendBlobClient(blob.name).setMetadata({ Complete: 'internalerror' });
  }
  return { blobs, earlier };
}
