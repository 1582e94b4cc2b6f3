import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import type { Edges, Standing, TaskKey } from '../ports/store.ts';
import { dependentRow, imagePartition, producerRow, readEdgeRow } from './tableKeys.ts';

/** Everybody who has to do with an image: one partition. */
export async function standing(table: TableClient, image: string): Promise<Standing> {
  const filter = odata`PartitionKey eq ${imagePartition(image)}`;
  const found: Standing = { dependents: [], producers: [] };
  const pages = table
    .listEntities<{ rowKey: string }>({ queryOptions: { filter, select: ['RowKey'] } })
    .byPage();
  for await (const page of pages) {
    for (const { rowKey } of page) {
      const { kind, registry, task } = readEdgeRow(rowKey);
      found[kind === 'producer' ? 'producers' : 'dependents'].push({ registry, task });
    }
  }
  return found;
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
    transaction.upsertEntity({ partitionKey, rowKey }, 'Replace');
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
