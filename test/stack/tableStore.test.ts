import { TableClient } from '@azure/data-tables';
import { createTableStore } from '../../shared/adapters/tableStore.ts';
import { tables } from '../../shared/names.ts';
import { startAzurite } from '../../local/azurite.ts';
import { testStore } from '../storeContract.ts';

const azurite = await startAzurite({});
const table = async (name: string) => {
  const client = TableClient.fromConnectionString(azurite.connectionString, name, { allowInsecureConnection: true });
  await client.createTable();
  return client;
};

testStore('on Table Storage', async () =>
  createTableStore({ main: await table(tables.main), edges: await table(tables.edges), pushes: await table(tables.pushes) }),
);
