import { TableClient } from '@azure/data-tables';
import type { Stack } from '../../../local/stack.ts';
import { createTableStore } from '../../../shared/adapters/storage/tableStore.ts';
import { tables } from '../../../shared/names/azureNames.ts';
import type { Store } from '../../../shared/ports/store.ts';

/** The store of a running stack, for tests that must write what no request can. */
export function storeOf({ azurite }: Stack): Store {
  const table = (name: string) =>
    TableClient.fromConnectionString(azurite.connectionString, name, { allowInsecureConnection: true });
  return createTableStore({
    main: table(tables.main),
    edges: table(tables.edges),
    pushes: table(tables.pushes),
  });
}
