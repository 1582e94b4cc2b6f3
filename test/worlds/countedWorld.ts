import { createTableStore } from '../../shared/adapters/storage/tableStore.ts';
import type { Decision, Push, PushProgress } from '../../shared/model/state.ts';
import { formatRunId } from '../../shared/names/runId.ts';
import type { StartMessage } from '../../shared/ports/queue.ts';
import type { Store, Write } from '../../shared/ports/store.ts';
import { sampleRun, sampleSettings, sampleState, sampleTask } from '../doubles/storeContract.ts';
import { createCountingTable } from './countingTable.ts';

const time = '2026-11-23T10:00:00.000Z';
const old = `sha256:${'a'.repeat(64)}`;
export const registry = 'appacr';

/** A store whose calls and rows are counted. */
export function countedStore(registries = [registry]) {
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  const tables = { main, edges, pushes };
  const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  const doorbells: StartMessage[] = [];
  const pushMessages: (Push | PushProgress)[] = [];
  const ports = {
    store,
    settings: {
      ...sampleSettings,
      registries: registries.map((name) => ({
        name,
        id: `/registries/${name}`,
        loginServer: `${name}.azurecr.io`,
        endpoint: `https://${name}`,
      })),
    },
    queue: {
      reach: async () => {},
      sendStart: async (rung: StartMessage[]) => void doorbells.push(...rung),
      sendPush: async (pushed: Push | PushProgress) => void pushMessages.push(pushed),
      sendFollow: async () => {},
    },
    registry: {
      contentsOf: async ({ digest }: { digest?: string }) => ({ contents: { '*': digest } }),
    } as never,
    seal: {} as never,
    vault: {} as never,
    clock: { now: () => new Date('2026-11-23T10:10:00.500Z') },
    log: () => {},
  };
  return {
    ports,
    doorbells,
    /** Messages by which pushes go on. */
    pushMessages,
    /** What an action costs: calls and rows read of each table. */
    async cost(action: () => Promise<unknown>) {
      for (const { calls } of Object.values(tables)) calls.length = 0;
      await action();
      return Object.fromEntries(
        Object.entries(tables).map(([name, { calls }]) => [
          name,
          { calls: calls.length, rows: calls.reduce((sum, { rows }) => sum + rows, 0) },
        ]),
      );
    },
    /** The same of all tables together, with the rows that it wrote. */
    async total(action: () => Promise<unknown>) {
      await this.cost(action);
      const all = Object.values(tables).flatMap(({ calls }) => calls);
      const sum = (of: 'rows' | 'written') => all.reduce((total, call) => total + call[of], 0);
      return { calls: all.length, read: sum('rows'), written: sum('written') };
    },
  };
}

export const push = (image: string): Decision['push'] => ({
  id: 'event-1',
  image,
  digest: `sha256:${'b'.repeat(64)}`,
  timestamp: '2026-11-23T10:10:00.000Z',
});

/** Tasks app-0, app-1 …, each built on what `baseOf` returns, of a registry that has had a run. */
export async function addTasks(
  store: Store,
  count: number,
  baseOf: (at: number) => string,
  withTask = false,
): Promise<void> {
  await store.takeRunNumbers(registry, 1);
  await addStates(store, count, baseOf, withTask);
  const none = { bases: [], outputs: [] };
  for (let at = 0; at < count; at++)
    await store.changeEdges({ registry, task: `app-${at}` }, { bases: [baseOf(at)], outputs: [] }, none);
}

/** The tasks without their edges. */
export async function addStates(
  store: Store,
  count: number,
  baseOf: (at: number) => string,
  withTask = false,
): Promise<void> {
  for (let at = 0; at < count; at += 50) {
    const writes: Write[] = [];
    for (let one = at; one < Math.min(count, at + 50); one++) {
      const bases = [{ image: baseOf(one), type: 'RunTime' as const, digest: old, pinnedAt: time }];
      writes.push({ put: 'state', value: { ...sampleState(registry, `app-${one}`), bases } });
      if (withTask) writes.push({ put: 'task', value: sampleTask(registry, `app-${one}`) });
    }
    await store.commit(registry, writes);
  }
}

export async function addRuns(store: Store, count: number) {
  for (let at = 1; at <= count; at += 100)
    await store.commit(
      registry,
      Array.from({ length: Math.min(100, count - at + 1) }, (_, one) => ({
        put: 'run' as const,
        value: { ...sampleRun(registry, formatRunId(registry, at + one)), status: 'Succeeded' as const },
      })),
    );
}
