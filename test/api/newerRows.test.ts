import assert from 'node:assert/strict';
import { test } from 'uvu';
import { endRun } from '../../shared/flow/finish/endRun.ts';
import { followRun } from '../../shared/flow/finish/followRun.ts';
import { startRun } from '../../shared/flow/start/startRun.ts';
import { syncTaskWebhooks } from '../../shared/flow/webhooks/syncWebhooks.ts';
import { without } from '../../shared/model/without.ts';
import { unknownOf, withUnknown } from '../../shared/ports/unknownParts.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';

type Row = Record<string, any>;
const step = {
  type: 'Docker',
  contextPath: 'https://git.example.com/hello.git',
  dockerFilePath: 'Dockerfile',
  imageNames: ['hello:1'],
};
const commits = {
  name: 'commits',
  sourceTriggerEvents: ['commit'],
  sourceRepository: {
    sourceControlType: 'Github',
    repositoryUrl: 'https://github.com/contoso/app',
    sourceControlAuthProperties: { tokenType: 'PAT', token: 'hidden', refreshToken: 'hidden too' },
  },
};
const definition = (timeout = 3600) => ({
  location: 'x',
  properties: {
    timeout,
    step,
    credentials: {
      customRegistries: { 'a.azurecr.io': { userName: { value: 'u' }, password: { value: 'p' } } },
    },
    trigger: { sourceTriggers: [commits], timerTriggers: [{ name: 't', schedule: '0 1 * * *' }] },
  },
});

/** A task with a webhook, a run of it, and in each row and each object of it a field of a newer version. */
async function newerWorld() {
  const api = createApiWorld();
  const { world, main, call } = api;
  const base = world.task('hello', ['docker.io/library/base:1']);
  assert.equal(base.properties.step.contextPath, step.contextPath);
  world.push('docker.io/library/base:1');
  await call('tasks-create', { task: 'hello' }, definition());
  const run = await call('registries-schedule-run', {}, { type: 'TaskRunRequest', taskId: 'hello' });
  assert.equal(run.status, 200, JSON.stringify(run.body));
  const runId: string = run.body.name;
  const kinds = { task: 'task', state: 'state', run: 'run', webhook: 'webhook' };
  const keyOf = (kind: keyof typeof kinds) =>
    main
      .keys('appacr')
      .filter((key) => key.startsWith(kind))
      .at(-1)!;
  const documentOf = (kind: keyof typeof kinds): Row =>
    JSON.parse(String(main.row('appacr', keyOf(kind))!.json0));
  const soil = () => {
    for (const kind of ['task', 'state', 'run', 'webhook'] as const) {
      const document = documentOf(kind);
      for (const place of placesOf(kind, document)) place.addedByNewer = { secret: 'newer-secret' };
      main.change('appacr', keyOf(kind), { json0: JSON.stringify(document) });
    }
  };
  return { ...api, runId, documentOf, soil };
}

function placesOf(kind: string, document: Row): Row[] {
  const { properties, platform, hook, timers = [] } = document;
  if (kind === 'run') return [document, platform];
  if (kind === 'state') return [document, platform, ...timers];
  if (kind === 'webhook') return [document, hook];
  return [
    document,
    properties,
    properties.step,
    properties.trigger,
    ...properties.trigger.sourceTriggers,
    properties.trigger.timerTriggers.find(({ name }: Row) => name === 't'),
    properties.credentials.customRegistries['a.azurecr.io'],
  ];
}

type World = Awaited<ReturnType<typeof newerWorld>>;
const claim = async ({ ports, runId }: World) => startRun({ registry: 'appacr', runId }, ports);
const claimed = async (world: World) => {
  await claim(world);
  world.soil();
};
const ok = ({ status, body }: { status: number; body: unknown }) =>
  assert.equal(status, 200, JSON.stringify(body));
const other = { name: 'second', schedule: '0 2 * * *' };

