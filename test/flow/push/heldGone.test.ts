import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { base, diamond, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { deliver, heldWorld, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const [mid1] = diamond as [(typeof diamond)[number]];
const quarantine = (world: World, digest: string) =>
  judge(
    registryOf(world, 'baseacr'),
    'quarantined',
    { image: base, digest, reason: 'CVE-2026-1' },
    world.ports,
  );
const byHand = async (world: World) => {
  await runByHand(world, mid1.registry, mid1.name);
  await settle(world);
};

/** A digest is pushed and built on; then its tag is deleted. */
async function pushedAndGone(world: World): Promise<string> {
  const pushed = world.push(base);
  await deliver(world);
  await settle(world);
  world.tags.delete(base);
  return pushed;
}

/** What happens to a world that is built on a first digest, and what its newest run then is: its base, or its error. */
const rows: [what: string, happens: (world: World) => Promise<unknown>, expected: 'first' | RegExp][] = [
  ['the newest is quarantined', async (world) => quarantine(world, await pushedAndGone(world)), 'first'],
  [
    'the newest is quarantined before it is built on',
    async (world) => {
      const pushed = world.push(base);
      await deliver(world);
      world.tags.delete(base);
      await quarantine(world, pushed);
    },
    'first',
  ],
  [
    'a run by hand comes after the quarantine',
    async (world) => {
      await quarantine(world, await pushedAndGone(world));
      await settle(world);
      await byHand(world);
    },
    'first',
  ],
  [
    'the newest is too young',
    async (world) => {
      world.ports.settings.policies = [{ images: base, minimumAge: '3d' }];
      await pushedAndGone(world);
      await byHand(world);
    },
    'first',
  ],
  [
    'a round comes',
    async (world) => {
      await quarantine(world, await pushedAndGone(world));
      await hours(world, 3);
    },
    'first',
  ],
  [
    'nothing is held',
    async (world) => {
      await pushedAndGone(world);
      await byHand(world);
    },
    /does not exist. Is the name right, and was it pushed\?/,
  ],
  [
    'the older ones are gone too',
    async (world) => {
      const bad = await pushedAndGone(world);
      const { digestOf } = world.ports.registry;
      world.ports.registry.digestOf = async (reference, login) =>
        reference.digest ? undefined : digestOf(reference, login);
      await quarantine(world, bad);
    },
    /is quarantined: CVE-2026-1. There is no other digest to build on/,
  ],
  [
    'all are quarantined',
    async (world) => {
      const first = world.tags.get(base)!;
      const bad = await pushedAndGone(world);
      await quarantine(world, first);
      await quarantine(world, bad);
      await byHand(world);
    },
    /is quarantined: CVE-2026-1. There is no other digest to build on/,
  ],
];
for (const [what, happens, expected] of rows)
  test(`a tag is deleted, and ${what}`, async () => {
    const world = await heldWorld();
    const first = world.tags.get(base)!;
    await happens(world);
    await settle(world);
    const { pins, runErrorMessage = '' } = (await runsOf(world, mid1.registry)).at(-1)!;
    if (expected === 'first') assert.equal(pins?.[0]?.digest, first, runErrorMessage);
    else assert.match(runErrorMessage, expected);
  });

test.run();
