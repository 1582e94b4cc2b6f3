import type { IncomingMessage } from 'node:http';

/**
 * What an account was asked for, as it is billed and bounded: `table read`, `table write`, `table transaction`; with
 * `table entities` how many rows reads returned and with `table written` how many a transaction wrote; `queue poll` a
 * look that found nothing, `queue get`, `queue put`, `queue other` (delete, renew); `blob read`, `blob write`.
 */
export type StorageCounts = Record<string, number>;

interface Asked {
  service: 'blob' | 'queue' | 'table';
  method: string;
  path: string;
  body: Buffer;
}

/** Counts one request, and what its answer returns once that was read. */
export function count(counts: StorageCounts, asked: Asked, answer: IncomingMessage): void {
  const add = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const isRead = asked.method === 'GET' || asked.method === 'HEAD';
  const isTransaction = asked.path.split('?')[0]!.endsWith('/$batch');
  const isTake = asked.service === 'queue' && isRead && /\/messages\?/.test(asked.path);
  const parts: Buffer[] = [];
  answer.on('data', (part: Buffer) => parts.push(part));
  answer.on('end', () => {
    const times = (what: string) => Buffer.concat(parts).toString('latin1').split(what).length - 1;
    if (isTake) return add(times('<QueueMessage>') > 0 ? 'queue get' : 'queue poll');
    if (asked.service === 'queue') return add(asked.method === 'POST' ? 'queue put' : 'queue other');
    if (isTransaction) {
      add('table written', asked.body.toString('latin1').split('HTTP/1.1').length - 1);
      return add('table transaction');
    }
    if (asked.service === 'table' && isRead) add('table entities', times('"RowKey"'));
    add(`${asked.service} ${isRead ? 'read' : 'write'}`);
  });
}
