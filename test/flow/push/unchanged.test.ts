import assert from 'node:assert/strict';
import { test } from 'uvu';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { acceptPush } from '../../../shared/flow/push/acceptPush.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { base, diamond, diamondWorld, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { inject, runsOf, type World } from '../../worlds/world.ts';

const [mid1] = diamond as [(typeof diamond)[number]];
const amd64 = 'linux/amd64';
const arm64 = 'linux/arm64';
/** Of mid1-task, mid2-task and app2-task, all for linux/amd64. */
const dependents = 3;

/** Pushes a base image that is `content` for linux/amd64; a digest that was pushed before keeps what it is. */
function push(
  world: World,
  content: string,
  { digest, arm = 'arm' }: { digest?: string; arm?: string } = {},
) {
  const pushed = world.push(base, digest);
  if (!digest) world.contents.set(pushed, { [amd64]: content, [arm64]: arm });
  return pushed;
}
async function deliver(world: World): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (const event of world.events.splice(0)) decisions.push(...((await onPush(event, world.ports)) ?? []));
  return decisions;
}
const stateOf = async (world: World, { registry, name } = mid1) =>
  (await world.ports.store.state(registry, name))!.value;
const builtOn = async (world: World) => (await stateOf(world)).built!.pins[0]!.digest;
async function countRuns(world: World) {
  const all = await Promise.all(world.ports.settings.registries.map(({ name }) => runsOf(world, name)));
  return all.flat().length;
}
const silent = () => inject(new RegistryError('Unreachable', 'baseacr.azurecr.io is silent'));

/** Everything is built on a base image whose content is one. */
async function builtWorld(): Promise<{ world: World; first: string }> {
  const world = await diamondWorld();
  const first = push(world, 'one');
  await settle(world);
  assert.equal(await builtOn(world), first);
  world.asked.length = 0;
  return { world, first };
}

interface Row {
  what: string;
  /** What happens; the last decisions count. */
  pushes(world: World, first: string): Promise<Decision[]>;
  verdict: 'skipped' | 'started' | 'merged';
  /** Digests of the base image of which the registry was asked for the content. */
  asked: number;
  /** Whether a run that was queued finds nothing to build. */
  forNothing?: boolean;
}
const rows: Row[] = [
  {
    what: 'another digest of the same content',
    async pushes(world) {
      push(world, 'one');
      return deliver(world);
    },
    verdict: 'skipped',
    asked: 1,
  },
  {
    what: 'a digest of which only another platform changed',
    async pushes(world) {
      push(world, 'one', { arm: 'another' });
      return deliver(world);
    },
    verdict: 'skipped',
    asked: 1,
  },
  {
    what: 'another content',
    async pushes(world) {
      push(world, 'two');
      return deliver(world);
    },
    verdict: 'started',
    asked: 1,
  },
  {
    what: 'the same event twice',
    async pushes(world) {
      push(world, 'one');
      const [event] = world.events;
      await deliver(world);
      return (await onPush(event!, world.ports))!;
    },
    verdict: 'skipped',
    asked: 1,
  },
  {
    what: 'the same content thrice, each in its own digest',
    async pushes(world) {
      for (let time = 0; time < 2; time++) {
        push(world, 'one');
        await deliver(world);
      }
      push(world, 'one');
      return deliver(world);
    },
    verdict: 'skipped',
    asked: 3,
  },
  {
    what: 'back to the digest that is built on, with the same content between',
    async pushes(world, digest) {
      push(world, 'one');
      await deliver(world);
      push(world, 'one', { digest });
      return deliver(world);
    },
    verdict: 'skipped',
    asked: 1,
  },
  {
    what: 'back to the first content once the second was built',
    async pushes(world) {
      push(world, 'two');
      await settle(world);
      push(world, 'one');
      return deliver(world);
    },
    verdict: 'started',
    asked: 2,
  },
  {
    what: 'the second content again once it was built',
    async pushes(world) {
      push(world, 'two');
      await settle(world);
      push(world, 'two');
      return deliver(world);
    },
    verdict: 'skipped',
    asked: 2,
  },
  {
    what: 'another content after one that had not changed',
    async pushes(world) {
      push(world, 'one');
      await deliver(world);
      push(world, 'two');
      return deliver(world);
    },
    verdict: 'started',
    asked: 2,
  },
  {
    what: 'the content that is built on, while a run for another is queued',
    async pushes(world) {
      push(world, 'two');
      await deliver(world);
      push(world, 'one');
      return deliver(world);
    },
    verdict: 'merged',
    asked: 1,
    forNothing: true,
  },
  {
    what: 'the same content of a registry that is silent',
    async pushes(world) {
      world.trouble.registry = silent;
      push(world, 'one');
      return deliver(world);
    },
    verdict: 'started',
    asked: 1,
    forNothing: true,
  },
  {
    what: 'the same content, a registry being silent, for which its event comes again after',
    async pushes(world) {
      world.trouble.registry = silent;
      push(world, 'one');
      const [event] = world.events;
      await deliver(world);
      delete world.trouble.registry;
      return (await onPush(event!, world.ports))!;
    },
    verdict: 'started',
    asked: 1,
    forNothing: true,
  },
];
const askedOf = (world: World) => world.asked.filter((digest) => world.digests.includes(digest)).length;
for (const { what, pushes, verdict, asked, forNothing } of rows)
  test(`${what}: ${verdict}, the registry asked for ${asked}, and nothing is built for nothing`, async () => {
    const { world, first } = await builtWorld();
    const runs = await countRuns(world);
    const built = world.builds.length;
    const decisions = await pushes(world, first);
    assert.deepEqual(
      decisions.map((decision) => decision.verdict),
      Array(dependents).fill(verdict),
    );
    assert.equal(askedOf(world), asked);
    if (verdict !== 'skipped') {
      delete world.trouble.registry;
      await settle(world);
      const contentOf = (digest: string) => world.contents.get(digest)?.[amd64];
      assert.equal(contentOf(await builtOn(world)), contentOf(world.tags.get(base)!));
      if (forNothing) assert.equal(world.builds.length, built);
      return;
    }
    for (const { reason } of decisions)
      if (!reason.includes('on this digest already'))
        assert.equal(reason, `${amd64} of ${base} is unchanged`);
    const before = world.builds.length;
    await settle(world);
    for (let round = 0; round < 3; round++) {
      world.pass(3600);
      await everyMinute(world.ports);
    }
    assert.equal(world.builds.length, before, 'no round builds it either');
    assert.equal(askedOf(world), asked, 'nor asks again');
    assert.deepEqual(
      (await stateOf(world)).bases.flatMap(({ newer }) => newer ?? []),
      [],
      'it is not stale',
    );
    if (before === built) assert.equal(await countRuns(world), runs, 'no run was made');
  });

