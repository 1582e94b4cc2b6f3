import assert from 'node:assert/strict';
import { test } from 'uvu';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { base, publicBase, runByHand } from '../../worlds/diamondWorld.ts';
import {
  amd64,
  arm64,
  badBase,
  endsOn,
  manifest,
  onBase,
  pushCopy,
  pushIndex,
  type Row,
  sayOf,
  verdictsOf,
} from '../../worlds/replay/copiesWorld.ts';
import { deliver, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { handling } from '../../worlds/workers.ts';
import { inject } from '../../worlds/world.ts';

const rows: Row[] = [
  [
    'the manifest of a quarantined index is pushed by itself',
    async (world) => {
      await sayOf(world, 'quarantined', pushIndex(world, amd64));
      await deliver(world);
      world.pass(60);
      world.push(base, manifest);
      assert.deepEqual(verdictsOf(await deliver(world)), ['held', 'held', 'held', 'held']);
    },
    [false, false, false, false],
  ],
  [
    'what is quarantined is pushed again with other annotations',
    async (world) => {
      pushCopy(world, await badBase(world));
      const decisions = await deliver(world);
      assert.deepEqual(verdictsOf(decisions), ['held', 'held', 'held', 'held']);
      assert.match(decisions[0]!.reason, /holds the same as sha256:\w{12}, which is quarantined: CVE-2026-1/);
    },
    [false, false, false, false],
  ],
  [
    'for one platform it is the same',
    async (world) => {
      pushCopy(world, await badBase(world), [arm64]);
      assert.deepEqual(verdictsOf(await deliver(world)), ['started', 'started', 'started', 'held']);
    },
    [true, true, true, false],
  ],
  [
    'a run by hand finds such a copy, of which no event came',
    async (world) => {
      pushCopy(world, await badBase(world));
      world.events.length = 0;
      for (const [registry, task] of onBase) await runByHand(world, registry, task);
    },
    [false, false, false, false],
  ],
  [
    'what tasks are built on is a copy of what another image is quarantined with',
    async (world) => {
      const bad = world.push(publicBase);
      pushCopy(world, bad);
      await settle(world);
      const { tasks } = await sayOf(world, 'quarantined', bad, publicBase);
      // app2-task for both.
      assert.equal(tasks.started + tasks.merged, 5);
    },
    [false, false, false, false],
  ],
  [
    'the newest of three copies is quarantined',
    async (world) => {
      const first = world.push(base);
      await deliver(world);
      pushCopy(world, first);
      await deliver(world);
      const last = pushCopy(world, first);
      await settle(world);
      assert.equal((await sayOf(world, 'quarantined', last)).tasks.started, 4);
    },
    [false, false, false, false],
  ],
  [
    'what was copied is released',
    async (world) => {
      const bad = await badBase(world);
      pushCopy(world, bad);
      await deliver(world);
      await hours(world, 2);
      assert.equal((await sayOf(world, 'released', bad)).tasks.started, 4);
    },
    [true, true, true, true],
  ],
  [
    'its registry answers only when it is said again',
    async (world) => {
      const bad = world.push(base);
      await deliver(world);
      await settle(world);
      world.trouble.registry = () => inject(new RegistryError('Unreachable', 'it does not answer'));
      await sayOf(world, 'quarantined', bad);
      delete world.trouble.registry;
      await settle(world);
      await sayOf(world, 'quarantined', bad);
      pushCopy(world, bad);
      assert.deepEqual(verdictsOf(await deliver(world)), ['held', 'held', 'held', 'held']);
    },
    [false, false, false, false],
  ],
  [
    'a copy is admitted while what it is a copy of is quarantined',
    async (world) => {
      const copy = pushCopy(world, await badBase(world));
      await deliver(world);
      await sayOf(world, 'admitted', copy);
    },
    [false, false, false, false],
  ],
  [
    'a copy is being built on when it is quarantined by another name',
    async (world) => {
      const bad = world.push(publicBase);
      pushCopy(world, bad);
      await deliver(world);
      for (const message of world.messages.splice(0)) await handling(message)(world.ports);
      await sayOf(world, 'quarantined', bad, publicBase);
    },
    [false, false, false, false],
  ],
  [
    'a run by hand finds that what tasks are built on is a copy, after the quarantine',
    async (world) => {
      const { contentsOf } = world.ports.registry;
      world.ports.registry.contentsOf = async () => ({ contents: {} });
      pushCopy(world, `${manifest.slice(0, -1)}0`);
      await settle(world);
      world.ports.registry.contentsOf = contentsOf;
      const other = 'docker.io/library/other:1';
      const { tasks } = await sayOf(world, 'quarantined', `${manifest.slice(0, -1)}0`, other);
      assert.equal(tasks.started, 0);
      await runByHand(world, 'mid1acr', 'mid1-task');
      await runByHand(world, 'mid1acr', 'arm-task');
      await settle(world);
      await hours(world, 2);
    },
    [false, false, false, false],
  ],
  [
    'what tasks are built on is a copy, of which the registry was never asked',
    async (world) => {
      const { contentsOf } = world.ports.registry;
      world.ports.registry.contentsOf = async () => ({ contents: {} });
      const bad = world.push(base);
      await deliver(world);
      pushCopy(world, bad);
      await settle(world);
      world.ports.registry.contentsOf = contentsOf;
      assert.equal((await sayOf(world, 'quarantined', bad)).tasks.started, 4);
    },
    [false, false, false, false],
  ],
];
for (const row of rows) test(`${row[0]}: nothing is built on it`, () => endsOn(row));

test.run();
