import assert from 'node:assert/strict';
import { test } from 'uvu';
import { syncDueWebhooks } from '../../../shared/flow/webhooks/syncWebhooks.ts';
import { webhookViews } from '../../../shared/flow/webhooks/webhookViews.ts';
import { isPublicUrl } from '../../../shared/names/publicUrl.ts';
import { SourceControlError } from '../../../shared/ports/sourceControl.ts';
import {
  createWorld,
  knownRegistry,
  type SourceTriggerGiven,
  sourceTrigger,
  taskOf,
} from '../../worlds/triggerWorld.ts';

type World = ReturnType<typeof createWorld>;

const away = new SourceControlError('registering a webhook of team/app: github.com did not answer', {
  transient: true,
});
const noRight = new SourceControlError('registering a webhook of team/app: 404 Not Found. The token must …', {
  transient: false,
});
const address = 'https://plinth.example.com/webhooks/appacr/webapp/defaultSourceTriggerName';

const put = (world: World, ...triggers: SourceTriggerGiven[]) =>
  world.put('webapp', taskOf({ sourceTriggers: triggers.map(sourceTrigger) }));
const views = (world: World) => webhookViews(knownRegistry.name, 'webapp', world.ports);
const calls = (world: World) => world.hooks.calls.map(({ call, hook }) => `${call} ${hook.repositoryUrl}`);

test('a trigger with a token is registered with the task, and the hook is signed with its secret', async () => {
  const world = createWorld();
  await put(world, {});
  const [{ call, hook, token, secret }] = world.hooks.calls as [World['hooks']['calls'][number]];
  assert.deepEqual(
    [call, hook.url, hook.events, token],
    ['register', address, ['commit'], { token: 'pat-1', tokenType: 'PAT' }],
  );
  const trigger = 'defaultSourceTriggerName';
  assert.deepEqual(await views(world), [{ trigger, url: address, status: 'Registered' }]);
  assert.equal((await webhookViews(knownRegistry.name, 'webapp', world.ports, true))[0]?.secret, secret);
});

test('writing the task again asks for nothing new', async () => {
  const world = createWorld();
  await put(world, {});
  await put(world, { sourceRepository: { sourceControlAuthProperties: undefined } });
  await syncDueWebhooks(world.ports);
  assert.deepEqual(calls(world), ['register https://github.com/team/app.git']);
});

test('other events are brought to the hook, with the token that is there', async () => {
  const world = createWorld();
  await put(world, {});
  await world.patch('webapp', {
    properties: {
      trigger: {
        sourceTriggers: [
          { name: 'defaultSourceTriggerName', sourceTriggerEvents: ['commit', 'pullrequest'] },
        ],
      },
    },
  });
  assert.deepEqual(
    world.hooks.calls.map(({ hook }) => hook.events),
    [['commit'], ['commit', 'pullrequest']],
  );
});

test('another repository: the hook at the old one is removed', async () => {
  const world = createWorld();
  await put(world, {});
  await put(world, { sourceRepository: { repositoryUrl: 'https://github.com/team/other.git#main' } });
  assert.deepEqual(calls(world).sort(), [
    'register https://github.com/team/app.git',
    'register https://github.com/team/other.git',
    'remove https://github.com/team/app.git',
  ]);
  assert.equal((await views(world)).length, 1);
});

test('the hook goes with its trigger, and with its task', async () => {
  for (const go of [(world: World) => put(world), (world: World) => world.remove('webapp')]) {
    const world = createWorld();
    await put(world, {});
    await go(world);
    assert.deepEqual(calls(world).slice(1), ['remove https://github.com/team/app.git']);
    assert.deepEqual(await views(world), []);
  }
});

test('while GitHub is away the task is written all the same, and the clock tries again later and later', async () => {
  const world = createWorld();
  world.hooks.fail = away;
  await put(world, {});
  const [view] = await views(world);
  assert.equal(view?.status, 'Pending');
  assert.match(view!.message!, /did not answer/);
  await syncDueWebhooks(world.ports);
  assert.equal(world.hooks.calls.length, 1);
  for (const [time, tries] of [
    ['10:01:29', 1],
    ['10:01:31', 2],
    ['10:03:00', 2],
    ['10:03:32', 3],
  ] as const) {
    world.at(time);
    await syncDueWebhooks(world.ports);
    assert.equal(world.hooks.calls.length, tries, time);
  }
  world.hooks.fail = undefined;
  world.at('10:10:00');
  await syncDueWebhooks(world.ports);
  assert.equal((await views(world))[0]?.status, 'Registered');
});

