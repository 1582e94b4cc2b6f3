import { TableClient } from '@azure/data-tables';

/** A table of Azurite's. */
export const tableClient = (connectionString: string, name: string) =>
  TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
