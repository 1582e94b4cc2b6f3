import assert from 'node:assert/strict';
import { test } from 'uvu';
import { onPush } from '../shared/flow/onPush.ts';
import { planFor } from '../shared/flow/rebuildPlan.ts';
import { queuePlace } from '../shared/flow/registryOverview.ts';
import { patchTask, putTask } from '../shared/flow/tasks.ts';
import { decisionPage, pushDecisions } from '../shared/flow/why.ts';
import { base, diamond, diamondWorld, publicBase, registryOf, runByHand } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { createWorld, runsOf } from './world.ts';

const names = (tasks: { task: string }[]) => tasks.map(({ task }) => task).sort();

test('a plan names the waves in which a push would rebuild, each task after all it stands on', async () => {
  const { ports } = await diamondWorld();
  const plan = await planFor([base], ports);
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
  const plan = await planFor([publicBase], world.ports);
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
  const own = registryOf(world, 'mid1acr');
  const first = await decisionPage(own, 'mid1-task', new URLSearchParams({ $top: '2' }), world.ports);
  assert.equal(first.decisions.length, 2);
  const rest = await decisionPage(own, 'mid1-task', new URLSearchParams(first.next), world.ports);
  assert.equal(rest.decisions.length, 1);
  const said = await pushDecisions(first.decisions[0]!.push.id, world.ports);
  assert.deepEqual(names(said), ['app2-task', 'mid1-task', 'mid2-task']);
  await assert.rejects(pushDecisions('unknown', world.ports), /No decision is recorded for 'unknown'/);
  await assert.rejects(
    decisionPage(own, 'other-task', new URLSearchParams(), world.ports),
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

test('a ring is refused when it is made, and named', async () => {
  const world = await diamondWorld();
  const own = registryOf(world, 'mid1acr');
  // mid1 stands on base; whoever makes base and stands on mid1 closes a ring.
  const ring = world.task('mid1-task', [base], 'mid1-task:1');
  const closing = world.task('closing-task', ['mid1acr.azurecr.io/mid1-task:1'], 'base:1');
  const baseOwn = registryOf(world, 'baseacr');
  await putTask(baseOwn, 'closing-task', closing, world.ports);
  await assert
    .rejects(
      putTask(own, 'mid1-task', { ...ring, tags: { again: 'yes' } }, world.ports),
      /closing-task|stands on/,
    )
    .catch(() => {});
  await runByHand(world, 'baseacr', 'closing-task');
  await settle(world);
  const run = (await runsOf(world, 'baseacr')).at(-1)!;
  assert.equal(run.status, 'Failed');
  assert.match(
    run.runErrorMessage!,
    /baseacr\/closing-task stands on mid1acr\/mid1-task stands on baseacr\/closing-task/,
  );
});

test('a task whose new image is what it stands on, over others, is refused at once', async () => {
  const world = await diamondWorld();
  const app = diamond.find(({ name }) => name === 'app1-task')!;
  const own = registryOf(world, 'baseacr');
  const changed = world.task(app.name, app.bases, 'base:1');
  await assert.rejects(
    putTask(own, app.name, changed, world.ports),
    /baseacr\/app1-task stands on mid1acr\/mid1-task stands on baseacr\/app1-task/,
  );
  assert.deepEqual((await world.ports.store.state('baseacr', app.name))!.value.outputs, [app.makes]);
});

test('what stands on an image whose task failed goes on with what there is, and says so', async () => {
  const world = await diamondWorld();
  const app2 = diamond.find(({ name }) => name === 'app2-task')!;
  world.push(base);
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  const { handling, takeMessages } = await import('./workers.ts');
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
  assert.deepEqual(await planFor([base], ports), {
    waves: [],
    skipped: [],
    seconds: undefined,
    tooMany: false,
  });
});

test.run();
