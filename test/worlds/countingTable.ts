import { RestError, type TableClient, type TransactionAction } from '@azure/data-tables';

type Entity = { partitionKey: string; rowKey: string } & Record<string, unknown>;

/** What one call asked for, and how many rows the service read for it. */
export interface Call {
  kind: 'point' | 'range' | 'write' | 'transaction';
  rows: number;
  /** Rows that it wrote or removed. */
  written: number;
}

/** Table Storage gives at most 1,000 rows in one answer. */
const maxRowsAtOnce = 1000;

/**
 * A table in memory behind the SDK's own interface, as far as the store uses it: each call and each row read is counted,
 * so that 100,000 rows say what they would cost without being served.
 */
export function createCountingTable() {
  const partitions = new Map<string, { rows: Map<string, Entity>; sorted: string[] | undefined }>();
  const calls: Call[] = [];
  let version = 0;
  const partition = (key: string) => {
    const found = partitions.get(key) ?? { rows: new Map<string, Entity>(), sorted: undefined };
    partitions.set(key, found);
    return found;
  };
  const read = ({ partitionKey, rowKey }: Entity) => partition(partitionKey).rows.get(rowKey);
  const put = (entity: Entity) => {
    const { rows } = partition(entity.partitionKey);
    if (!rows.has(entity.rowKey)) partition(entity.partitionKey).sorted = undefined;
    rows.set(entity.rowKey, { ...entity, etag: `"${++version}"` });
  };
  const remove = ({ partitionKey, rowKey }: Entity) => {
    if (partition(partitionKey).rows.delete(rowKey)) partition(partitionKey).sorted = undefined;
  };
  const refuse = (statusCode: number, words = `status ${statusCode}`) => {
    throw new RestError(words, { statusCode });
  };
  /** `place`: of a transaction's part, whose number the service says. */
  const check = (kind: string, entity: Entity, etag?: string, place?: number) => {
    const found = read(entity);
    const words = place === undefined ? undefined : `${place}:The condition is not satisfied.`;
    if (kind === 'create' && found) refuse(409, words);
    if ((kind === 'update' || kind === 'delete') && !found) refuse(404, words);
    if (etag !== undefined && etag !== '*' && found?.etag !== etag) refuse(412, words);
  };

  async function* pages(filter: string, size: number): AsyncGenerator<Entity[]> {
    const value = (pattern: RegExp) => pattern.exec(filter)?.[1]?.replaceAll("''", "'");
    const within = partition(value(/PartitionKey eq '((?:[^']|'')*)'/)!);
    within.sorted ??= [...within.rows.keys()].sort();
    // What is written while the pages are read does not move them.
    const { sorted } = within;
    const task = value(/\btask eq '((?:[^']|'')*)'/);
    const status = value(/status ne '((?:[^']|'')*)'/);
    const time = value(/time lt '((?:[^']|'')*)'/);
    const isTimed = filter.includes('timers eq true');
    const due = value(/nextAttempt le '((?:[^']|'')*)'/);
    const isWanted = (row: Entity) =>
      (task === undefined || row.task === task) &&
      (status === undefined || row.status === undefined || row.status === status) &&
      (!isTimed || row.timers === true) &&
      (time === undefined || String(row.time) < time) &&
      (due === undefined || (row.nextAttempt !== undefined && String(row.nextAttempt) <= due));
    const [ge, gt] = [value(/RowKey ge '((?:[^']|'')*)'/), value(/RowKey gt '((?:[^']|'')*)'/)];
    const le = value(/RowKey le '((?:[^']|'')*)'/);
    const to = le === undefined ? value(/RowKey lt '((?:[^']|'')*)'/) : `${le}\u0000`;
    let at = firstAt(sorted, (key) => (ge !== undefined ? key >= ge : gt !== undefined ? key > gt : true));
    for (;;) {
      const page: Entity[] = [];
      let rows = 0;
      for (; at < sorted.length && page.length < size; at++) {
        const key = sorted[at]!;
        if (to !== undefined && key >= to) at = sorted.length - 1;
        else {
          rows++;
          const row = within.rows.get(key);
          if (row && isWanted(row)) page.push(row);
        }
      }
      calls.push({ kind: 'range', rows, written: 0 });
      yield page;
      const next = sorted[at];
      if (next === undefined || (to !== undefined && next >= to)) return;
    }
  }

  const client = {
    async getEntity(partitionKey: string, rowKey: string) {
      const found = read({ partitionKey, rowKey });
      calls.push({ kind: 'point', rows: found ? 1 : 0, written: 0 });
      return found ?? refuse(404);
    },
    listEntities({ queryOptions }: { queryOptions: { filter: string } }) {
      const byPage = ({ maxPageSize = maxRowsAtOnce } = {}) => pages(queryOptions.filter, maxPageSize);
      return {
        byPage,
        async *[Symbol.asyncIterator]() {
          for await (const page of byPage()) yield* page;
        },
      };
    },
    async createEntity(entity: Entity) {
      calls.push({ kind: 'write', rows: 0, written: 1 });
      check('create', entity);
      put(entity);
    },
    async updateEntity(entity: Entity, _: string, { etag }: { etag?: string } = {}) {
      calls.push({ kind: 'write', rows: 0, written: 1 });
      check('update', entity, etag);
      put(entity);
    },
    async upsertEntity(entity: Entity) {
      calls.push({ kind: 'write', rows: 0, written: 1 });
      put(entity);
    },
    async deleteEntity(partitionKey: string, rowKey: string, { etag }: { etag?: string } = {}) {
      calls.push({ kind: 'write', rows: 0, written: 1 });
      check('delete', { partitionKey, rowKey }, etag);
      remove({ partitionKey, rowKey });
    },
    async submitTransaction(actions: TransactionAction[]) {
      calls.push({ kind: 'transaction', rows: 0, written: actions.length });
      if (actions.length > 100) refuse(400);
      for (const [place, [kind, entity, , options]] of actions.entries())
        check(kind, entity as Entity, (options as { etag?: string } | undefined)?.etag, place);
      for (const [kind, entity] of actions) {
        if (kind === 'delete') remove(entity as Entity);
        else put(entity as Entity);
      }
    },
  };
  return {
    client: client as unknown as TableClient,
    calls,
    /** A row as it is, under the test's hand. */
    row: (partitionKey: string, rowKey: string) => read({ partitionKey, rowKey }),
    keys: (partitionKey: string) => [...partition(partitionKey).rows.keys()].sort(),
    partitions: () => [...partitions.keys()],
    change: (partitionKey: string, rowKey: string, columns: Record<string, unknown>) =>
      put({ ...read({ partitionKey, rowKey }), ...columns, partitionKey, rowKey }),
  };
}

/** The first place whose key fits, of keys in order. */
function firstAt(sorted: string[], fits: (key: string) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fits(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