test('where the registry did not answer, the run ends at its start with the reason, and is not stale', async () => {
  const { world, first } = await builtWorld();
  world.trouble.registry = silent;
  push(world, 'one');
  await deliver(world);
  delete world.trouble.registry;
  const built = world.builds.length;
  world.asked.length = 0;
  await settle(world);
  const run = (await runsOf(world, mid1.registry)).at(-1)!;
  assert.deepEqual(
    [run.status, run.runErrorMessage],
    ['Canceled', `Nothing to build: ${amd64} of ${base} is unchanged.`],
  );
  assert.equal(world.builds.length, built);
  assert.equal(await builtOn(world), first);
  assert.equal(world.asked.length, 1, 'the first run asks for all');
  assert.deepEqual(
    (await stateOf(world)).bases.flatMap(({ newer }) => newer ?? []),
    [],
  );
});

test('where the registry answers neither the push nor the run, it is built', async () => {
  const { world } = await builtWorld();
  world.ports.registry.contentsOf = async () => {
    throw silent();
  };
  const pushed = push(world, 'one');
  await settle(world);
  assert.equal(await builtOn(world), pushed);
});

test('a task for another platform is built where that one has changed', async () => {
  const { world } = await builtWorld();
  const task = world.task('arm-task', [base]);
  task.properties.platform = { os: 'Linux', architecture: 'arm64' };
  await putTask(registryOf(world, mid1.registry), 'arm-task', task, world.ports);
  await runByHand(world, mid1.registry, 'arm-task');
  await settle(world);
  world.asked.length = 0;
  for (const [arm, verdict] of [
    ['another', 'started'],
    ['another', 'skipped'],
  ] as const) {
    push(world, 'one', { arm });
    const decisions = await deliver(world);
    const verdicts = decisions.map((decision) => [decision.task, decision.verdict]);
    assert.deepEqual(Object.fromEntries(verdicts), {
      ...{ 'arm-task': verdict, 'mid1-task': 'skipped', 'mid2-task': 'skipped', 'app2-task': 'skipped' },
    });
    await settle(world);
  }
});

test('a run that did not end well may have pushed its image: the same content is built again', async () => {
  const { world } = await builtWorld();
  push(world, 'two');
  await deliver(world);
  await settle(world);
  const state = await world.ports.store.state(mid1.registry, mid1.name);
  await world.ports.store.commit(mid1.registry, [
    { put: 'state', value: { ...state!.value, unsure: true }, etag: state!.etag },
  ]);
  push(world, 'two');
  const decisions = await deliver(world);
  assert.deepEqual(
    decisions.flatMap(({ task, verdict }) => (verdict === 'started' ? [task] : [])),
    [mid1.name],
  );
});

test('the call that announces a push asks no registry: a message goes on with it, and none for an image without tasks', async () => {
  const { world } = await builtWorld();
  push(world, 'two');
  world.push('baseacr.azurecr.io/other:1');
  const [event, other] = world.events.splice(0);
  const looks = world.looks.length;
  assert.equal(await acceptPush(event!, world.ports), true);
  assert.equal(await acceptPush(other!, world.ports), false);
  assert.deepEqual([world.asked.length, world.looks.length - looks, world.messages.length], [0, 0, 1]);
  await settle(world);
  assert.equal(await builtOn(world), world.tags.get(base));
});

test.run();
