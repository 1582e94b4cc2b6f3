import assert from 'node:assert/strict';
import { test } from 'uvu';
import { heldBases } from '../../../shared/flow/api/bases/heldBases.ts';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { base, diamond, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { deliver, heldWorld, hours } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const [mid1, mid2] = diamond as [(typeof diamond)[number], (typeof diamond)[number]];
const dayS = 86_400;

const builtOn = async (world: World, { registry, name } = mid1) =>
  (await world.ports.store.state(registry, name))!.value.built!.pins[0]!.digest;
const runs = (world: World, { registry } = mid1) => runsOf(world, registry);

const quarantine = (world: World, digest: string, reason = 'CVE-2026-1') =>
  judge(registryOf(world, 'baseacr'), 'quarantined', { image: base, digest, reason }, world.ports);

test('a push is held until it is old enough, with the reason and the moment; then it is as good as pushed', async () => {
  const world = await heldWorld({ images: 'baseacr.azurecr.io/**', minimumAge: '3d' });
  const before = await builtOn(world);
  const pushed = world.push(base);
  const until = new Date(world.now() + 3 * dayS * 1000).toISOString();
  const decisions = await deliver(world);
  assert.deepEqual(
    decisions.map(({ verdict, push, runId }) => [verdict, push.digest, runId]),
    decisions.map(() => ['held', pushed, undefined]),
  );
  assert.equal(decisions.length, 3);
  assert.equal(
    decisions[0]!.reason,
    `${pushed.slice(0, 19)} is held until ${until}: baseacr.azurecr.io/** has a minimum age of 3d`,
  );
  await hours(world, 71);
  assert.equal(await builtOn(world), before);
  await hours(world, 2);
  assert.equal(await builtOn(world), pushed);
});

test('what is held is written down once, not with each round', async () => {
  const world = await heldWorld({ images: 'docker.io/**', minimumAge: '3d' });
  world.push('docker.io/library/alpine:1');
  await hours(world, 48);
  const held: Decision[] = [];
  for await (const decision of world.ports.store.decisions('mid2acr', 'app2-task'))
    if (decision.verdict === 'held') held.push(decision);
  assert.equal(held.length, 1);
});

test('a tag that is pushed daily is built daily, three days late', async () => {
  const world = await heldWorld({ images: base, minimumAge: '3d' });
  const { length } = await runs(world);
  const days: string[] = [];
  for (let day = 0; day < 10; day++) {
    days.push(world.push(base));
    await deliver(world);
    await hours(world, 24);
    if (day >= 3) assert.equal(await builtOn(world), days[day - 2], `day ${day}`);
  }
  assert.equal((await runs(world)).length - length, 8);
});

test('a run by hand is pinned to the newest digest that may be built on, and says so', async () => {
  const world = await heldWorld({ images: base, minimumAge: '3d' });
  const before = await builtOn(world);
  const pushed = world.push(base);
  await deliver(world);
  await runByHand(world, mid1.registry, mid1.name);
  await settle(world);
  const run = (await runs(world)).at(-1)!;
  assert.equal(run.pins![0]!.digest, before);
  assert.match(run.pins![0]!.notNewest!, new RegExp(`^${pushed} is held until .* minimum age of 3d`));
  assert.ok(run.notes!.some((note) => note.startsWith(`Not the newest of ${base}: ${pushed} is held`)));
});

test('a digest that is gone from the registry is passed over', async () => {
  const world = await heldWorld();
  const first = await builtOn(world);
  const second = world.push(base);
  await deliver(world);
  await settle(world);
  world.pass(3600);
  const third = world.push(base);
  await deliver(world);
  await settle(world);
  const { digestOf } = world.ports.registry;
  world.ports.registry.digestOf = async (reference, login) =>
    reference.digest === second ? undefined : digestOf(reference, login);
  await quarantine(world, third);
  await settle(world);
  assert.equal(await builtOn(world), first);
});

test('a first build takes what there is, and says so', async () => {
  const world = await heldWorld({ images: 'docker.io/**', minimumAge: '3d' });
  const { putTask } = await import('../../../shared/flow/api/tasks.ts');
  const fresh = world.push('docker.io/library/busybox:1');
  const task = world.task('new-task', ['docker.io/library/busybox:1']);
  await putTask(registryOf(world, mid1.registry), 'new-task', task, world.ports);
  await runByHand(world, mid1.registry, 'new-task');
  await settle(world);
  const run = (await runs(world)).at(-1)!;
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
  assert.equal(run.pins![0]!.digest, fresh);
  assert.match(run.pins![0]!.notNewest!, /first build, which takes what there is/);
  const { length } = await runs(world);
  await hours(world, 80);
  assert.equal((await runs(world)).length, length, 'it is not built on an older one after that');
});

test('a bad base is quarantined: everything goes back to the one before, each once, in waves', async () => {
  const world = await heldWorld();
  const good = await builtOn(world);
  const bad = world.push(base);
  await deliver(world);
  await settle(world);
  const before = await Promise.all(diamond.map(async (task) => (await runsOf(world, task.registry)).length));
  const { tasks, judgement, pushes } = await quarantine(world, bad);
  assert.equal(judgement.verdict, 'quarantined');
  assert.deepEqual([tasks.started, tasks.held], [3, 0]);
  const decisions = await world.ports.store.push(pushes[0]!);
  assert.match(decisions[0]!.reason, /is quarantined: built on sha256:\w+, now/);
  await settle(world);
  for (const task of [mid1, mid2]) assert.equal(await builtOn(world, task), good);
  const after = await Promise.all(diamond.map(async (task) => (await runsOf(world, task.registry)).length));
  assert.deepEqual(
    after.map((count, at) => count - before[at]!),
    // mid1, mid2 with app2 in one registry, app1.
    [1, 2, 1, 2],
  );
  await hours(world, 3);
  await settle(world);
  assert.equal(await builtOn(world), good, 'the tag still stands for it');
  const newer = world.push(base);
  await deliver(world);
  await settle(world);
  assert.equal(await builtOn(world), newer);
});

test('a quarantined digest is pinned nowhere, by whatever tag or copy it comes', async () => {
  const world = await heldWorld();
  const bad = `sha256:${'b'.repeat(64)}`;
  const { message } = await quarantine(world, bad);
  assert.match(message!, /No task is built on/);
  for (const image of [base, 'docker.io/library/alpine:1']) world.push(image, bad);
  const decisions = await deliver(world);
  assert.ok(decisions.every(({ verdict }) => verdict === 'held'));
  await hours(world, 24);
  await runByHand(world, 'mid2acr', 'app2-task');
  await settle(world);
  assert.ok(world.builds.every(({ bases }) => ![...bases.values()].includes(bad)));
});

test('without another digest a quarantine holds, and says so; a newer push is built', async () => {
  const world = await heldWorld();
  const only = await builtOn(world);
  const { tasks, pushes } = await quarantine(world, only);
  assert.deepEqual([tasks.started, tasks.held], [0, 3]);
  const [decision] = await world.ports.store.push(pushes[0]!);
  assert.match(decision!.reason, /is quarantined: CVE-2026-1. There is no older digest to go back to/);
  await runByHand(world, mid1.registry, mid1.name);
  await settle(world);
  assert.match((await runs(world)).at(-1)!.runErrorMessage!, /There is no other digest to build on/);
  const newer = world.push(base);
  await deliver(world);
  await settle(world);
  assert.equal(await builtOn(world), newer);
});

test('a queued run is pinned to the good base where its own is quarantined meanwhile', async () => {
  const world = await heldWorld();
  const good = await builtOn(world);
  const bad = world.push(base);
  await deliver(world);
  const { tasks } = await quarantine(world, bad);
  assert.equal(tasks.started, 0);
  await settle(world);
  assert.equal(await builtOn(world), good);
  assert.ok(world.builds.every(({ bases }) => ![...bases.values()].includes(bad)));
});

test('what is released counts again; what is admitted counts at once', async () => {
  const world = await heldWorld({ images: base, minimumAge: '3d' });
  const registry = registryOf(world, 'baseacr');
  const pushed = world.push(base);
  await deliver(world);
  const request = { image: 'base:1', digest: pushed, reason: 'a scanner names it' };
  const { tasks } = await judge(registry, 'admitted', request, world.ports);
  assert.equal(tasks.started, 3);
  await settle(world);
  assert.equal(await builtOn(world), pushed);
  await quarantine(world, pushed);
  await settle(world);
  assert.ok((await builtOn(world)) !== pushed);
  world.pass(4 * dayS);
  await judge(registry, 'released', { ...request, reason: 'a false alarm' }, world.ports);
  await settle(world);
  assert.equal(await builtOn(world), pushed);
});

test('who judged is kept with the judgement, and the first of two who say the same is', async () => {
  const world = await heldWorld();
  const registry = registryOf(world, 'baseacr');
  const said = { image: 'base:1', digest: world.push(base), reason: 'a scanner names it' };
  for (const by of ['ann@contoso.com', 'bob@contoso.com'])
    await judge(registry, 'quarantined', { ...said, by }, world.ports);
  await judge(registry, 'released', said, world.ports);
  const { judgements } = (await world.ports.store.judgements())!.value;
  assert.deepEqual(
    judgements.map(({ verdict, by }) => [verdict, by]),
    [
      ['quarantined', 'ann@contoso.com'],
      ['released', undefined],
    ],
  );
});

test('a pause starts nothing automatic, and says why; a run by hand goes', async () => {
  const world = await heldWorld({ images: 'baseacr.azurecr.io/*', pause: 'the release is frozen' });
  const pushed = world.push(base);
  const decisions = await deliver(world);
  assert.ok(decisions.every(({ verdict }) => verdict === 'held'));
  assert.equal(decisions[0]!.reason, 'baseacr.azurecr.io/* is paused: the release is frozen');
  await runByHand(world, mid1.registry, mid1.name);
  await settle(world);
  assert.equal(await builtOn(world), pushed);
});

const refused: [
  what: string,
  said: [verdict: 'quarantined' | 'admitted' | 'released', n: number][],
  why: RegExp,
][] = [
  ['a release of what was never judged', [['released', 1]], /neither quarantined nor admitted/],
  [
    'a second release',
    [
      ['quarantined', 1],
      ['released', 2],
      ['released', 3],
    ],
    /neither/,
  ],
  [
    'to admit what is quarantined',
    [
      ['quarantined', 1],
      ['admitted', 2],
    ],
    /is quarantined: reason 1. Release it/,
  ],
];
for (const [what, said, why] of refused)
  test(`refused with 409: ${what}`, async () => {
    const world = await heldWorld();
    const digest = await builtOn(world);
    const registry = registryOf(world, 'baseacr');
    const all = said.map(
      ([verdict, n]) =>
        () =>
          judge(registry, verdict, { image: base, digest, reason: `reason ${n}` }, world.ports),
    );
    for (const before of all.slice(0, -1)) await before();
    await assert.rejects(all.at(-1)!, why);
  });

test('the same said twice is said once, and decides the same', async () => {
  const world = await heldWorld();
  await deliver(world);
  const bad = world.push(base);
  await deliver(world);
  await settle(world);
  const first = await quarantine(world, bad);
  world.pass(60);
  const second = await quarantine(world, bad);
  assert.deepEqual(second.judgement, first.judgement);
  assert.deepEqual(second.pushes, first.pushes);
  await settle(world);
  assert.equal((await world.ports.store.judgements())!.value.judgements.length, 1);
});

test('what is held is listed, and one image with its policy', async () => {
  const policy = { images: 'baseacr.azurecr.io/**', minimumAge: '3d' };
  const world = await heldWorld(policy, { images: 'docker.io/**', minimumAge: '1h' });
  const before = await builtOn(world);
  const pushed = world.push(base);
  await deliver(world);
  const registry = registryOf(world, mid1.registry);
  const { value, policies } = await heldBases(registry, undefined, world.ports);
  assert.equal(policies.length, 2);
  assert.deepEqual(
    value.map(({ image, newest, admissible, held, policy, tasks }) => ({
      ...{ image, newest, admissible, policy, tasks },
      until: held?.until,
    })),
    [
      {
        ...{ image: base, newest: pushed, admissible: before, policy, tasks: 1 },
        until: new Date(world.now() + 3 * dayS * 1000).toISOString(),
      },
    ],
  );
  const one = await heldBases(registry, 'docker.io/unknown:1', world.ports);
  assert.deepEqual(
    one.value,
    [{ image: 'docker.io/unknown:1', policy: policies[1], tasks: 0, digests: [] }].map((row) => ({
      ...row,
      image: 'docker.io/library/unknown:1',
    })),
  );
});

test.run();
