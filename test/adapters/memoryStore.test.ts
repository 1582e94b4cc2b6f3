import { testStore } from '../doubles/storeContract.ts';
import { createMemoryStore } from '../worlds/memoryStore.ts';

testStore('in memory', async () => createMemoryStore());
