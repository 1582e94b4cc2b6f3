import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { forecastJudgement } from '../../../shared/flow/push/forecastJudgement.ts';
import { base, publicBase, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import {
  amd64,
  arm64,
  endsOn,
  manifest,
  onBase,
  pushIndex,
  type Row,
  say,
  verdictsOf,
  worldOf,
} from '../../worlds/replay/copiesWorld.ts';
import { deliver } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';

const rows: Row[] = [
  [
    'an index that holds a quarantined manifest is pushed',
    async (world) => {
      await say(world, 'quarantined');
      pushIndex(world, amd64, arm64);
      const decisions = await deliver(world);
      assert.deepEqual(verdictsOf(decisions), ['held', 'held', 'held', 'held']);
      assert.match(decisions[0]!.reason, /holds sha256:eeeeeeeeeeee, which is quarantined: CVE-2026-1/);
    },
    [false, false, false, false],
  ],
  [
    'one that holds it for another platform',
    async (world) => {
      await say(world, 'quarantined');
      pushIndex(world, arm64);
      assert.deepEqual(verdictsOf(await deliver(world)), ['started', 'started', 'started', 'held']);
    },
    [true, true, true, false],
  ],
  [
    'the manifest of an index that tasks are built on is quarantined',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await settle(world);
      assert.equal((await say(world, 'quarantined')).tasks.started, 4);
    },
    [false, false, false, false],
  ],
  [
    'the manifest of one platform of it',
    async (world) => {
      pushIndex(world, amd64);
      await settle(world);
      assert.equal((await say(world, 'quarantined')).tasks.started, 3);
    },
    [false, false, false, true],
  ],
  [
    'the manifest, named by another image',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await settle(world);
      const { tasks, message } = await say(world, 'quarantined', 'docker.io/library/other:1');
      assert.deepEqual([tasks.started, message], [4, undefined]);
    },
    [false, false, false, false],
  ],
  [
    'the manifest of an index of which the registry was never asked',
    async (world) => {
      const { contentsOf } = world.ports.registry;
      world.ports.registry.contentsOf = async () => ({ contents: {} });
      pushIndex(world, amd64, arm64);
      await settle(world);
      world.ports.registry.contentsOf = contentsOf;
      assert.equal((await say(world, 'quarantined')).tasks.started, 4);
    },
    [false, false, false, false],
  ],
  [
    'a run by hand finds such an index, of which no event came',
    async (world) => {
      await say(world, 'quarantined');
      pushIndex(world, amd64, arm64);
      world.events.length = 0;
      for (const [registry, task] of onBase) await runByHand(world, registry, task);
    },
    [false, false, false, false],
  ],
  [
    'the manifest is released',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await settle(world);
      await say(world, 'quarantined');
      await settle(world);
      await say(world, 'released');
    },
    [true, true, true, true],
  ],
  [
    'the index is admitted while its manifest is quarantined',
    async (world) => {
      await say(world, 'quarantined');
      const digest = pushIndex(world, amd64, arm64);
      await deliver(world);
      const admitted = { image: base, digest, reason: 'by mistake' };
      await judge(registryOf(world, 'baseacr'), 'admitted', admitted, world.ports);
    },
    [false, false, false, false],
  ],
];
for (const row of rows) test(`${row[0]}: nothing is built on the manifest`, () => endsOn(row));

const planned: [what: string, platforms: string[], image: string][] = [
  ['all of an index', [amd64, arm64], base],
  ['a part of an index', [arm64], base],
  ['a part of an index, by another image', [amd64], publicBase],
];
for (const [what, platforms, image] of planned)
  test(`a plan says what the quarantine of ${what} then decides`, async () => {
    const { world } = await worldOf();
    pushIndex(world, ...platforms);
    await settle(world);
    const registry = registryOf(world, 'baseacr');
    const asked = { image, digest: manifest, verdict: 'quarantined' as const };
    const plan = await forecastJudgement(registry, asked, world.ports);
    const { tasks } = await say(world, 'quarantined', image);
    const direct = plan.waves.flatMap((wave) => wave.tasks).filter((task) => task.image === base);
    assert.equal(direct.length, tasks.started);
    assert.ok(direct.length > 0);
  });

for (const [what, platforms] of [
  ['holds no part that is quarantined', []],
  ['holds one for another platform', [arm64]],
] as const)
  test(`where six digests were seen, a run on an index that ${what} asks what one of them holds, once`, async () => {
    const { world } = await worldOf();
    for (let at = 0; at < 5; at++) {
      pushIndex(world, ...platforms);
      world.pass(60);
      await deliver(world);
    }
    await settle(world);
    const { sightings, putSightings } = world.ports.store;
    const { value, etag } = (await sightings(base))!;
    const unknown = value.digests.map(({ contents: _contents, manifests: _manifests, ...one }) => one);
    await putSightings({ ...value, digests: unknown }, etag);
    await say(world, 'quarantined', publicBase);
    await settle(world);
    const ofBase = value.digests.map(({ digest }) => digest);
    const askedBy = async (task: string) => {
      world.asked.length = 0;
      await runByHand(world, 'mid1acr', task);
      await settle(world);
      return world.asked.filter((digest) => ofBase.includes(digest)).length;
    };
    assert.deepEqual([await askedBy('mid1-task'), await askedBy('mid1-task')], [1, 0]);
    assert.equal(ofBase.length, 6);
  });

test.run();
