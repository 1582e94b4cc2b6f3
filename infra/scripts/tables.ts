/**
 * Saves the tables to a file and brings them back: Table Storage has no backup of its own. The file holds a row a line,
 * with secrets sealed as they are stored: it is worth nothing without the sealing key.
 *
 *   npm run tables -- save FILE TABLE_ENDPOINT      for example https://stdata….table.core.windows.net
 *   npm run tables -- restore FILE TABLE_ENDPOINT   replaces rows of the same key and leaves others; stop the app first
 *
 * Needs Storage Table Data Reader, or Contributor to restore, for the user signed in to az. A connection string in
 * PlinthStorage is used instead where there is one.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { TableClient } from '@azure/data-tables';
import { DefaultAzureCredential } from '@azure/identity';
import { storageConnection, tables } from '../../shared/names/azureNames.ts';
import { asCommand } from './asCommand.ts';

const [action, file, endpoint] = process.argv.slice(2);
const connectionString = process.env[storageConnection];
if (!file || !(endpoint || connectionString) || (action !== 'save' && action !== 'restore')) {
  console.error('usage: npm run tables -- save|restore FILE TABLE_ENDPOINT');
  process.exit(2);
}

const client = (table: string) =>
  connectionString
    ? TableClient.fromConnectionString(connectionString, table, { allowInsecureConnection: true })
    : new TableClient(endpoint!, table, new DefaultAzureCredential());

interface Row {
  partitionKey: string;
  rowKey: string;
}

let rows = 0;

async function* linesOfTables() {
  for (const table of Object.values(tables))
    for await (const { etag: _, timestamp: __, ...row } of client(table).listEntities<Row>()) {
      rows += 1;
      yield `${JSON.stringify({ table, row: withoutMetadata(row) })}\n`;
    }
}

const withoutMetadata = (row: object) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('odata.')));

function readLine(line: string, from: string): { table: string; row: Row } {
  try {
    return JSON.parse(line);
  } catch {
    throw new Error(
      `${from} is not what save wrote: row ${rows + 1} is no JSON. What came before is restored.`,
    );
  }
}

async function restore(from: string) {
  const clients = new Map(
    Object.values(tables).map((table): [string, TableClient] => [table, client(table)]),
  );
  for (const target of clients.values()) await target.createTable();
  for await (const line of createInterface({ input: createReadStream(from) })) {
    const { table, row } = readLine(line, from);
    const target = clients.get(table);
    if (!target) throw new Error(`${from} has rows of ${table}, which is no table of Plinth.`);
    await target.upsertEntity(row, 'Replace');
    rows += 1;
  }
}

/** A file of that name is a whole backup: what is written so far has another until all is there. */
async function save(to: string) {
  const partial = `${to}.partial`;
  try {
    await pipeline(linesOfTables(), createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

await asCommand(`The tables were not ${action === 'save' ? 'saved' : 'restored'}`, async () => {
  await (action === 'save' ? save(file) : restore(file));
  console.log(`${rows} rows ${action === 'save' ? `saved to ${file}` : `restored from ${file}`}.`);
});
