import assert from 'node:assert/strict';
import type { RoughOptions } from '../../../local/rough/rough.ts';
import type { RoughnessName } from '../../../local/rough/table.ts';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../../local/runEngine/types.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { hasEnded, type RunProperties, startWorld, type World } from '../whole/world.ts';

/** What a push came to: how the task's runs since then ended, oldest first, and how often the roughness was met. */
export interface Outcome {
  ended: string[];
  met: number;
  runs: RunProperties[];
}

export interface RoughWorld extends World {
  /**
   * Pushes the base of a task while Azure is rough in these ways alone, and waits until the task stands on it and no run
   * goes on; again with another image until the first of them was met, at most six times.
   */
  pushed(task: string, ...names: RoughnessName[]): Promise<Outcome>;
}

/** Seconds for a push to come to rest on a machine with more to do. */
const patience = 300;
const base = 'base/rough:1';
export const dockerfile = `FROM baseacr.azurecr.io/${base}\n`;

/** A stack whose builds take no time, and one task of each name that was built once while Azure was calm. */
export async function startRoughWorld(
  tasks: string[],
  rough: Partial<RoughOptions> = {},
  settings: Record<string, string> = {},
): Promise<RoughWorld> {
  let executor: Executor | undefined;
  const world = await startWorld({
    executor: (work) => {
      executor ??= instantExecutor(world.stack.tls.ca);
      return executor(work);
    },
    rough: { seed: 7, only: [], ...rough },
    eventTimeScale: 0.02,
    settings: { PLINTH_RECONCILE_MINUTES: '1', ...settings },
  });
  await world.pushBase(base, 'first');
  for (const task of tasks) await world.task(task, dockerfile);
  for (const task of tasks) assert.equal((await world.run(task)).status, 'Succeeded');
  let texts = 0;

  const atRest = (task: string, digest: string, known: Set<string>) =>
    eventually(`${task} on ${digest}`, patience, async () => {
      const runs = await world.runsOf(task);
      const newest = runs.find(({ status }: RunProperties) => status === 'Succeeded');
      const isThere = newest?.plinth?.baseImageDependencies?.some(
        (pin: RunProperties) => pin.digest === digest,
      );
      return (
        isThere &&
        runs.every(hasEnded) &&
        runs.filter(({ runId }: RunProperties) => !known.has(runId)).reverse()
      );
    });

  return {
    ...world,
    async pushed(task, ...names) {
      const { roughness } = world.stack;
      for (let tries = 1; ; tries++) {
        const known = new Set((await world.runsOf(task)).map(({ runId }) => runId));
        const before = roughness.counts()[names[0]!];
        roughness.only(...names);
        const digest = await world.pushBase(base, `text ${++texts}`);
        const runs = await atRest(task, digest, known).finally(() => roughness.only());
        const met = roughness.counts()[names[0]!] - before;
        if (met > 0 || tries === 6)
          return { ended: runs.map(({ status }: RunProperties) => status), met, runs };
      }
    },
  };
}
