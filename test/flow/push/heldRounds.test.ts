import assert from 'node:assert/strict';
import { test } from 'uvu';
import { continuePush } from '../../../shared/flow/push/onPush.ts';
import { base, publicBase } from '../../worlds/diamondWorld.ts';
import {
  amd64,
  arm64,
  manifest,
  pushCopy,
  pushIndex,
  sayOf,
  worldOf,
} from '../../worlds/replay/copiesWorld.ts';
import { deliver, heldWorld, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import type { World } from '../../worlds/world.ts';

test('a public digest that was withdrawn while it was held is not built on, whatever comes after it', async () => {
  const world = await heldWorld({ images: 'docker.io/**', minimumAge: '3d' });
  const alpine = 'docker.io/library/alpine:1';
  const good = world.tags.get(alpine)!;
  const onAlpine = async () =>
    (await world.ports.store.state('mid2acr', 'app2-task'))!.value.built!.pins.find(
      ({ image }) => image === alpine,
    )!.digest;
  const bad = world.push(alpine);
  await hours(world, 3);
  world.push(alpine, good);
  await hours(world, 80);
  const next = world.push(alpine);
  await hours(world, 70);
  assert.equal(await onAlpine(), good);
  await hours(world, 4);
  assert.equal(await onAlpine(), next);
  assert.ok(world.builds.every(({ bases }) => bases.get(alpine) !== bad));
});

test('each round says how many tasks a registry is held for, and since when', async () => {
  const world = await heldWorld(
    { images: base, minimumAge: '3d' },
    { images: 'docker.io/**', pause: 'frozen' },
  );
  const told: unknown[] = [];
  world.ports.log = (_, message, facts) => void (message.startsWith('held edges') && told.push(facts));
  world.push(base);
  await deliver(world);
  await hours(world, 1);
  world.push(base);
  world.push('docker.io/library/alpine:1');
  await deliver(world);
  told.length = 0;
  await hours(world, 1);
  assert.deepEqual(told, [
    { registry: 'baseacr.azurecr.io', tasks: 3, seconds: 7200 },
    { registry: 'docker.io', tasks: 1, seconds: 0 },
  ]);
});

for (const isInPages of [false, true])
  test(`what was said of digests is read once for a push${isInPages ? ' and page' : ''}`, async () => {
    const world = await heldWorld();
    if (isInPages) world.ports.settings.dependentsAtOnce = 1;
    const { judgements, imageEdges } = world.ports.store;
    const reads = { judgements: 0, edges: 0 };
    world.ports.store.judgements = () => {
      reads.judgements++;
      return judgements();
    };
    world.ports.store.imageEdges = (...asked) => {
      reads.edges++;
      return imageEdges(...asked);
    };
    world.push(base);
    await deliver(world);
    for (const { queue, body } of world.messages.splice(0))
      if (queue === 'push' && 'push' in body) await continuePush(body, world.ports);
    assert.equal(reads.judgements, isInPages ? reads.edges : 1);
    assert.ok(reads.edges > (isInPages ? 3 : 0));
  });

const idle: [title: string, happens: (world: World, digest: string) => Promise<unknown>][] = [
  ['is quarantined', (world, digest) => sayOf(world, 'quarantined', digest)],
  ['is quarantined under another image', (world, digest) => sayOf(world, 'quarantined', digest, publicBase)],
  ['holds a manifest that is quarantined', (world) => sayOf(world, 'quarantined', manifest)],
  [
    'is quarantined while its registry does not say what it holds',
    async (world, digest) => {
      world.ports.registry.contentsOf = () => Promise.reject(new Error('busy'));
      await sayOf(world, 'quarantined', digest);
    },
  ],
  [
    'was quarantined and is released',
    async (world, digest) => {
      await sayOf(world, 'quarantined', digest);
      await settle(world);
      await sayOf(world, 'released', digest);
    },
  ],
  [
    'follows one that is quarantined',
    async (world, digest) => {
      await sayOf(world, 'quarantined', digest);
      world.pass(60);
      world.push(base);
    },
  ],
  [
    'is a copy of one that is quarantined',
    async (world, digest) => {
      await sayOf(world, 'quarantined', digest);
      pushCopy(world, digest);
    },
  ],
];
for (const [title, happens] of idle)
  test(`rounds decide once on a digest that ${title}, and write nothing after that`, async () => {
    const { world } = await worldOf();
    const digest = pushIndex(world, amd64, arm64);
    await deliver(world);
    await settle(world);
    await happens(world, digest);
    await settle(world);
    await hours(world, 2);
    const recorded: string[] = [];
    const { recordPush } = world.ports.store;
    world.ports.store.recordPush = (push, ...rest) => {
      recorded.push(push);
      return recordPush(push, ...rest);
    };
    await hours(world, 3);
    assert.deepEqual(recorded, []);
  });

test.run();
