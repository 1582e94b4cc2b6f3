import assert from 'node:assert/strict';
import { test } from 'uvu';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { base, diamondWorld, runByHand } from '../../worlds/diamondWorld.ts';
import { settleWithoutRounds } from '../../worlds/settle.ts';
import { seconds } from '../../worlds/workers.ts';
import type { World } from '../../worlds/world.ts';

const registry = 'mid1acr';
const task = 'mid1-task';
const made = `${registry}.azurecr.io/${task}:1`;

interface Row {
  title: string;
  /** Of which the registry does not know the digest, and what happens beside it. */
  missing: 'base' | 'image';
  /** Seconds after which it is there; never where it is not given. */
  comesAfter?: number;
  before?: (world: World) => unknown;
  meanwhile?: (world: World) => unknown;
  /** Within so many seconds the run ends, and as what. */
  within: number;
  status: 'Succeeded' | 'Failed';
}

const lag = 16 * 60;
const rows: Row[] = [
  {
    title: 'a base image comes to the replica',
    missing: 'base',
    comesAfter: 100,
    within: 200,
    status: 'Succeeded',
  },
  {
    title: 'the image comes to the replica',
    missing: 'image',
    comesAfter: 300,
    within: 400,
    status: 'Succeeded',
  },
  {
    title: 'the newest digest of the base image never comes',
    missing: 'base',
    within: lag,
    status: 'Failed',
  },
  { title: 'the image never comes', missing: 'image', within: lag, status: 'Failed' },
  {
    title: 'the base image was pushed again while it was built on, and the digest of before deleted',
    missing: 'base',
    meanwhile: (world) => world.push(base),
    within: 100,
    status: 'Failed',
  },
  {
    title: 'the base image goes back to an earlier digest, and the one that is built on is deleted',
    missing: 'base',
    meanwhile: (world) => world.push(base, world.moves.find(({ image }) => image === base)!.before),
    within: 100,
    status: 'Failed',
  },
  {
    title: 'the image was replaced by hand, and the digest of before deleted',
    missing: 'image',
    meanwhile(world) {
      world.pass(1);
      world.push(made, undefined, ['by hand']);
    },
    within: 100,
    status: 'Failed',
  },
  {
    title: 'the base image is an hour old, and deleted by hand',
    missing: 'base',
    before: (world) => world.pass(3600),
    within: 100,
    status: 'Failed',
  },
];

for (const { title, missing, comesAfter, before, meanwhile, within, status } of rows)
  test(`a run ends ${status} within ${within} s where ${title}`, async () => {
    const world = await diamondWorld();
    const digest = world.push(base);
    await settleWithoutRounds(world);
    before?.(world);
    const { runId } = await runByHand(world, registry, task);
    await seconds(world, 5);
    const { imagesOf } = world.ports.registry;
    const comesAt = world.now() + (comesAfter ?? Number.POSITIVE_INFINITY) * 1000;
    let refused = 0;
    world.ports.registry.imagesOf = async function* (reference, ...rest) {
      const isIt = missing === 'base' ? reference.digest === digest : reference.repository === task;
      if (isIt && world.now() < comesAt) {
        refused++;
        throw new RegistryError('NotFound', 'manifest unknown');
      }
      yield* imagesOf(reference, ...rest);
    };
    for (const build of world.builds) world.end(build, 'Succeeded');
    meanwhile?.(world);
    for (const event of world.events.splice(0)) await onPush(event, world.ports);
    await seconds(world, within);
    const run = (await world.ports.store.run(registry, runId))!.value;
    assert.ok(refused > 0, 'the registry was asked');
    assert.equal(run.status, status, `${run.runErrorMessage}, asked again at ${run.followAt}`);
    if (status === 'Failed') assert.match(run.runErrorMessage!, /manifest unknown/);
  });

test.run();
