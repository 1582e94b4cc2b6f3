import { odata, type TableClient } from '@azure/data-tables';
import type { z } from 'zod';
import { TaskState } from '../../model/state.ts';
import { type Delivery, Webhook } from '../../model/webhook.ts';
import type { Store, Stored, Unread } from '../../ports/store.ts';
import { columnsVersion, fromProperties, toProperties } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { pages, readable, removeAll } from './tableRows.ts';

type Row = Record<string, unknown> & { etag: string; rowKey: string };
type TriggerReads = Pick<
  Store,
  'statesWithTimers' | 'webhook' | 'webhooks' | 'dueWebhooks' | 'delivery' | 'forgetDeliveries'
>;

export const webhookColumns = (webhook: Webhook) => ({
  rowKey: keys.webhookRow(webhook.task, webhook.trigger),
  // A column of its own, so that the service can pick those that are due.
  ...(webhook.nextAttempt && { nextAttempt: webhook.nextAttempt }),
  ...toProperties(`webhook of ${webhook.task}`, webhook),
});

export const deliveryColumns = ({ task, trigger, key, runId, time }: Delivery) => ({
  rowKey: keys.deliveryRow(task, trigger, key),
  ...columnsVersion,
  runId,
  time,
});

/** The part of the Store that timers and webhooks need. */
export function triggerReads(
  main: TableClient,
  found: <T>(reading: Promise<T>) => Promise<T | undefined>,
): TriggerReads {
  /** The rows of a range that the service picks by one more condition. */
  function rows(registry: string, prefix: string, condition?: string, top?: number): AsyncIterable<Row> {
    const { from, to } = keys.rowRange(prefix);
    const partition = keys.registryPartition(registry);
    const range = odata`PartitionKey eq ${partition} and RowKey ge ${from} and RowKey lt ${to}`;
    return pages(main, condition ? `${range} and ${condition}` : range, top) as AsyncIterable<Row>;
  }
  const read = <T>(schema: z.ZodType<T>, row: Row): Stored<T> => ({
    value: fromProperties(schema, row),
    etag: row.etag,
  });
  async function readAll<T>(schema: z.ZodType<T>, found: AsyncIterable<Row>, unread?: Unread) {
    const all: Stored<T>[] = [];
    for await (const value of readable(found, (row) => read(schema, row), unread)) all.push(value);
    return all;
  }

  return {
    statesWithTimers: (registry) => readAll(TaskState, rows(registry, 'state', 'timers eq true')),
    async webhook(registry, task, trigger) {
      const row = await found(
        main.getEntity<Row>(keys.registryPartition(registry), keys.webhookRow(task, trigger)),
      );
      return row && read(Webhook, row as Row);
    },
    webhooks: (registry, task) => readAll(Webhook, rows(registry, keys.webhookPrefix(task))),
    dueWebhooks: (registry, now, unread) =>
      readAll(
        Webhook,
        rows(registry, keys.webhookPrefix(), odata`nextAttempt le ${now.toISOString()}`),
        unread,
      ),
    async delivery(registry, task, trigger, key) {
      const row = await found(
        main.getEntity<Row>(keys.registryPartition(registry), keys.deliveryRow(task, trigger, key)),
      );
      return row && String(row.runId);
    },
    async forgetDeliveries(registry, before, top) {
      const old: { partitionKey: string; rowKey: string }[] = [];
      for await (const { rowKey } of rows(
        registry,
        keys.deliveryPrefix,
        odata`time lt ${before.toISOString()}`,
        top,
      )) {
        old.push({ partitionKey: keys.registryPartition(registry), rowKey });
        if (old.length === top) break;
      }
      await removeAll(main, old);
      return old.length;
    },
  };
}
