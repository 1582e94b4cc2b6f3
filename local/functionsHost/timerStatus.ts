import { BlobServiceClient, type BlockBlobClient } from '@azure/storage-blob';

/** When a timer last ran and when it is due; `last` is 1970 before its first run. */
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
 * @param connectionString AzureWebJobsStorage
 */
export function blobTimerStatus(connectionString: string): TimerStatusStore {
  const container =
    BlobServiceClient.fromConnectionString(connectionString).getContainerClient('azure-webjobs-hosts');
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
      const text = JSON.stringify({ Last: last, Next: next, LastUpdated: lastUpdated });
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
