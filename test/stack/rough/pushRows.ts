import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { RoughOptions } from '../../../local/rough/rough.ts';
import { type RoughnessName, roughnesses } from '../../../local/rough/table.ts';
import { type RoughWorld, startRoughWorld } from './roughWorld.ts';

/** What a push comes to while Azure is rough in one way: how the runs ended that it made. */
export interface PushRow {
  name: RoughnessName;
  /** Of rows of a kind, the first stands for the others where not all are run. */
  kind?: string;
  becomes: string;
  ended: string[];
  /** What is done before the push, while it is rough already. */
  first?: (world: RoughWorld) => Promise<unknown>;
}

/** A suite of one stack: a test for each row, and those that are added to it. */
export function pushRows(
  title: string,
  rough: Partial<RoughOptions>,
  rows: readonly PushRow[],
  settings: Record<string, string> = {},
) {
  const test = suite(title);
  let world: RoughWorld;
  test.before(async () => {
    world = await startRoughWorld(['app-rough'], rough, settings);
  });
  test.after(() => world?.stack.stop());
  for (const { name, becomes, ended, first } of rows)
    test(`${name}: ${roughnesses[name].imitates} A push comes to ${becomes}.`, async () => {
      const before = world.stack.roughness.counts()[name];
      if (first) {
        world.stack.roughness.only(name);
        await first(world);
      }
      const outcome = await world.pushed('app-rough', name);
      const why = outcome.runs.map(({ runId, runErrorMessage }) => `${runId} ${runErrorMessage}`).join('; ');
      assert.deepEqual(outcome.ended, ended, why);
      assert.ok(world.stack.roughness.counts()[name] > before, `${name} was not met`);
    });
  return { test, world: () => world };
}