const writers: [title: string, write: (world: World) => Promise<unknown>, wrote: (keyof Kinds)[]][] = [
  [
    'a PUT of another definition',
    async ({ call }) => ok(await call('tasks-create', { task: 'hello' }, definition(600))),
    ['task', 'state', 'webhook'],
  ],
  [
    'a PUT with another timer before',
    async ({ call }) => {
      const more = definition();
      more.properties.trigger.timerTriggers.unshift(other);
      ok(await call('tasks-create', { task: 'hello' }, more));
    },
    ['task', 'state', 'webhook'],
  ],
  [
    'a PUT of what a GET answered',
    async ({ call }) => {
      const got = await call('tasks-get', { task: 'hello' });
      ok(await call('tasks-create', { task: 'hello' }, got.body));
    },
    [],
  ],
  [
    'a PUT of what listDetails answered',
    async ({ call }) => {
      const got = await call('tasks-list-details', { task: 'hello' });
      ok(await call('tasks-create', { task: 'hello' }, got.body));
    },
    ['task', 'state', 'webhook'],
  ],
  [
    'a PATCH',
    async ({ call }) => ok(await call('tasks-update', { task: 'hello' }, { properties: { timeout: 700 } })),
    ['task', 'state', 'webhook'],
  ],
  [
    'another run that is queued',
    async ({ call }) =>
      ok(await call('registries-schedule-run', {}, { type: 'TaskRunRequest', taskId: 'hello' })),
    ['state'],
  ],
  ['the claim of a run', claim, ['run', 'state']],
  [
    'the end of a run',
    ({ ports, runId }) => endRun('appacr', runId, { status: 'Failed' }, ports),
    ['run', 'state'],
  ],
  [
    'the end of a run that was built',
    async (world) => {
      await claimed(world);
      world.world.end(world.world.builds[0]!, 'Succeeded');
      const { followAt: at } = (await world.ports.store.run('appacr', world.runId))!.value;
      await followRun({ registry: 'appacr', runId: world.runId, at: at! }, world.ports);
    },
    ['run', 'state'],
  ],
  [
    'the next question to the engine',
    async (world) => {
      await claimed(world);
      const { followAt: at } = (await world.ports.store.run('appacr', world.runId))!.value;
      world.world.pass(1);
      await followRun({ registry: 'appacr', runId: world.runId, at: at! }, world.ports);
    },
    ['run'],
  ],
  ['a cancel', async ({ call, runId }) => ok(await call('runs-cancel', { run: runId })), ['run', 'state']],
  [
    'a PATCH of a run',
    async ({ call, runId }) => ok(await call('runs-update', { run: runId }, { isArchiveEnabled: true })),
    ['run'],
  ],
  [
    'the registration of a webhook',
    async ({ call, ports }) => {
      const on = { ...commits, status: 'Disabled' };
      ok(
        await call('tasks-update', { task: 'hello' }, { properties: { trigger: { sourceTriggers: [on] } } }),
      );
      await syncTaskWebhooks('appacr', 'hello', ports);
    },
    ['task', 'state', 'webhook'],
  ],
];
interface Kinds {
  task: Row;
  state: Row;
  run: Row;
  webhook: Row;
}

for (const [title, write, wrote] of writers)
  test(`what a newer version wrote survives ${title}, and no answer shows it`, async () => {
    const world = await newerWorld();
    world.soil();
    const before = (kind: keyof Kinds) => JSON.stringify(world.documentOf(kind));
    const old = {
      task: before('task'),
      state: before('state'),
      run: before('run'),
      webhook: before('webhook'),
    };
    await write(world);
    for (const kind of ['task', 'state', 'run', 'webhook'] as const) {
      const after = world.documentOf(kind);
      if (wrote.includes(kind) && title !== 'a PUT of what listDetails answered' && kind !== 'webhook')
        assert.notEqual(JSON.stringify(after), old[kind], `${kind} was written`);
      for (const [at, place] of placesOf(kind, after).entries())
        if (!(kind === 'state' && place.name === other.name))
          assert.deepEqual(place.addedByNewer, { secret: 'newer-secret' }, `${kind}, place ${at}`);
    }
    const { call, runId } = world;
    for (const [name, params] of [
      ['registries-get', {}],
      ['tasks-list', {}],
      ['tasks-get', { task: 'hello' }],
      ['tasks-list-details', { task: 'hello' }],
      ['tasks-decisions', { task: 'hello' }],
      ['tasks-plan', { task: 'hello' }],
      ['runs-list', {}],
      ['runs-get', { run: runId }],
    ] as const) {
      const answer = await call(name, params);
      ok(answer);
      assert.doesNotMatch(JSON.stringify(answer.body), /newer/i, name);
    }
  });

