import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { forecastJudgement } from '../../../shared/flow/push/forecastJudgement.ts';
import type { Judgement } from '../../../shared/model/bases/policy.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { base, publicBase, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { deliver, heldWorld, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import type { World } from '../../worlds/world.ts';

const manifest = `sha256:${'e'.repeat(64)}`;
const amd64 = 'linux/amd64';
const arm64 = 'linux/arm64';
/** Of mid1-task, mid2-task and app2-task, all for linux/amd64, and one for linux/arm64. */
const onBase = [
  ['mid1acr', 'mid1-task'],
  ['mid2acr', 'mid2-task'],
  ['mid2acr', 'app2-task'],
  ['mid1acr', 'arm-task'],
] as const;

/** The diamond, and a task for arm64, all built on one base image. */
async function worldOf(): Promise<{ world: World; first: string }> {
  const world = await heldWorld();
  const task = world.task('arm-task', [base]);
  task.properties.platform = { os: 'Linux', architecture: 'arm64' };
  await putTask(registryOf(world, 'mid1acr'), 'arm-task', task, world.ports);
  await runByHand(world, 'mid1acr', 'arm-task');
  await settle(world);
  return { world, first: world.tags.get(base)! };
}

/** Pushes an index that holds the manifest for some platforms. */
function pushIndex(world: World, ...platforms: string[]): string {
  const pushed = world.push(base);
  const of = (platform: string) => (platforms.includes(platform) ? manifest : `${pushed}-${platform}`);
  world.manifests.set(pushed, { [amd64]: [of(amd64)], [arm64]: [of(arm64)] });
  return pushed;
}
const say = (world: World, verdict: Judgement['verdict'], image = base) =>
  judge(
    registryOf(world, 'baseacr'),
    verdict,
    { image, digest: manifest, reason: 'CVE-2026-1' },
    world.ports,
  );

const builtOn = async (world: World) =>
  Promise.all(
    onBase.map(async ([registry, task]) => {
      const { built } = (await world.ports.store.state(registry, task))!.value;
      return built!.pins.find(({ image }) => image === base)!.digest;
    }),
  );
const verdictsOf = (decisions: Decision[]) =>
  onBase.map(([, task]) => decisions.find((one) => one.task === task)?.verdict);

/** What happens, and which tasks then are built on the index and not on what was before it. */
const rows: [what: string, happens: (world: World) => Promise<unknown>, onIndex: boolean[]][] = [
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
for (const [what, happens, onIndex] of rows)
  test(`${what}: nothing is built on the manifest`, async () => {
    const { world, first } = await worldOf();
    await happens(world);
    await settle(world);
    const expected = () => onIndex.map((is) => (is ? world.tags.get(base) : first));
    assert.deepEqual(await builtOn(world), expected());
    await hours(world, 2);
    assert.deepEqual(await builtOn(world), expected(), 'and stays so');
  });

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
