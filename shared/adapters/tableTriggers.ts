import { odata, type TableClient, TableTransaction } from '@azure/data-tables';
import type { z } from 'zod';
import { TaskState } from '../model/state.ts';
import { type Delivery, Webhook } from '../model/webhook.ts';
import type { Store, Stored } from '../ports/store.ts';
import { fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';

type Row = Record<string, unknown> & { etag: string; rowKey: string };
type TriggerReads = Pick<
  Store,
  'statesWithTimers' | 'webhook' | 'webhooks' | 'dueWebhooks' | 'delivery' | 'forgetDeliveries'
>;

/** Entities in one transaction. */
const atOnce = 100;

export const webhookColumns = (webhook: Webhook) => ({
  rowKey: keys.webhookRow(webhook.task, webhook.trigger),
  // A column of its own, so that the service can pick those that are due.
  ...(webhook.nextAttempt && { nextAttempt: webhook.nextAttempt }),
  ...toProperties(`webhook of ${webhook.task}`, webhook),
});

export const deliveryColumns = ({ task, trigger, key, runId, time }: Delivery) => ({
  rowKey: keys.deliveryRow(task, trigger, key),
  runId,
  time,
});

/** The part of the Store that timers and webhooks need. */
export function triggerReads(
  main: TableClient,
  found: <T>(reading: Promise<T>) => Promise<T | undefined>,
): TriggerReads {
  /** The rows of a range that the service picks by one more condition. */
  async function rows(registry: string, prefix: string, condition?: string): Promise<Row[]> {
    const { from, to } = keys.rowRange(prefix);
    const partition = keys.registryPartition(registry);
    const range = odata`PartitionKey eq ${partition} and RowKey ge ${from} and RowKey lt ${to}`;
    const filter = condition ? `${range} and ${condition}` : range;
    const all: Row[] = [];
    for await (const page of main.listEntities<Row>({ queryOptions: { filter } }).byPage())
      all.push(...(page as Row[]));
    return all;
  }
  const read = <T>(schema: z.ZodType<T>, row: Row): Stored<T> => ({
    value: fromProperties(schema, row),
    etag: row.etag,
  });

  return {
    statesWithTimers: async (registry) =>
      (await rows(registry, 'state', 'timers eq true')).map((row) => read(TaskState, row)),
    async webhook(registry, task, trigger) {
      const row = await found(
        main.getEntity<Row>(keys.registryPartition(registry), keys.webhookRow(task, trigger)),
      );
      return row && read(Webhook, row as Row);
    },
    webhooks: async (registry, task) =>
      (await rows(registry, keys.webhookPrefix(task))).map((row) => read(Webhook, row)),
    dueWebhooks: async (registry, now) =>
      (await rows(registry, keys.webhookPrefix(), odata`nextAttempt le ${now.toISOString()}`)).map((row) =>
        read(Webhook, row),
      ),
    async delivery(registry, task, trigger, key) {
      const row = await found(
        main.getEntity<Row>(keys.registryPartition(registry), keys.deliveryRow(task, trigger, key)),
      );
      return row && String(row.runId);
    },
    async forgetDeliveries(registry, before) {
      const old = await rows(registry, keys.deliveryPrefix, odata`time lt ${before.toISOString()}`);
      for (let at = 0; at < old.length; at += atOnce) {
        const transaction = new TableTransaction();
        for (const { rowKey } of old.slice(at, at + atOnce))
          transaction.deleteEntity(keys.registryPartition(registry), rowKey);
        await main.submitTransaction(transaction.actions);
      }
    },
  };
}
