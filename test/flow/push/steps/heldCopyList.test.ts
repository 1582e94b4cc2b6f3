import assert from 'node:assert/strict';
import { test } from 'uvu';
import { everyMinute } from '../../../../shared/flow/clock/everyMinute.ts';
import { heldNow } from '../../../../shared/flow/overall/held.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import { base, publicBase, runByHand } from '../../../worlds/diamondWorld.ts';
import {
  amd64,
  arm64,
  builtOn,
  pushIndex,
  say,
  verdictsOf,
  worldOf,
} from '../../../worlds/replay/copiesWorld.ts';
import { deliver } from '../../../worlds/replay/heldWorld.ts';
import { settle, settleWithoutRounds } from '../../../worlds/settle.ts';
import type { World } from '../../../worlds/world.ts';
import { callsOf, pushWorld, taskOn } from './pushWorld.ts';

const heldImages = async ({ ports }: World) => {
  const states = async () =>
    (await ports.store.states('mid1acr')).concat(await ports.store.states('mid2acr'));
  return (await heldNow(states, ports)).value.map(({ image, because, digest }) => [image, because, digest]);
};

/** Each: what happens after `publicBase` was named for a manifest that is quarantined, and whether `base` is held then. */
const rows: [what: string, happens: (world: World) => Promise<unknown>, isHeld: boolean][] = [
  ['nothing', async () => {}, false],
  [
    'a push of an index that holds it',
    async (world) => {
      pushIndex(world, amd64, arm64);
      assert.deepEqual(verdictsOf(await deliver(world)), ['held', 'held', 'held', 'held']);
    },
    true,
  ],
  [
    'one that holds it for one platform',
    async (world) => {
      pushIndex(world, arm64);
      assert.deepEqual(verdictsOf(await deliver(world)), ['started', 'started', 'started', 'held']);
    },
    true,
  ],
  [
    'one that is decided on in pages',
    async (world) => {
      world.ports.settings.dependentsAtOnce = 1;
      pushIndex(world, amd64, arm64);
      await deliver(world);
      await settleWithoutRounds(world);
    },
    true,
  ],
  [
    'one of which no event came, and a round',
    async (world) => {
      pushIndex(world, amd64, arm64);
      world.events.length = 0;
      world.pass(3600);
      await everyMinute(world.ports);
    },
    true,
  ],
  [
    'one of which no event came, and a run by hand',
    async (world) => {
      pushIndex(world, amd64, arm64);
      world.events.length = 0;
      await runByHand(world, 'mid1acr', 'mid1-task');
      await settleWithoutRounds(world);
    },
    true,
  ],
  [
    'one that holds it, and then one that does not',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await deliver(world);
      world.pass(60);
      pushIndex(world);
      await deliver(world);
    },
    false,
  ],
  [
    'one that holds it, and the release',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await deliver(world);
      assert.equal((await say(world, 'released', publicBase)).tasks.started, 4, 'at once');
    },
    false,
  ],
  [
    'one that holds it, the release, and the quarantine again before a run has started',
    async (world) => {
      pushIndex(world, amd64, arm64);
      await deliver(world);
      await say(world, 'released', publicBase);
      await say(world, 'quarantined', publicBase);
    },
    true,
  ],
];
for (const [what, happens, isHeld] of rows)
  test(`after ${what}, a base image is ${isHeld ? 'held' : 'not held'} by what is quarantined under another name`, async () => {
    const { world } = await worldOf();
    // The manifest is there by that name.
    await say(world, 'quarantined', publicBase);
    await settle(world);
    await happens(world);
    assert.deepEqual(await heldImages(world), isHeld ? [[base, 'quarantined', world.tags.get(base)]] : []);
  });

test('where tasks were notified of it and not built on it before the quarantine, it is held at once', async () => {
  const { world, first } = await worldOf();
  pushIndex(world, amd64, arm64);
  await deliver(world);
  await say(world, 'quarantined', publicBase);
  assert.deepEqual(await heldImages(world), [[base, 'quarantined', world.tags.get(base)]]);
  await settle(world);
  assert.deepEqual(await builtOn(world), [first, first, first, first]);
});

const digestAt = (at: number) => `sha256:${at.toString(16).padStart(64, '0')}`;
const imageAt = (at: number) => `baseacr.azurecr.io/copy${at}:1`;
const time = '2026-11-01T00:00:00.000Z';
const said: Judgement = {
  image: publicBase,
  digest: digestAt(0),
  verdict: 'quarantined',
  reason: 'CVE',
  time,
};

test('of a thousand base images of which tasks are not built on the newest digest, none is read for one quarantine', async () => {
  const images = Array.from({ length: 1000 }, (_, at) => imageAt(at));
  const states = images.map((image, at) => {
    const state = taskOn(`task${at}`, [image]);
    const newer = { digest: 'new', since: time, at: time };
    return { ...state, bases: state.bases.map((one) => ({ ...one, newer, notNewest: 'CVE' })) };
  });
  const world = await pushWorld([]);
  await world.ports.store.putJudgements({ judgements: [said] }, undefined);
  for (const image of images.slice(0, 3)) await world.ports.store.noteHeld(image);
  const calls = callsOf(world, 'sightings', 'judgements', 'scan', 'heldImages');
  await heldNow(async () => states, world.ports);
  const counts = ['judgements', 'scan', 'heldImages', 'sightings'].map(
    (name) => calls.filter((call) => call.name === name).length,
  );
  assert.deepEqual(counts, [1, 1, 1, 3]);
});

test.run();
