import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { registryOverview } from '../../../shared/flow/api/registryOverview.ts';
import { patchTask } from '../../../shared/flow/api/tasks.ts';
import { heldNow } from '../../../shared/flow/overall/held.ts';
import { allStates } from '../../../shared/flow/overall/stale.ts';
import { forecast } from '../../../shared/flow/push/forecast.ts';
import { forecastJudgement } from '../../../shared/flow/push/forecastJudgement.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { staleOf } from '../../../shared/graph/staleOf.ts';
import type { Judgement, Policy } from '../../../shared/model/bases/policy.ts';
import { addStates, countedStore } from '../../worlds/countedWorld.ts';
import { base, diamondWorld, publicBase, registryOf } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import type { World } from '../../worlds/world.ts';

type Verdict = Judgement['verdict'];
const unknown = `sha256:${'e'.repeat(64)}`;
const young: Policy = { images: 'baseacr.azurecr.io/**', minimumAge: '3d' };
const paused: Policy = { images: 'baseacr.azurecr.io/*', pause: 'frozen' };

const judged = (world: World, verdict: Verdict, digest: string) =>
  judge(registryOf(world, 'baseacr'), verdict, { image: 'base:1', digest, reason: 'why' }, world.ports);

async function pushed(world: World): Promise<string> {
  const digest = world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  return digest;
}
async function built(world: World): Promise<string> {
  const digest = await pushed(world);
  await settle(world);
  return digest;
}
const standsOn = async (world: World) =>
  (await world.ports.store.state('mid1acr', 'mid1-task'))!.value.bases[0]!.digest;

/** What comes before, which gives the digest that is judged. */
const cases: [
  title: string,
  verdict: Verdict,
  before: (world: World) => Promise<string>,
  counts: { rebuilt: number; held: number },
][] = [
  ['a digest that all are built on, with an older one', 'quarantined', built, { rebuilt: 3, held: 0 }],
  ['the only digest there is', 'quarantined', standsOn, { rebuilt: 0, held: 3 }],
  ['a digest that nothing is built on', 'quarantined', async () => unknown, { rebuilt: 0, held: 0 }],
  [
    'a digest that is queued to be built on',
    'quarantined',
    pushed,
    // The queued runs will be pinned to the older one, which they are built on.
    { rebuilt: 0, held: 3 },
  ],
  [
    'a digest that is too young',
    'admitted',
    (world) => {
      world.ports.settings.policies = [young];
      return pushed(world);
    },
    { rebuilt: 3, held: 0 },
  ],
  [
    'a digest that is too young, of an image that is paused',
    'admitted',
    (world) => {
      world.ports.settings.policies = [paused];
      return pushed(world);
    },
    { rebuilt: 0, held: 3 },
  ],
  [
    'a quarantined digest',
    'released',
    async (world) => {
      const bad = await built(world);
      await judged(world, 'quarantined', bad);
      await settle(world);
      return bad;
    },
    { rebuilt: 3, held: 0 },
  ],
  [
    'a digest, with a task that is disabled',
    'quarantined',
    async (world) => {
      const bad = await built(world);
      await patchTask(
        registryOf(world, 'mid1acr'),
        'mid1-task',
        { properties: { status: 'Disabled' } },
        world.ports,
      );
      return bad;
    },
    { rebuilt: 2, held: 0 },
  ],
];
for (const [title, verdict, before, counts] of cases)
  test(`${verdict}: the plan says beforehand what is decided: ${title}`, async () => {
    const world = await diamondWorld();
    world.pass(4 * 86_400);
    const digest = await before(world);
    const asked = { image: 'base:1', digest, verdict };
    const plan = await forecastJudgement(registryOf(world, 'baseacr'), asked, world.ports);
    const rebuilt = plan.waves.flatMap(({ tasks }) => tasks.filter(({ image }) => image === base));
    assert.deepEqual({ rebuilt: rebuilt.length, held: plan.held?.length ?? 0 }, counts);
    const { tasks } = await judged(world, verdict, digest);
    assert.deepEqual({ rebuilt: tasks.started + tasks.merged, held: tasks.held }, counts);
  });

