import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';

const template = join(import.meta.dirname, '../../infra/group.bicep');

/** The names in a list of the template: what the app uses beside them is not there, as in Azure. */
function namesIn(list: 'tables' | 'queues'): string[] {
  const text = new RegExp(`\\b${list}: \\[([^\\]]+)\\]`).exec(readFileSync(template, 'utf8'))?.[1];
  const names = [...(text ?? '').matchAll(/'([^']+)'/g)].map(([, name]) => name!);
  if (names.length === 0) throw new Error(`${template} names no ${list}`);
  return names;
}

/** Makes the tables and queues that infra/ makes in Azure. May be done again. */
export async function provisionStorage(connectionString: string): Promise<void> {
  const table = (name: string) =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  await Promise.all([
    ...namesIn('tables').map((name) => table(name).createTable()),
    ...namesIn('queues').map((name) => new QueueClient(connectionString, name).createIfNotExists()),
  ]);
}