test('a server that asks to be left alone is asked no sooner', async () => {
  const world = createWorld();
  world.hooks.fail = new SourceControlError('429', { transient: true, retryAfter: 300 });
  await put(world, {});
  for (const [time, tries] of [
    ['10:01:31', 1],
    ['10:04:00', 1],
    ['10:05:32', 2],
  ] as const) {
    world.at(time);
    await syncDueWebhooks(world.ports);
    assert.equal(world.hooks.calls.length, tries, time);
  }
});

test('a hook that could not be removed is removed by the clock after the task is gone', async () => {
  const world = createWorld();
  await put(world, {});
  world.hooks.fail = away;
  await world.remove('webapp');
  world.hooks.fail = undefined;
  world.at('10:05:00');
  await syncDueWebhooks(world.ports);
  assert.deepEqual(calls(world).slice(1), [
    'remove https://github.com/team/app.git',
    'remove https://github.com/team/app.git',
  ]);
  assert.deepEqual(await world.store.webhooks(knownRegistry.name), []);
});

test('what cannot be removed is told and forgotten', async () => {
  const world = createWorld();
  await put(world, {});
  world.hooks.fail = noRight;
  await world.remove('webapp');
  assert.deepEqual(await world.store.webhooks(knownRegistry.name), []);
  assert.ok(world.lines.some((line) => /may still be there; delete it by hand/.test(line)));
});

const byHand: [
  title: string,
  publicUrl: string,
  trigger: SourceTriggerGiven,
  fail: Error | undefined,
  message: RegExp,
][] = [
  [
    'no token',
    'https://plinth.example.com',
    { sourceRepository: { sourceControlAuthProperties: undefined } },
    undefined,
    /the trigger has no token.*https:\/\/github\.com\/team\/app\/settings\/hooks.*listDetails/,
  ],
  [
    'a private address',
    'https://localhost:7071',
    {},
    undefined,
    /https:\/\/localhost:7071 is no public https address \(PLINTH_PUBLIC_URL\)/,
  ],
  [
    'a token without the right',
    'https://plinth.example.com',
    {},
    noRight,
    /404 Not Found.*By hand: add a webhook/,
  ],
  [
    'Azure DevOps without a token',
    'https://plinth.example.com',
    {
      sourceTriggerEvents: ['pullrequest'],
      sourceRepository: {
        sourceControlType: 'VisualStudioTeamService',
        repositoryUrl: 'https://dev.azure.com/org/p/_git/app',
        sourceControlAuthProperties: undefined,
      },
    },
    undefined,
    /https:\/\/dev\.azure\.com\/org\/p\/_settings\/serviceHooks.*"Pull request created" and "Pull request updated"/,
  ],
];
for (const [title, publicUrl, trigger, fail, message] of byHand)
  test(`says what to do by hand: ${title}`, async () => {
    const world = createWorld({ publicUrl });
    world.hooks.fail = fail;
    await put(world, trigger);
    const [view] = await views(world);
    assert.equal(view?.status, 'ByHand');
    assert.match(view!.message!, message);
    assert.ok(view!.message!.includes(view!.url));
  });

test('a disabled trigger is registered once it is enabled', async () => {
  const world = createWorld();
  await put(world, { status: 'Disabled' });
  assert.deepEqual([(await views(world))[0]?.status, calls(world)], ['Off', []]);
  await put(world, {});
  assert.equal((await views(world))[0]?.status, 'Registered');
});

test('a right that was given meanwhile counts when the task is written again', async () => {
  const world = createWorld();
  world.hooks.fail = noRight;
  await put(world, {});
  world.hooks.fail = undefined;
  await put(world, {});
  assert.equal((await views(world))[0]?.status, 'Registered');
});

test('no row and no line of the log holds a token or a secret in the clear', async () => {
  const world = createWorld();
  world.hooks.fail = away;
  await put(world, {});
  const kept = JSON.stringify([
    await world.store.webhooks(knownRegistry.name),
    await world.store.tasks(knownRegistry.name),
    world.lines,
  ]);
  for (const secret of ['pat-1', world.hooks.calls[0]!.secret!]) assert.ok(!kept.includes(secret));
});

const urls: [url: string, isPublic: boolean][] = [
  ['https://plinth.azurewebsites.net', true],
  ['https://20.1.2.3', true],
  ['https://[2603:1030::1]', true],
  ['http://plinth.azurewebsites.net', false],
  ['https://localhost:7071', false],
  ['https://plinth', false],
  ['https://plinth.internal', false],
  ['https://10.0.0.4', false],
  ['https://172.20.0.1', false],
  ['https://192.168.1.2', false],
  ['https://169.254.169.254', false],
  ['https://100.100.0.1', false],
  ['https://[::1]', false],
  ['https://[fd00::1]', false],
  ['nonsense', false],
];
for (const [url, isPublic] of urls)
  test(`${url} is ${isPublic ? 'public' : 'not public'}`, () => assert.equal(isPublicUrl(url), isPublic));

test.run();
