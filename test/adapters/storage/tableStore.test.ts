import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { testStore } from '../../doubles/storeContract.ts';
import { createCountingTable } from '../../worlds/countingTable.ts';

testStore('in tables in memory', async () =>
  createTableStore({
    main: createCountingTable().client,
    edges: createCountingTable().client,
    pushes: createCountingTable().client,
  }),
);
