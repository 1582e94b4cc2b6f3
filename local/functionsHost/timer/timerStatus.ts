import { ManagedIdentityCredential } from '@azure/identity';
import { BlobServiceClient, type BlockBlobClient } from '@azure/storage-blob';
import type { Connection } from '../settings.ts';

/** .NET's first moment, which stands for none: 1 January of the year 1. */
export const never = new Date('0001-01-01T00:00:00Z');

/** A moment as .NET writes it: without a fraction where that is nought. */
export const dotNetTime = (time: Date) => time.toISOString().replace('.000Z', 'Z');

/** When a timer last ran and when it is due; `last` is `never` before its first run. */
export interface TimerStatus {
  last: Date;
  next: Date;
  lastUpdated: Date;
}

/** Where timers keep their status, so that a restart does not lose an occurrence. */
export interface TimerStatusStore {
  read(functionName: string): Promise<TimerStatus | undefined>;
  write(functionName: string, status: TimerStatus): Promise<void>;
}

/**
 * Keeps them where the real host does: blobs `timers/local/Host.Functions.NAME/status` of the container
 * `azure-webjobs-hosts`, JSON with Last, Next and LastUpdated.
 * @param connection AzureWebJobsStorage
 */
export function blobTimerStatus(connection: Connection): TimerStatusStore {
  const service =
    'endpoint' in connection
      ? new BlobServiceClient(
          connection.endpoint,
          new ManagedIdentityCredential({ clientId: connection.clientId }),
        )
      : BlobServiceClient.fromConnectionString(connection.connectionString);
  const container = service.getContainerClient('azure-webjobs-hosts');
  const blob = (functionName: string): BlockBlobClient =>
    container.getBlockBlobClient(`timers/local/Host.Functions.${functionName}/status`);
  return {
    async read(functionName) {
      try {
        const { Last, Next, LastUpdated } = JSON.parse(
          (await blob(functionName).downloadToBuffer()).toString(),
        );
        return { last: new Date(Last), next: new Date(Next), lastUpdated: new Date(LastUpdated) };
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined;
        throw error;
      }
    },
    async write(functionName, { last, next, lastUpdated }) {
      const text = JSON.stringify({
        Last: dotNetTime(last),
        Next: dotNetTime(next),
        LastUpdated: dotNetTime(lastUpdated),
      });
      const write = () => blob(functionName).upload(text, Buffer.byteLength(text));
      try {
        await write();
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        await container.createIfNotExists();
        await write();
      }
    },
  };
}
