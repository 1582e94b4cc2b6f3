import type { StorageFate } from '../storage/storageFront.ts';
import { createBucket, type Rough } from './rough.ts';

/** Entities a second that one partition takes. */
const partitionPace = 2000;

/** What becomes of the requests of an account under load. */
export function roughStorage(rough: Rough): StorageFate {
  const partitions = new Map<string, (cost: number) => number>();
  const isPartitionBusy = (path: string, body: Buffer) => {
    const written = writtenBy(path, body);
    if (!written || !rough.isOn('partitionBusy')) return false;
    const take =
      partitions.get(written.partition) ?? createBucket(rough.pace(partitionPace), rough.pace(partitionPace));
    partitions.set(written.partition, take);
    if (take(written.entities) === 0) return false;
    rough.count('partitionBusy');
    return true;
  };
  return (service, { method, path, body }) => {
    if (service === 'blob') return 'pass';
    // Of a queue only taking messages is a GET that changes something.
    const takes =
      service === 'queue' && method === 'GET' && /\/messages\?/.test(path) && !/peekonly/.test(path);
    if (takes && rough.meets('messageStuck')) return 'lost';
    if (rough.meets('storageBusy')) return 'busy';
    if (method === 'GET' || method === 'HEAD') return 'pass';
    if (service === 'table' && isPartitionBusy(path, body)) return 'busy';
    if (rough.meets('storageTimedOut')) return 'timedOut';
    return rough.meets('storageAnswerLost') ? 'lost' : 'pass';
  };
}

/** The partition that a write of a table is for, and how many entities it writes. */
function writtenBy(path: string, body: Buffer): { partition: string; entities: number } | undefined {
  const text = path.includes('$batch') ? body.toString('utf8') : decodeURIComponent(path);
  const table = /\/(\w+)\(PartitionKey/.exec(decodeURIComponent(text))?.[1] ?? '';
  const key =
    /PartitionKey='([^']*)'/.exec(text)?.[1] ?? /"PartitionKey":"([^"]*)"/.exec(body.toString('utf8'))?.[1];
  if (key === undefined) return undefined;
  const entities = path.includes('$batch') ? text.split(/^(?:POST|PUT|PATCH|MERGE|DELETE) /m).length - 1 : 1;
  return { partition: `${table}/${key}`, entities };
}
