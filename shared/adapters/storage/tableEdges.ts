import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import { Sightings } from '../../model/bases/sightings.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Edges, ImageEdges, Paging, Stored } from '../../ports/store.ts';
import { columnsVersion, toProperties } from './tableDocument.ts';
import {
  dependentRow,
  imagePartition,
  producerRow,
  readEdgeRow,
  rowRange,
  sightingsRow,
} from './tableKeys.ts';
import { conflicts, type Row, range, readableOr, found as rowFound } from './tableRows.ts';

/** All dependents and producers of an image, or a part of them: one partition. */
export async function imageEdges(
  table: TableClient,
  image: string,
  { after, top }: Partial<Paging> = {},
): Promise<ImageEdges> {
  const partition = odata`PartitionKey eq ${imagePartition(image)}`;
  const filter = after === undefined ? partition : `${partition} and ${odata`RowKey gt ${after}`}`;
  const found: ImageEdges = { dependents: [], producers: [] };
  // What was seen fits the first property; an edge has its key only.
  const select = ['RowKey', 'version', 'json0'];
  const pages = table
    .listEntities<Row & { rowKey: string }>({ queryOptions: { filter, select } })
    .byPage(top === undefined ? {} : { maxPageSize: top });
  for await (const page of pages) {
    for (const row of page) {
      const { rowKey } = row;
      if (rowKey === sightingsRow) {
        found.sightings = sightingsIn(image, row);
        continue;
      }
      const { kind, registry, task } = readEdgeRow(rowKey);
      found[kind === 'producer' ? 'producers' : 'dependents'].push({ registry, task });
    }
    const isLast = top === undefined || (page.length < top && !page.continuationToken);
    const last = page.at(-1)?.rowKey;
    if (!isLast && last !== undefined) return { ...found, next: last };
  }
  return found;
}

/** Who makes an image; its dependents, which may be many, are not read. */
export async function producers(table: TableClient, image: string): Promise<TaskKey[]> {
  const found: TaskKey[] = [];
  for await (const { rowKey } of range(table, imagePartition(image), rowRange('producer'))) {
    const { registry, task } = readEdgeRow(String(rowKey));
    found.push({ registry, task });
  }
  return found;
}

/** The digests that an image was seen with. */
export async function sightings(table: TableClient, image: string): Promise<Stored<Sightings> | undefined> {
  const row = await rowFound(table.getEntity<Row>(imagePartition(image), sightingsRow));
  return row && sightingsIn(image, row);
}

/** @throws ConflictError */
export async function putSightings(
  table: TableClient,
  value: Sightings,
  etag: string | undefined,
): Promise<void> {
  const what = `what was seen of ${value.image}`;
  const keys = { partitionKey: imagePartition(value.image), rowKey: sightingsRow };
  const entity = { ...keys, ...toProperties(what, value) };
  await conflicts(
    `writing ${what}`,
    etag === undefined ? table.createEntity(entity) : table.updateEntity(entity, 'Replace', { etag }),
  );
}

/** A row that cannot be read counts as none: the next look replaces it. */
function sightingsIn(image: string, row: Row): Stored<Sightings> {
  return { value: readableOr(Sightings, row, { image, digests: [] }), etag: row.etag! };
}

/** Writes and removes the edges of one task; each image is another partition, so one after the other, repeatable. */
export async function changeEdges(
  table: TableClient,
  task: TaskKey,
  add: Edges,
  remove: Edges,
): Promise<void> {
  const dependent = dependentRow(task.registry, task.task);
  const producer = producerRow(task.registry, task.task);
  const changes = new Map<string, TableTransaction>();
  const change = (image: string) => {
    const partitionKey = imagePartition(image);
    let transaction = changes.get(partitionKey);
    if (!transaction) {
      transaction = new TableTransaction();
      changes.set(partitionKey, transaction);
    }
    return { partitionKey, transaction };
  };
  const put = (image: string, rowKey: string) => {
    const { partitionKey, transaction } = change(image);
    transaction.upsertEntity({ partitionKey, rowKey, ...columnsVersion }, 'Replace');
  };
  for (const image of add.bases) put(image, dependent);
  for (const image of add.outputs) put(image, producer);
  for (const transaction of changes.values()) await table.submitTransaction(transaction.actions);

  const gone = [
    ...remove.bases.map((image) => ({ image, rowKey: dependent })),
    ...remove.outputs.map((image) => ({ image, rowKey: producer })),
  ];
  // The SDK takes a missing row for deleted.
  await Promise.all(
    gone.map(({ image, rowKey }) => table.deleteEntity(imagePartition(image), rowKey).catch(ignoreMissing)),
  );
}

function ignoreMissing(error: { statusCode?: number }): void {
  if (error.statusCode !== 404) throw error;
}
