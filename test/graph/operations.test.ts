import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import { formatRunId } from '../../shared/names/runId.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';
import { sampleRun, sampleState } from '../doubles/storeContract.ts';

const base = 'baseacr.azurecr.io/base:1';
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const time = '2026-11-23T10:00:00.000Z';

type Api = ReturnType<typeof createApiWorld>;

/** A registry with tasks task-000 and on, each built on the base image. */
async function withTasks(api: Api, count: number) {
  for (let at = 0; at < count; at++) {
    const pin = { image: base, type: 'RunTime' as const, digest: digestOf('a') };
    const task = `task-${String(at).padStart(3, '0')}`;
    const value = {
      ...sampleState('appacr', task),
      bases: [{ ...pin, pinnedAt: time }],
      built: { runId: 'ca1', pins: [pin] },
    };
    await api.ports.store.commit('appacr', [{ put: 'state', value }]);
    await api.ports.store.changeEdges(
      { registry: 'appacr', task },
      { bases: [base], outputs: [] },
      { bases: [], outputs: [] },
    );
  }
  return api;
}

/** An event of a push of the base image. */
const pushed = (id: string, letter: string, timestamp: string) => ({
  id,
  eventType: 'Microsoft.ContainerRegistry.ImagePushed',
  topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/baseacr',
  eventTime: timestamp,
  data: {
    id,
    timestamp,
    action: 'push',
    target: {
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      digest: digestOf(letter),
      repository: 'base',
      tag: '1',
    },
    request: { host: 'baseacr.azurecr.io', method: 'PUT' },
  },
});

test('the registries come with how many runs each may have, and who asks', async () => {
  const { call } = createApiWorld();
  const { body } = await call('registries-list');
  assert.deepEqual(
    body.registries.map(({ name, loginServer }: any) => [name, loginServer]),
    [
      ['appacr', 'appacr.azurecr.io'],
      ['baseacr', 'baseacr.azurecr.io'],
    ],
  );
  assert.equal(body.runsAtOnce, 10);
  assert.deepEqual(body.you, {
    by: 'FunctionKey',
    roles: ['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge'],
  });
});

test('the graph of a registry comes page by page, in the order of the names', async () => {
  const { call } = await withTasks(createApiWorld(), 5);
  const seen: string[] = [];
  for (let after = ''; ; ) {
    const { body } = await call(`graph-get?registry=APPACR&$top=2${after && `&after=${after}`}`);
    assert.deepEqual(body.images, [base]);
    seen.push(...body.tasks.map(({ task }: any) => task));
    if (body.next === undefined) break;
    after = body.next;
  }
  assert.deepEqual(seen, ['task-000', 'task-001', 'task-002', 'task-003', 'task-004']);
});

test('some tasks come in whatever case they are named, and those that are not there are left out', async () => {
  const { call } = await withTasks(createApiWorld(), 5);
  const { body } = await call('graph-get?registry=appacr&task=TASK-003&task=nothing-here&task=task-003');
  assert.deepEqual(
    body.tasks.map(({ task }: any) => task),
    ['task-003'],
  );
});

test('what is said of a digest, and taken back, is in what is held at once', async () => {
  const { call } = await withTasks(createApiWorld(), 1);
  const said = async () => (await call('held-list')).body.judgements.map(({ verdict }: any) => verdict);
  const body = { image: base, digest: digestOf('a'), reason: 'CVE-2026-1' };
  const steps: [operation: string, then: string[]][] = [
    ['quarantine', ['quarantined']],
    ['release', []],
    ['admit', ['admitted']],
    ['release', []],
  ];
  assert.deepEqual(await said(), []);
  for (const [operation, then] of steps) {
    assert.equal((await call(operation, {}, body)).status, 200, operation);
    assert.deepEqual(await said(), then, operation);
  }
});

