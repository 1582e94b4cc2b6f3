import type { TableClient } from '@azure/data-tables';
import { z } from 'zod';
import type { QueueEntry, Waiter } from '../../model/state.ts';
import type { QueueQuery } from '../../ports/store.ts';
import { columnsVersion, hasOtherVersion } from './tableDocument.ts';
import * as keys from './tableKeys.ts';
import { type Row, range, removeAll } from './tableRows.ts';

/** The places of a registry's queue, in the order of their keys. */
export async function* places(
  main: TableClient,
  registry: string,
  { waiting, top }: QueueQuery = {},
): AsyncIterable<QueueEntry> {
  const bounds = waiting === undefined ? keys.rowRange('place') : keys.placeRange(waiting);
  let left = top ?? Number.POSITIVE_INFINITY;
  if (left <= 0) return;
  for await (const row of range(main, keys.registryPartition(registry), bounds, top)) {
    const place = readPlace(registry, row);
    if (!place) continue;
    yield place;
    if (--left <= 0) return;
  }
}

export async function waiters(main: TableClient, registry: string, awaited?: string): Promise<Waiter[]> {
  const found: Waiter[] = [];
  const bounds = keys.rowRange(keys.waiterPrefix(awaited));
  for await (const row of range(main, keys.registryPartition(registry), bounds)) {
    const waiter = hasOtherVersion(row) ? undefined : keys.readWaiterRow(registry, String(row.rowKey));
    if (waiter) found.push(waiter);
  }
  return found;
}

export const forgetWaiters = (main: TableClient, registry: string, gone: Waiter[]): Promise<void> =>
  removeAll(
    main,
    gone.map((waiter) => ({
      partitionKey: keys.registryPartition(registry),
      rowKey: keys.waiterRow(waiter),
    })),
  );

export const placeColumns = ({ runId, automatic, waitsFor }: QueueEntry) => ({
  ...columnsVersion,
  runId,
  automatic,
  ...(waitsFor && { waitsFor: JSON.stringify(waitsFor) }),
});

/**
 * The key says which run it is and how it stands: without its columns a place can be read and removed all the same. One of a
 * newer version is left to that version.
 */
function readPlace(registry: string, row: Row): QueueEntry | undefined {
  const { rowKey, automatic, waitsFor } = row;
  const key = keys.readPlaceRow(registry, String(rowKey));
  if (!key || hasOtherVersion(row)) return undefined;
  const { runId, waits } = key;
  return {
    registry,
    runId,
    automatic: waits ? automatic === true : key.automatic,
    ...(waits && { waitsFor: typeof waitsFor === 'string' ? readRuns(waitsFor) : [] }),
  };
}

/** Where it cannot be read what it waits for, it waits for something: the clock sends messages for it. */
function readRuns(waitsFor: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(waitsFor));
  } catch {
    return [];
  }
}
