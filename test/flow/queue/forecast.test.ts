import assert from 'node:assert/strict';
import { test } from 'uvu';
import { listDecisions, listPushDecisions } from '../../../shared/flow/api/listDecisions.ts';
import { queuePlace } from '../../../shared/flow/api/registryOverview.ts';
import { patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { forecast, forecastImage } from '../../../shared/flow/push/forecast.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { base, diamond, diamondWorld, publicBase, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { createWorld, runsOf } from '../../worlds/world.ts';

const names = (tasks: { task: string }[]) => tasks.map(({ task }) => task).sort();

test('a plan names the waves in which a push would rebuild, each task after all of its base images', async () => {
  const { ports } = await diamondWorld();
  const plan = await forecast([base], ports);
  assert.deepEqual(
    plan.waves.map(({ tasks }) => names(tasks)),
    [
      ['mid1-task', 'mid2-task'],
      ['app1-task', 'app2-task'],
    ],
  );
  assert.ok(plan.seconds !== undefined && plan.seconds >= 0);
});

test('a plan says whom a push would not rebuild, and why', async () => {
  const world = await diamondWorld();
  await patchTask(
    registryOf(world, 'mid2acr'),
    'app2-task',
    { properties: { status: 'Disabled' } },
    world.ports,
  );
  const plan = await forecast([publicBase], world.ports);
  assert.deepEqual(plan.waves, []);
  assert.deepEqual(plan.skipped, [
    { registry: 'mid2acr', task: 'app2-task', reason: 'app2-task is disabled' },
  ]);
});

test('why: by task and by push, page by page', async () => {
  const world = await diamondWorld();
  for (let count = 0; count < 3; count++) {
    world.push(base);
    await settle(world);
  }
  const knownRegistry = registryOf(world, 'mid1acr');
  const first = await listDecisions(
    knownRegistry,
    'mid1-task',
    new URLSearchParams({ $top: '2' }),
    world.ports,
  );
  assert.equal(first.decisions.length, 2);
  const rest = await listDecisions(knownRegistry, 'mid1-task', new URLSearchParams(first.next), world.ports);
  assert.equal(rest.decisions.length, 1);
  const said = await listPushDecisions(first.decisions[0]!.push.id, world.ports);
  assert.deepEqual(names(said), ['app2-task', 'mid1-task', 'mid2-task']);
  await assert.rejects(listPushDecisions('unknown', world.ports), /No decision is recorded for 'unknown'/);
  await assert.rejects(
    listDecisions(knownRegistry, 'other-task', new URLSearchParams(), world.ports),
    /There is no task 'other-task'/,
  );
});

test('a queued run says its place and what it waits for', async () => {
  const world = await diamondWorld();
  for (let count = 0; count < 3; count++) await runByHand(world, 'mid1acr', 'mid1-task');
  const runs = (await runsOf(world, 'mid1acr')).filter(({ status }) => status === 'Queued');
  const places = await Promise.all(runs.map((run) => queuePlace(run, world.ports)));
  assert.deepEqual(
    places.map((place) => place?.position),
    [1, 2, 3],
  );
  assert.match(places[0]!.reason, /about to start/);
});

test('a ring of images that are not known yet is refused in the first run that closes it, and named', async () => {
  const world = await diamondWorld();
  const knownRegistry = registryOf(world, 'mid1acr');
  // mid1 is built on base; a task that makes base and is built on mid1 closes a cycle.
  const ring = world.task('mid1-task', [base], 'mid1-task:1');
  const closing = world.task('closing-task', ['mid1acr.azurecr.io/mid1-task:1'], 'base:1');
  const baseOwn = registryOf(world, 'baseacr');
  await putTask(baseOwn, 'closing-task', closing, world.ports);
  await putTask(knownRegistry, 'mid1-task', { ...ring, tags: { again: 'yes' } }, world.ports);
  await runByHand(world, 'baseacr', 'closing-task');
  await settle(world);
  const run = (await runsOf(world, 'baseacr')).at(-1)!;
  assert.equal(run.status, 'Failed');
  assert.match(
    run.runErrorMessage!,
    /baseacr\/closing-task is built on mid1acr\/mid1-task is built on baseacr\/closing-task/,
  );
});

test('a task whose new image is its own base, over others, is refused at once', async () => {
  const world = await diamondWorld();
  const app = diamond.find(({ name }) => name === 'app1-task')!;
  const knownRegistry = registryOf(world, 'baseacr');
  const changed = world.task(app.name, app.bases, 'base:1');
  await assert.rejects(
    putTask(knownRegistry, app.name, changed, world.ports),
    /baseacr\/app1-task is built on mid1acr\/mid1-task is built on baseacr\/app1-task/,
  );
  assert.deepEqual((await world.ports.store.state('baseacr', app.name))!.value.outputs, [app.makes]);
});

test('the dependents of an image whose task failed use the last image, and their log names the failure', async () => {
  const world = await diamondWorld();
  const app2 = diamond.find(({ name }) => name === 'app2-task')!;
  world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  const { handling, takeMessages } = await import('../../worlds/workers.ts');
  for (let turn = 0; turn < 12; turn++) {
    for (const message of takeMessages(world, 50, () => 0)) await handling(message)(world.ports);
    for (const build of world.builds)
      if (!world.hasEnded(build))
        world.end(build, build.request.imageNames[0]!.startsWith('mid1') ? 'Failed' : 'Succeeded');
    world.pass(2);
  }
  const run = (await runsOf(world, app2.registry)).filter(({ task }) => task === app2.name).at(-1)!;
  assert.equal(run.status, 'Succeeded');
  assert.match(
    run.notes!.join('\n'),
    /mid1acr\/mid1-task makes a base image.*ended Failed.*Built on what there is/,
  );
});

test('an empty world has nothing to plan', async () => {
  const { ports } = createWorld({ registries: ['baseacr'] });
  assert.deepEqual(await forecast([base], ports), {
    waves: [],
    skipped: [],
    tooMany: false,
  });
});

const spellings: [image: string, title: string][] = [
  ['base:1', 'without a server, which is the registry’s own'],
  ['baseacr.azurecr.io/base:1', 'with its server'],
  ['BaseAcr.azurecr.io/base:1', 'with its server in capitals'],
  ['baseacr.azurecr.io:443/base:1', 'with the port that https has anyway'],
  [`base:1@sha256:${'0'.repeat(64)}`, 'with a digest, which a push will move'],
];
for (const [image, title] of spellings)
  test(`an image in a plan may be written ${title}`, async () => {
    const world = await diamondWorld();
    const plan = await forecastImage(registryOf(world, 'baseacr'), image, world.ports);
    assert.deepEqual(
      plan.waves.map(({ tasks }) => tasks.length),
      [2, 2],
    );
    assert.equal(plan.message, undefined);
  });

for (const image of ['nothing:1', 'base:2', 'docker.io/library/none'])
  test(`a plan says of ${image} that no task is known to be built from it`, async () => {
    const world = await diamondWorld();
    const plan = await forecastImage(registryOf(world, 'baseacr'), image, world.ports);
    assert.deepEqual(plan.waves, []);
    assert.match(plan.message!, /No task is known to be built from \S+\/(nothing:1|base:2|library\/none)/);
  });

test.run();
