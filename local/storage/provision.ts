import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { queues, tables } from '../../shared/names/azureNames.ts';

/** Makes the tables and queues that infra/ makes in Azure. May be done again. */
export async function provisionStorage(connectionString: string): Promise<void> {
  const table = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  await Promise.all([
    ...Object.values(tables).map((name) => table(name).createTable()),
    ...Object.values(queues)
      .flatMap((name) => [name, `${name}-poison`])
      .map((name) => new QueueClient(connectionString, name).createIfNotExists()),
  ]);
}
