import { type Azurite, startAzurite } from '../../../local/storage/azurite.ts';
import { provisionStorage } from '../../../local/storage/provision.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { tables } from '../../../shared/names/azureNames.ts';
import { testStore } from '../../doubles/storeContract.ts';
import { tableClient } from './storage.ts';

let azurite: Azurite;

testStore(
  'on Table Storage',
  async () => {
    azurite = await startAzurite();
    await provisionStorage(azurite.connectionString);
    const table = (name: string) => tableClient(azurite.connectionString, name);
    return createTableStore({
      main: table(tables.main),
      edges: table(tables.edges),
      pushes: table(tables.pushes),
    });
  },
  () => azurite.stop(),
);