test('what is held now is told with its cause, and every task for which it is', async () => {
  const world = await diamondWorld();
  world.pass(4 * 86_400);
  const now = async () => {
    const { states } = await allStates(world.ports);
    const { value } = await heldNow(async () => states, world.ports);
    return [
      value.map(({ image, because }) => `${image} ${because}`),
      staleOf(states, value).map(({ task, because }) => `${task} ${because}`),
    ];
  };
  assert.deepEqual(await now(), [[], []]);
  const three = ['app2-task held', 'mid1-task held', 'mid2-task held'];
  const only = await standsOn(world);
  await judged(world, 'quarantined', only);
  assert.deepEqual(
    (await now()).map((list) => list.sort()),
    [[`${base} quarantined`], three],
  );
  await judged(world, 'released', only);
  world.ports.settings.policies = [young];
  await pushed(world);
  assert.deepEqual(
    (await now()).map((list) => list.sort()),
    [[`${base} tooYoung`], three],
  );
  world.ports.settings.policies = [{ images: publicBase, pause: 'frozen' }];
  assert.deepEqual((await now())[0], [`${publicBase} paused`]);
});

test('what is held costs two calls without a policy, and one more for each image that has one', async () => {
  const world = countedStore();
  await addStates(world.ports.store, 2000, (at) => `docker.io/library/base${at % 7}:1`);
  const calls = async (policies: Policy[]) => {
    world.ports.settings.policies = policies;
    const tables = await world.cost(() =>
      heldNow(async () => (await allStates(world.ports)).states, world.ports),
    );
    return Object.values(tables).reduce((sum, table) => sum + table.calls, 0);
  };
  assert.equal(await calls([]), 2);
  // Its states are two calls; the image's own row, one.
  assert.equal(await calls([{ images: 'docker.io/library/base3', minimumAge: '1d' }]), 2 + 2 + 1);
  assert.equal(await calls([{ images: 'docker.io/**', minimumAge: '1d' }]), 2 + 2 + 7);
});

const policies: [
  title: string,
  policies: Policy[],
  waves: string[][],
  held: [string, string | undefined][],
][] = [
  [
    'no policy',
    [],
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
    [],
  ],
  [
    'one for other images',
    [{ images: 'docker.io/**', minimumAge: '3d' }],
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
    [],
  ],
  [
    'an age: the waves begin then',
    [{ images: base, minimumAge: '3d' }],
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
    [
      ['app2-task', '3d'],
      ['mid1-task', '3d'],
      ['mid2-task', '3d'],
    ],
  ],
  [
    'a pause: nothing is rebuilt',
    [{ images: base, pause: 'frozen' }],
    [],
    [
      ['app2-task', undefined],
      ['mid1-task', undefined],
      ['mid2-task', undefined],
    ],
  ],
  [
    'a pause of what is made on the way',
    [{ images: 'mid1acr.azurecr.io/**', pause: 'frozen' }],
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
    [],
  ],
  [
    'a pause that a more specific age is named beside',
    [
      { images: 'baseacr.azurecr.io/**', pause: 'frozen' },
      { images: base, minimumAge: '1h' },
    ],
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
    [
      ['app2-task', '1h'],
      ['mid1-task', '1h'],
      ['mid2-task', '1h'],
    ],
  ],
];
const hours: Record<string, number> = { '3d': 72, '1h': 1 };
for (const [title, given, waves, held] of policies)
  test(`a plan says what a push would be held for, ${title}`, async () => {
    const world = await diamondWorld();
    world.ports.settings.policies = given;
    const plan = await forecast([base], world.ports);
    assert.deepEqual(
      plan.waves.map(({ tasks }) => tasks.map(({ task }) => task).sort()),
      waves,
    );
    assert.deepEqual(
      (plan.held ?? []).map(({ task, until }) => [task, until]).sort(),
      held.map(([task, age]) => [task, age && new Date(world.now() + hours[age]! * 3_600_000).toISOString()]),
    );
  });

test('the overview of a registry has the base images of its own tasks that are held', async () => {
  const world = await diamondWorld();
  world.ports.settings.policies = [{ images: publicBase, pause: 'frozen' }];
  const heldIn = async (name: string) =>
    (await registryOverview(registryOf(world, name), world.ports)).properties.baseImagesHeld;
  assert.deepEqual(
    (await heldIn('mid2acr')).map(({ image, because }) => [image, because]),
    [[publicBase, 'paused']],
  );
  assert.deepEqual(await heldIn('mid1acr'), []);
});

test.run();
