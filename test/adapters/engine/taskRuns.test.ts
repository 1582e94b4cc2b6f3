import assert from 'node:assert/strict';
import { test } from 'uvu';
import { engineKeyOf } from '../../../shared/names/runId.ts';
import { type KeyedBuild, type RunEngine, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { scheduleSeconds } from '../../../shared/rules/timing.ts';
import { armSchema } from '../../doubles/armSchemas.ts';
import { type Answer, type FakeArm, ownRegistry, registryId, startFakeArm } from '../../doubles/fakeArm.ts';

let arm: FakeArm;
let engine: RunEngine;
test.before(async () => {
  arm = await startFakeArm();
  engine = arm.engineOf(ownRegistry, 'taskRuns');
});
test.after(() => arm.stop());

const registry = 'myregistry';
const key = engineKeyOf({ registry, runId: 'ca1', createTime: '2026-11-23T10:00:00.000Z' });
const request: KeyedBuild = {
  key,
  kind: 'Dockerfile',
  imageNames: ['app:ca1'],
  isPushEnabled: true,
  noCache: false,
  dockerFilePath: 'Dockerfile',
  arguments: [{ name: 'key', value: 'hush-argument', isSecret: true }],
  timeout: 3600,
  platform: { os: 'Linux', architecture: 'amd64' },
  source: 'source/201802130000/b52f12d8.tar.gz',
  usesOwnRegistry: true,
  logins: { 'baseacr.azurecr.io': { userName: 'token', password: 'hush-password' } },
  isArchiveEnabled: false,
};

const run = { properties: { runId: 'cf1', status: 'Queued' } };
const taskRun = (properties: object): Answer => ({ body: { name: key, properties } });
const made = taskRun({ provisioningState: 'Creating', runResult: run });
const taken: Answer = { status: 201, ...taskRun({ provisioningState: 'Creating' }) };
const none: Answer = { status: 404, body: { error: { code: 'TaskRunNotFound', message: 'x' } } };
const lost: Answer = { hangsUp: true };
const refused = (status: number, code: string, headers = {}): Answer => ({
  status,
  headers,
  body: { error: { code, message: 'No.' } },
});

/** Starts a build as the flow does: a try that may have been heard is looked for before the next. */
async function started(): Promise<{ runId?: string; faults: RunEngineError[] }> {
  const faults: RunEngineError[] = [];
  while (faults.length < 3)
    try {
      const found = faults.length > 0 ? await engine.find(registry, key) : undefined;
      return { runId: (found ?? (await engine.schedule(registry, request))).runId, faults };
    } catch (error) {
      assert.ok(error instanceof RunEngineError, String(error));
      faults.push(error);
      if (!error.transient) break;
    }
  return { faults };
}

/** Each: what Azure answers to PUT, GET and DELETE in turn (the last one stays), and what it comes to. */
const starts: [
  title: string,
  answers: { put: Answer[]; get?: Answer[]; remove?: Answer[] },
  comesTo: { puts: number; found?: false; says?: RegExp; retryAfter?: number },
][] = [
  ['the answer has the run', { put: [{ status: 201, ...made }] }, { puts: 1 }],
  ['the run is made in a moment', { put: [taken], get: [taken, made] }, { puts: 1 }],
  ['202 without a body', { put: [{ status: 202, body: '' }], get: [made] }, { puts: 1 }],
  ['404 at first after PUT', { put: [taken], get: [none, none, made] }, { puts: 1 }],
  ['the answer to PUT is lost', { put: [lost], get: [made] }, { puts: 1, says: /did not answer/ }],
  [
    'the answer to PUT is lost, and 404 at first',
    { put: [lost], get: [none, none, made] },
    { puts: 1, says: /did not answer/ },
  ],
  [
    'the answer to PUT is lost, then that to GET',
    { put: [lost], get: [lost, made] },
    { puts: 1, says: /did not answer/ },
  ],
  ['PUT was not heard', { put: [lost, made], get: [none] }, { puts: 2, says: /did not answer/ }],
  [
    '429',
    { put: [refused(429, 'TooManyRequests', { 'retry-after': '17' }), made], get: [none] },
    { puts: 2, says: /429/, retryAfter: 17 },
  ],
  ['503 of a PUT that was heard', { put: [refused(503, 'Busy')], get: [made] }, { puts: 1, says: /503/ }],
  ['500 of a GET', { put: [taken], get: [refused(500, 'Oops'), made] }, { puts: 1, says: /500/ }],
  ['another is at it', { put: [refused(409, 'Conflict')], get: [taken, made] }, { puts: 1, says: /409/ }],
  [
    'the quota is used up for a while',
    { put: [refused(403, 'QuotaExceeded'), made], get: [none] },
    { puts: 2, says: /QuotaExceeded.*az acr taskrun list.*PLINTH_RUN_ENGINE to scheduleRun/ },
  ],
  [
    'it is deleted meanwhile',
    { put: [taken, made], get: [none] },
    { puts: 2, says: /taken and no run was made/ },
  ],
  [
    'Azure fails it without a run',
    { put: [taskRun({ provisioningState: 'Failed' }), made], get: [none], remove: [{ status: 200 }] },
    { puts: 2, says: /Failed without a run/ },
  ],
  [
    'a page of a proxy',
    { put: [{ body: '<html>' }], get: [made] },
    { puts: 1, says: /not JSON. Is PLINTH_ARM_ENDPOINT right/ },
  ],
  [
    'the right is missing',
    {
      put: [
        {
          status: 403,
          body: {
            error: {
              code: 'AuthorizationFailed',
              message: 'no Microsoft.ContainerRegistry/registries/taskruns/write',
            },
          },
        },
      ],
    },
    { puts: 1, found: false, says: /Tasks Contributor.*PLINTH_RUN_ENGINE to scheduleRun/ },
  ],
  ['no such registry', { put: [none] }, { puts: 1, found: false, says: /404/ }],
];
for (const [title, { put, get = [none], remove = [none] }, comesTo] of starts)
  test(`a start as a taskRun asks ${comesTo.puts === 1 ? 'once' : 'again'} for its build: ${title}`, async () => {
    const [PUT, GET, DELETE] = [put, get, remove].map((answers) => [...answers]);
    arm.answers({ [`PUT /${key}`]: PUT!, [`GET /${key}`]: GET!, [`DELETE /${key}`]: DELETE! });
    const { runId, faults } = await started();
    assert.equal(runId, comesTo.found === false ? undefined : 'cf1');
    assert.equal(arm.asked.filter(({ method }) => method === 'PUT').length, comesTo.puts);
    if (!comesTo.says) assert.deepEqual(faults, []);
    else assert.match(faults[0]!.message, comesTo.says);
    assert.equal(faults[0]?.retryAfter, comesTo.retryAfter);
    for (const fault of faults) assert.doesNotMatch(`${fault.message} ${fault.stack}`, /hush/);
  });

test('the request is in a form that Microsoft’s schema takes, at the first version that has taskRuns', async () => {
  arm.answers({ [`PUT /${key}`]: made });
  await engine.schedule(registry, request);
  const [asked] = arm.asked;
  assert.equal(asked!.path, `${registryId}/taskRuns/${key}`);
  assert.equal(asked!.query.get('api-version'), '2019-06-01-preview');
  const { properties } = JSON.parse(asked!.body);
  assert.deepEqual(armSchema('TaskRunProperties')(properties), []);
  assert.ok(
    armSchema('TaskRunProperties')({ runRequest: { ...properties.runRequest, timeout: 1 } }).length > 0,
  );
});

test('a registry whose rights are given by repository needs the newest version', async () => {
  arm.answers({ [`PUT /${key}`]: made });
  await arm.engineOf({ ...ownRegistry, usesAbac: true }, 'taskRuns').schedule(registry, request);
  assert.equal(arm.asked[0]!.query.get('api-version'), '2025-03-01-preview');
});

test('a start ends in its time, however slow Azure is with each answer', async () => {
  arm.answers({ [`PUT /${key}`]: taken, [`GET /${key}`]: taken });
  const real = Date.now;
  // Each question takes twenty seconds.
  Date.now = () => real() + arm.asked.length * 20_000;
  try {
    await assert.rejects(engine.schedule(registry, request), /taken and no run was made/);
  } finally {
    Date.now = real;
  }
  assert.ok(arm.asked.length * 20 <= scheduleSeconds + 40, `${arm.asked.length} questions`);
});

test('where nothing was started, nothing is found', async () => {
  arm.answers({ [`GET /${key}`]: none });
  assert.equal(await engine.find(registry, key), undefined);
  assert.deepEqual(arm.waits, [1, 2, 4]);
});

const removals: [title: string, answer: Answer, isDone: boolean][] = [
  ['200', {}, true],
  ['202', { status: 202 }, true],
  ['204', { status: 204 }, true],
  ['gone already', none, true],
  ['a role that is missing', refused(403, 'AuthorizationFailed'), false],
  ['no answer', lost, false],
];
for (const [title, answer, isDone] of removals)
  test(`a taskRun ${isDone ? 'is' : 'cannot be'} removed: ${title}`, async () => {
    arm.answers({ [`DELETE /${key}`]: answer });
    if (isDone) await engine.forget(registry, key);
    else await assert.rejects(engine.forget(registry, key), RunEngineError);
  });

const unremovable: [title: string, answer: Answer][] = [
  ['a role that is missing', refused(403, 'AuthorizationFailed')],
  ['a lock on the registry', refused(409, 'ScopeLocked')],
  ['it is gone already', none],
  ['Azure is busy', refused(429, 'TooManyRequests')],
  ['Azure fails', refused(500, 'InternalServerError')],
  ['no answer', lost],
];
for (const [title, answer] of unremovable)
  test(`why a build did not begin is said, though its taskRun cannot be removed: ${title}`, async () => {
    const failed = taskRun({ provisioningState: 'Failed' });
    arm.answers({ [`PUT /${key}`]: taken, [`GET /${key}`]: failed, [`DELETE /${key}`]: answer });
    await assert.rejects(
      engine.schedule(registry, request),
      (error) =>
        error instanceof RunEngineError &&
        error.transient &&
        /Azure ended it as Failed without a run/.test(error.message),
    );
  });

const page = (names: string[], nextLink?: string): Answer => ({
  body: { value: names.map((name) => ({ name, properties: {} })), ...(nextLink && { nextLink }) },
});
const lists: [title: string, script: () => Record<string, Answer>, names: string[] | RegExp][] = [
  ['none', () => ({ 'GET /taskRuns': page([]) }), []],
  ['one page', () => ({ 'GET /taskRuns': page([key, 'mine']) }), [key, 'mine']],
  [
    'two pages',
    () => ({
      'GET /taskRuns': page([key], `${arm.address}/more?$skipToken=a`),
      'GET /more': page(['mine']),
    }),
    [key, 'mine'],
  ],
  [
    'a next page at another address',
    () => ({ 'GET /taskRuns': page([key], 'https://example.com/more') }),
    /an address that is not its own/,
  ],
  ['a role that is missing', () => ({ 'GET /taskRuns': refused(403, 'AuthorizationFailed') }), /403/],
  ['a registry that is gone', () => ({ 'GET /taskRuns': refused(404, 'ResourceNotFound') }), /404/],
  ['a page of a proxy', () => ({ 'GET /taskRuns': { body: 'Welcome' } }), /listing the taskRuns/],
];
for (const [title, script, names] of lists)
  test(`taskRuns are listed: ${title}`, async () => {
    arm.answers(script());
    if (Array.isArray(names)) assert.deepEqual(await engine.keys(registry), names);
    else await assert.rejects(engine.keys(registry), names);
    for (const { headers } of arm.asked) assert.ok(headers.authorization);
  });

const times = ['2026-11-23T10:00:00.000Z', '2026-11-23T10:00:00.001Z'];
test('a key is the same for each try, another for each run, and a name that ARM takes', () => {
  const keys = ['baseacr', 'appacr'].flatMap((of) =>
    ['ca1', 'cazzzzzz'].flatMap((runId) =>
      times.map((createTime) => engineKeyOf({ registry: of, runId, createTime })),
    ),
  );
  assert.equal(new Set(keys).size, 8);
  for (const name of keys) assert.match(name, /^[a-zA-Z0-9-]{5,50}$/);
  assert.equal(key, engineKeyOf({ registry, runId: 'ca1', createTime: times[0]! }));
});

test('scheduleRun keeps no keys: nothing is found, and nothing asked to be removed', async () => {
  arm.answers({});
  assert.equal(arm.engine.keepsKeys, false);
  assert.equal(await arm.engine.find(registry, key), undefined);
  await arm.engine.forget(registry, key);
  assert.deepEqual(await arm.engine.keys(registry), []);
  assert.deepEqual(arm.asked, []);
});

test.run();
