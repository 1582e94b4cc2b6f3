// Tier: long, the calls of minutes at rest are counted.
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { assumed } from '../../../infra/cost.ts';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../../local/runEngine/types.ts';
import type { StorageCounts } from '../../../local/storage/storageCounts.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import type { Store } from '../../../shared/ports/store.ts';
import { startWorld, type World } from '../whole/world.ts';
import { storeOf } from './stackStore.ts';

let world: World;
let store: Store;
test.before(async () => {
  let executor: Executor | undefined;
  world = await startWorld({
    executor: async (work) => {
      executor ??= instantExecutor(world.stack.tls.ca);
      return executor(work);
    },
  });
  store = storeOf(world.stack);
});
test.after(() => world?.stack.stop());

/** Read beside the account's front, so that looking costs nothing that is counted. */
async function succeeded(): Promise<number> {
  let count = 0;
  for await (const { status } of store.runs('appacr', { atOnce: 1000 })) {
    assert.ok(status !== 'Failed' && status !== 'Error', status);
    if (status === 'Succeeded') count++;
  }
  return count;
}

const untilSucceeded = (builds: number) =>
  eventually(`${builds} builds`, 240, async () => (await succeeded()) >= builds);

/** Tasks that were each built once. @param bases of each task by its name */
async function built(bases: Record<string, string[]>): Promise<void> {
  const build = async ([name, images]: [string, string[]]) => {
    const dockerfile = images.map((image) => `FROM ${image}\n`).join('');
    await world.task(name, dockerfile, { step: { imageNames: [`${name}:1`] } });
    await world.queue(name);
  };
  const before = await succeeded();
  const [first, ...others] = Object.entries(bases) as [[string, string[]], ...[string, string[]][]];
  await build(first);
  // The others may be built on the first.
  await untilSucceeded(before + 1);
  await Promise.all(others.map(build));
  await untilSucceeded(before + 1 + others.length);
  await world.quiet();
}

/** What the app asks of its account from a push until so many builds have succeeded. */
async function costOf(image: string, builds: number): Promise<StorageCounts> {
  const wanted = (await succeeded()) + builds;
  const before = world.stack.storageCounts();
  await world.pushBase(image, `text ${wanted}`);
  await untilSucceeded(wanted);
  const after = world.stack.storageCounts();
  assert.equal(await succeeded(), wanted);
  return Object.fromEntries(
    Object.keys(after).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)] as const),
  );
}

const app = (at: number) => `cost-app${at}`;
const rows: [
  title: string,
  base: string,
  tasks: (base: string) => Record<string, string[]>,
  builds: number,
][] = [
  [
    'ten on the base image',
    'base/ten:1',
    (base) => Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`ten-${app(at)}`, [base]])),
    10,
  ],
  [
    '40 that wait for one run',
    'base/forty:1',
    (base) => ({
      'cost-mid': [base],
      ...Object.fromEntries(
        Array.from({ length: 40 }, (_, at) => [app(at), ['appacr.azurecr.io/cost-mid:1', base]]),
      ),
    }),
    41,
  ],
];
// Ten builds on top for the push itself. How often a run is asked for depends on how long its build takes.
for (const [title, image, tasks, builds] of rows)
  test(`a push with dependents, ${title}: a build is no more calls of storage than docs/cost.md assumes`, async () => {
    await world.pushBase(image, 'first');
    await built(tasks(`baseacr.azurecr.io/${image}`));
    const cost = await costOf(image, builds);
    console.log(`${title}: ${JSON.stringify(cost)}`);
    const of = (...names: string[]) =>
      names.reduce((sum, name) => sum + (cost[name] ?? 0), 0) / (builds + 10);
    const table = of('table read', 'table write', 'table transaction');
    const queue = of('queue get', 'queue put', 'queue other');
    assert.ok(table <= assumed.tablePerBuild, `${table} calls of tables`);
    assert.ok(queue <= assumed.queuePerBuild, `${queue} calls of queues`);
  });

test.run();
