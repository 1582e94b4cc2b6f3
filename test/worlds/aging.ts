import { pruneRuns } from '../../shared/flow/clock/pruneRuns.ts';
import type { Run } from '../../shared/model/run.ts';
import { newScan } from '../../shared/model/scan.ts';
import { without } from '../../shared/model/without.ts';
import { formatRunId } from '../../shared/names/runId.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import { sampleRun } from '../doubles/storeContract.ts';
import { countedStore, registry } from './countedWorld.ts';

const dayMs = 86_400_000;
const start = Date.parse('2026-11-23T10:10:00.500Z');

/** A store whose clock goes on, with the chores that end rows. */
export function aging() {
  const { ports, cost } = countedStore();
  const { store } = ports;
  let now = start;
  const flow = { ...ports, clock: { now: () => new Date(now) } } as unknown as Ports;
  return {
    store,
    cost,
    flow,
    pass: (days: number) => {
      now += days * dayMs;
    },
    ago: (days: number) => new Date(now - days * dayMs).toISOString(),
    watch: async () => (await store.scan())?.value ?? newScan,
    async sweep() {
      const before = (await store.scan())?.value ?? newScan;
      return pruneRuns(flow, before);
    },
    /** Passes until a day's work is done; gives how many that were. */
    async wholeSweep() {
      for (let passes = 1; ; passes++) {
        await this.sweep();
        if ((await this.watch()).sweeps![registry]!.before === undefined) return passes;
      }
    },
    async ids() {
      const ids: string[] = [];
      for await (const { runId } of store.runs(registry)) ids.push(runId);
      return ids;
    },
  };
}
export type Aging = ReturnType<typeof aging>;

/** A run's id by its number. */
export const id = (number: number) => formatRunId(registry, number);
/** A run of task1 that ended so many days ago. */
export function ended({ ago }: Aging, number: number, days: number, change: Partial<Run> = {}): Run {
  const time = ago(days);
  return {
    ...sampleRun(registry, id(number), 'task1'),
    ...{ status: 'Succeeded', createTime: time, lastUpdatedTime: time, finishTime: time },
    ...change,
  };
}
/** One that belongs to no task. */
export const ofNoTask = (run: Run): Run => without(run, 'task');
/** Writes runs that are new. */
export const putRuns = ({ store }: Aging, ...runs: Run[]) =>
  store.commit(
    registry,
    runs.map((value) => ({ put: 'run', value })),
  );
