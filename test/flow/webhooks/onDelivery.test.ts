import assert from 'node:assert/strict';
import { test } from 'uvu';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { isAutomatic } from '../../../shared/model/cause.ts';
import {
  commitA,
  commitB,
  devopsPullRequest,
  githubPullRequest,
  githubPush,
} from '../../doubles/sourceDeliveries.ts';
import { both, deliver, devops, secretOf, type World, worldOf } from '../../worlds/deliveryWorld.ts';
import { knownRegistry } from '../../worlds/triggerWorld.ts';

test('a push to GitHub starts a run with its commit, branch and repository', async () => {
  const world = await worldOf();
  const received = await deliver(world, 'push', githubPush());
  const [run] = await world.runs();
  assert.deepEqual(received, { decision: 'started', runId: run?.runId });
  assert.deepEqual(run?.sourceTrigger, {
    id: 'd-1',
    eventType: 'Commit',
    commitId: commitB,
    repositoryUrl: 'https://github.com/team/app.git',
    branchName: 'main',
    providerType: 'Github',
  });
  assert.deepEqual([isAutomatic(run!), run?.aside, world.rung.length], [true, undefined, 1]);
  assert.equal((await world.store.state(knownRegistry.name, 'webapp'))?.value.open[0]?.canonical, true);
});

test('a pull request starts a run of its newest commit that says nothing of the task itself', async () => {
  const world = await worldOf({ sourceTriggerEvents: both });
  await deliver(world, 'pull_request', githubPullRequest());
  const [run] = await world.runs();
  const { eventType, pullRequestId, commitId, branchName } = run!.sourceTrigger!;
  assert.deepEqual(
    [eventType, pullRequestId, commitId, branchName, run?.aside],
    ['Pull Request', '7', commitB, 'feature', true],
  );
  assert.equal((await world.store.state(knownRegistry.name, 'webapp'))?.value.open[0]?.canonical, false);
});

test('a disabled task starts nothing, and the same delivery may come again once it is enabled', async () => {
  const world = await worldOf({}, { status: 'Disabled' });
  assert.equal((await deliver(world, 'push', githubPush())).decision, 'skipped');
  await world.patch('webapp', { properties: { status: 'Enabled' } });
  assert.equal((await deliver(world, 'push', githubPush())).decision, 'started');
});

/** Each: two deliveries, and how many runs they make. */
const pairs: [title: string, first: unknown, second: unknown, secondId: string, runs: number][] = [
  ['the same delivery', githubPush(), githubPush(), 'd-1', 1],
  [
    'the same delivery id with another body',
    githubPush(),
    githubPush({ after: commitA, before: commitB }),
    'd-1',
    1,
  ],
  ['the same push by a second hook', githubPush(), githubPush(), 'd-2', 1],
  ['back to an older commit', githubPush(), githubPush({ after: commitA, before: commitB }), 'd-2', 2],
  ['the same move an hour later', githubPush(), githubPush({}, { pushed_at: 1_795_003_600 }), 'd-2', 2],
  ['reopened with the same commit', githubPullRequest('opened'), githubPullRequest('reopened'), 'd-2', 1],
  [
    'a further commit of the pull request',
    githubPullRequest(),
    githubPullRequest('synchronize', { sha: commitA }),
    'd-2',
    2,
  ],
];
for (const [title, first, second, secondId, runs] of pairs)
  test(`${runs} run${runs > 1 ? 's' : ''}: ${title}`, async () => {
    const world = await worldOf({ sourceTriggerEvents: both });
    const event = (body: unknown) =>
      JSON.stringify(body).includes('pull_request') ? 'pull_request' : 'push';
    await deliver(world, event(first), first);
    await deliver(world, event(second), second, { deliveryId: secondId });
    assert.equal((await world.runs()).length, runs);
  });

test('a vote on a pull request of Azure DevOps starts nothing', async () => {
  const world = await worldOf({ sourceTriggerEvents: both, sourceRepository: devops });
  await deliver(world, '', devopsPullRequest());
  const voted = await deliver(world, '', devopsPullRequest('git.pullrequest.updated', {}, 'another-id'));
  assert.equal(voted.decision, 'skipped');
});

test('ten deliveries of one push at the same time start one run', async () => {
  const world = await worldOf();
  const received = await Promise.all(Array.from({ length: 10 }, () => deliver(world, 'push', githubPush())));
  assert.equal(received.filter(({ decision }) => decision === 'started').length, 1);
  assert.equal((await world.runs()).length, 1);
});

const image = 'baseacr.azurecr.io/base:1';

/** The task of the world has been built on an older digest of the image. */
async function standOn(image: string, { store }: World): Promise<void> {
  const state = (await store.state(knownRegistry.name, 'webapp'))!;
  const base = {
    image,
    type: 'RunTime' as const,
    digest: 'sha256:old',
    pinnedAt: '2026-11-23T09:00:00.000Z',
  };
  await store.commit(knownRegistry.name, [
    { put: 'state', value: { ...state.value, bases: [base] }, etag: state.etag },
  ]);
  const none = { bases: [], outputs: [] };
  await store.changeEdges(
    { registry: knownRegistry.name, task: 'webapp' },
    { ...none, bases: [image] },
    none,
  );
}

test('a base image that moves merges into a queued commit run, which keeps its commit', async () => {
  const world = await worldOf();
  await standOn(image, world);
  await deliver(world, 'push', githubPush());
  const push = { id: 'p', image, digest: 'sha256:new', timestamp: '2026-11-23T10:00:00.000Z' };
  const [decision] = (await onPush(push, world.ports))!;
  assert.equal(decision?.verdict, 'merged');
  const [run, ...more] = await world.runs();
  assert.deepEqual([run?.sourceTrigger?.commitId, more], [commitB, []]);
});

test('no base image update merges into a pull request: its build says nothing of the task', async () => {
  const world = await worldOf({ sourceTriggerEvents: both });
  await standOn(image, world);
  await deliver(world, 'pull_request', githubPullRequest());
  const push = { id: 'p', image, digest: 'sha256:new', timestamp: '2026-11-23T10:00:00.000Z' };
  const [decision] = (await onPush(push, world.ports))!;
  assert.equal(decision?.verdict, 'started');
  assert.equal((await world.runs()).length, 2);
});

test('neither secrets nor bodies reach the log', async () => {
  const world = await worldOf();
  await deliver(world, 'push', githubPush({ secretThing: 'do-not-log' }));
  const log = world.lines.join('\n');
  for (const secret of [await secretOf(world), 'pat-1', 'do-not-log']) assert.ok(!log.includes(secret));
});

test.run();
