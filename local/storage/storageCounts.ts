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

/** Counts one request that is carried out, and what its answer returns once that was read. */
export function count(counts: StorageCounts, asked: Asked, answer: IncomingMessage): void {
  const add = (name: string, by = 1) => {
    counts[name] = (counts[name] ?? 0) + by;
  };
  const isRead = asked.method === 'GET' || asked.method === 'HEAD';
  const isTransaction = asked.path.split('?')[0]!.endsWith('/$batch');
  const isTake = asked.service === 'queue' && isRead && /\/messages\?/.test(asked.path);
  const isRows = asked.service === 'table' && isRead;
  if (isTake) whenRead(answer, (text) => add(text.includes('<QueueMessage>') ? 'queue get' : 'queue poll'));
  else if (asked.service === 'queue') add(asked.method === 'POST' ? 'queue put' : 'queue other');
  else if (isTransaction) {
    add('table transaction');
    add('table written', times('HTTP/1.1', asked.body.toString('latin1')));
  } else add(`${asked.service} ${isRead ? 'read' : 'write'}`);
  if (isRows) whenRead(answer, (text) => add('table entities', times('"RowKey"', text)));
}

const times = (what: string, text: string) => text.split(what).length - 1;

function whenRead(answer: IncomingMessage, then: (text: string) => void): void {
  const parts: Buffer[] = [];
  answer.on('data', (part: Buffer) => parts.push(part));
  answer.on('end', () => then(Buffer.concat(parts).toString('latin1')));
}