const refused: [title: string, operation: string, status: number, says: RegExp][] = [
  ['a graph without a registry', 'graph-get', 404, /The registry '' is not configured/],
  ['a graph of another registry', 'graph-get?registry=other', 404, /'other' is not configured/],
  ['a graph of no tasks', 'graph-get?registry=appacr&$top=0', 400, /\$top is a whole number/],
  ['too many tasks', 'graph-get?registry=appacr&$top=1001', 400, /from 1 to 1000/],
  ['half a task', 'graph-get?registry=appacr&$top=1.5', 400, /whole number/],
  [
    'a key that no key is',
    'graph-get?registry=appacr&after=a%00b',
    400,
    /after is taken from the answer before/,
  ],
  [
    'a task that is no name',
    "graph-get?registry=appacr&task=a'%20or%20true",
    400,
    /task is the name of a task/,
  ],
  ['51 tasks', `graph-get?registry=appacr${'&task=abcde'.repeat(51)}`, 400, /50 times at most/],
  ['a day that is none', 'pushes-list?day=2026-02-30', 400, /day is a day in UTC/],
  ['a day that is a path', 'pushes-list?day=../..', 400, /day is a day in UTC/],
  ['a token with a blank', 'pushes-list?$skipToken=a%20b', 400, /\$skipToken is taken/],
  ['decisions from a number on that are not a key', 'tasks-decisions?$top=x', 400, /\$top is a whole number/],
  ['the why of a task that is not there', 'tasks-why', 404, /There is no task 'task1'/],
];
for (const [title, operation, status, says] of refused)
  test(`${title}: ${status}`, async () => {
    const { call } = createApiWorld();
    const answer = await call(operation, { task: 'task1' });
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.match(answer.body.error.message, says);
  });

test('a push makes a task stale until its run has succeeded; the day lists it, live shows its run, why says so', async () => {
  const api = await withTasks(createApiWorld(), 2);
  const { call, event, world } = api;
  // No slot is free: what is queued stays so.
  api.ports.settings.runsPerRegistry = 0;
  assert.deepEqual((await call('stale-list')).body, { value: [], unread: [] });
  const at = new Date(world.now()).toISOString();
  await event('imagePushed', pushed('11111111-1111-4111-8111-111111111111', 'b', at));
  world.pass(11);

  const stale = (await call('stale-list')).body.value;
  assert.deepEqual(
    stale.map(({ task, because, since, push, builtOn, now }: any) => [
      task,
      because,
      since,
      push,
      builtOn,
      now,
    ]),
    [
      [
        'task-000',
        'queued',
        at,
        '11111111-1111-4111-8111-111111111111',
        digestOf('a').slice(0, 19),
        digestOf('b').slice(0, 19),
      ],
      [
        'task-001',
        'queued',
        at,
        '11111111-1111-4111-8111-111111111111',
        digestOf('a').slice(0, 19),
        digestOf('b').slice(0, 19),
      ],
    ],
  );
  const why = (await call('tasks-why', { task: 'TASK-000' })).body;
  assert.match(why.says, /task-000 is stale on baseacr.azurecr.io\/base:1 since .*: run c\w+ is queued\./);

  const { value } = (await call(`pushes-list?day=${at.slice(0, 10)}`)).body;
  assert.deepEqual(value, [
    {
      id: '11111111-1111-4111-8111-111111111111',
      image: base,
      digest: digestOf('b'),
      time: at,
      decided: { started: 2, merged: 0, waits: 0, skipped: 0, held: 0 },
    },
  ]);
  const live = (await call('live-get')).body.registries;
  assert.deepEqual(
    live.map(({ name, runs }: any) => [name, runs.length]),
    [
      ['appacr', 2],
      ['baseacr', 0],
    ],
  );
  assert.deepEqual(
    [live[0].runs[0].status, live[0].runs[0].push, live[0].queued.length],
    ['Queued', '11111111-1111-4111-8111-111111111111', 2],
  );
});

test('a push that a disabled task is not rebuilt for makes it stale all the same', async () => {
  const api = await withTasks(createApiWorld(), 1);
  const stored = (await api.ports.store.state('appacr', 'task-000'))!;
  await api.ports.store.commit('appacr', [
    { put: 'state', value: { ...stored.value, enabled: false }, etag: stored.etag },
  ]);
  const at = new Date(api.world.now()).toISOString();
  for (const id of [
    '11111111-1111-4111-8111-111111111111',
    '11111111-1111-4111-8111-111111111111',
    '22222222-2222-4222-8222-222222222222',
  ])
    await api.event('imagePushed', pushed(id, 'b', at));
  const [stale] = (await api.call('stale-list')).body.value;
  assert.deepEqual([stale.because, stale.push], ['disabled', '11111111-1111-4111-8111-111111111111']);
  const { body } = await api.call('tasks-decisions', { task: 'task-000' });
  assert.equal(body.value.length, 2);
});