const moves: [title: string, change: object, place: (task: Row) => Row][] = [
  [
    'a context of another server',
    { step: { type: 'Docker', contextPath: 'https://other.example.com/hello.git' } },
    ({ step }) => step,
  ],
  [
    'a repository of another server',
    {
      trigger: {
        sourceTriggers: [
          { name: 'commits', sourceRepository: { repositoryUrl: 'https://github.example.com/contoso/app' } },
        ],
      },
    },
    ({ trigger }) => trigger.sourceTriggers[0].sourceRepository,
  ],
  ['a step of another type', { step: { type: 'FileTask', taskFilePath: 'acb.yaml' } }, ({ step }) => step],
];
for (const [title, change, place] of moves)
  test(`what a newer version wrote is not taken along to ${title}`, async () => {
    const { call, main } = await newerWorld();
    const key = main.keys('appacr').find((one) => one.startsWith('task'))!;
    const read = () => JSON.parse(String(main.row('appacr', key)!.json0));
    const task = read();
    place(task.properties).addedByNewer = 'newer-secret';
    main.change('appacr', key, { json0: JSON.stringify(task) });
    ok(await call('tasks-update', { task: 'hello' }, { properties: change }));
    assert.equal('addedByNewer' in place(read().properties), false);
  });

const image = (repository: string, tag: string | undefined, digest: string, more = {}) => ({
  registry: 'appacr.azurecr.io',
  repository,
  ...(tag && { tag }),
  digest,
  ...more,
});
const fault = (what: string, reason: string, more = {}) => ({ what, reason, ...more });
const newer = { newer: 1 };
/** Each: a list as a newer version stored it, as this version writes it again, and what stands in the row then. */
const lists: [title: string, stored: object[], written: object[], kept: object[]][] = [
  [
    'images in another order',
    [image('a', '1', 'x', newer), image('b', '1', 'y')],
    [image('b', '1', 'y'), image('a', '1', 'x')],
    [image('b', '1', 'y'), image('a', '1', 'x', newer)],
  ],
  [
    'an image with a new digest, at the end',
    [image('a', '1', 'x', newer), image('b', '1', 'y')],
    [image('b', '1', 'y'), image('a', '1', 'z')],
    [image('b', '1', 'y'), image('a', '1', 'z', newer)],
  ],
  [
    'an image in the place of another',
    [image('a', '1', 'x', newer), image('b', '1', 'y')],
    [image('c', '1', 'x'), image('b', '1', 'y')],
    [image('c', '1', 'x'), image('b', '1', 'y')],
  ],
  [
    'two tags of one repository, exchanged',
    [image('a', '1', 'x', newer), image('a', '2', 'y')],
    [image('a', '2', 'y'), image('a', '1', 'x')],
    [image('a', '2', 'y'), image('a', '1', 'x', newer)],
  ],
  [
    'one image fewer',
    [image('a', '1', 'x'), image('b', '1', 'y', newer)],
    [image('b', '1', 'y')],
    [image('b', '1', 'y', newer)],
  ],
  [
    'an image without a tag',
    [image('a', undefined, 'x', newer), image('b', '1', 'y')],
    [image('b', '1', 'y'), image('a', undefined, 'x')],
    [image('b', '1', 'y'), image('a', undefined, 'x', newer)],
  ],
  [
    'faults of which the first is over',
    [fault('one', 'r'), fault('two', 'r', newer)],
    [fault('two', 's')],
    [fault('two', 's', newer)],
  ],
];
for (const [title, stored, written, kept] of lists)
  test(`what a newer version says of an entry stays with it: ${title}`, () => {
    const read = stored.map((entry) => without(entry as typeof newer, 'newer'));
    assert.deepEqual(withUnknown(written, unknownOf(stored, read)), kept);
  });

test.run();