test('a registry that cannot be read says so in live, and the others are shown', async () => {
  const { call, ports } = createApiWorld();
  await ports.store.commit('appacr', [{ put: 'run', value: sampleRun('appacr', formatRunId('appacr', 1)) }]);
  const { pace } = ports.store;
  ports.store.pace = async (registry) => {
    if (registry === 'baseacr') throw new Error('secret reason');
    return pace(registry);
  };
  const { body } = await call('live-get');
  assert.deepEqual(
    body.registries.map(({ name, fault, runs }: any) => [name, fault !== undefined, runs.length]),
    [
      ['appacr', false, 1],
      ['baseacr', true, 0],
    ],
  );
  assert.doesNotMatch(JSON.stringify(body), /secret/);
});

test('a task whose row cannot be read is left out of a plan, the graph and what is stale, and named', async () => {
  const { call, main } = await withTasks(createApiWorld(), 3);
  for (const name of Object.keys(main.row('appacr', 'state!task-001')!))
    if (/json|document|data/i.test(name)) main.change('appacr', 'state!task-001', { [name]: '{' });
  const { body: plan } = await call('plan', { registry: 'baseacr' }, { image: 'base:1' });
  assert.deepEqual(
    plan.waves[0].tasks.map(({ task }: any) => task),
    ['task-000', 'task-002'],
  );
  assert.deepEqual(
    plan.skipped.map(({ task }: any) => task),
    ['task-001'],
  );
  const { body: graph } = await call('graph-get?registry=appacr');
  assert.deepEqual([graph.tasks.length, graph.unread.length], [2, 1]);
  const { body: named } = await call('graph-get?registry=appacr&task=task-000&task=task-001');
  assert.deepEqual([named.tasks.length, named.unread.length], [1, 1]);
  assert.equal((await call('stale-list')).body.unread.length, 1);
});

test('within two seconds live is read once, however many look, and after a failure again', async () => {
  const { call, main, world } = createApiWorld();
  await Promise.all(Array.from({ length: 20 }, () => call('live-get')));
  assert.equal(main.calls.length, 6);
  world.pass(2.1);
  await call('live-get');
  assert.equal(main.calls.length, 12);
});

const tags: [title: string, header: (tag: string) => string, status: number][] = [
  ['the same tag', (tag) => tag, 304],
  ['the same tag as a strong one', (tag) => tag.slice(2), 304],
  ['one of a list', (tag) => `"other", ${tag}`, 304],
  ['any', () => '*', 304],
  ['another tag', () => 'W/"other"', 200],
  ['a part of the tag', (tag) => `${tag.slice(0, -4)}"`, 200],
  ['no tag', () => '', 200],
];
for (const [title, header, status] of tags)
  test(`${title} in If-None-Match: ${status}`, async () => {
    const { call } = await withTasks(createApiWorld(), 1);
    const first = await call('graph-get?registry=appacr');
    const again = await call('graph-get?registry=appacr', {}, undefined, {
      'if-none-match': header(first.headers!.etag!),
    });
    assert.equal(again.status, status);
    assert.equal(again.body === undefined, status === 304);
    assert.equal(again.headers!.etag, first.headers!.etag);
    assert.equal(again.headers!['cache-control'], 'private, no-cache');
  });

const encodings: [title: string, header: string, gzipped: boolean][] = [
  ['gzip', 'gzip', true],
  ['gzip among others', 'deflate, GZIP;q=0.5, br', true],
  ['anything', '*', true],
  ['gzip refused', 'gzip;q=0', false],
  ['gzip refused to three digits', 'gzip; q=0.000', false],
  ['only br', 'br', false],
  ['nothing', '', false],
];
for (const [title, header, gzipped] of encodings)
  test(`a caller that takes ${title} gets JSON ${gzipped ? 'in gzip' : 'as it is'}`, async () => {
    const { call } = await withTasks(createApiWorld(), 40);
    const plain = await call('graph-get?registry=appacr');
    const answer = await call('graph-get?registry=appacr', {}, undefined, { 'accept-encoding': header });
    assert.equal(answer.headers!['content-encoding'], gzipped ? 'gzip' : undefined);
    assert.equal(answer.headers!.etag, plain.headers!.etag);
    const body = gzipped ? JSON.parse(gunzipSync(answer.bytes).toString()) : answer.body;
    assert.deepEqual(body, plain.body);
  });

test('an answer to a write has no tag, and an error none either', async () => {
  const { call, world } = createApiWorld();
  world.push(base);
  const put = await call('tasks-create', { task: 'hello' }, world.task('hello', [base]));
  const run = await call('registries-schedule-run', {}, { type: 'TaskRunRequest', taskId: 'hello' });
  const missing = await call('tasks-get', { task: 'nothing' });
  assert.deepEqual(
    [put, run, missing].map(({ headers }) => headers?.etag),
    [undefined, undefined, undefined],
  );
});

test.run();
