import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { audienceOf } from '../../../shared/adapters/engine/armClient.ts';
import { createArmRunEngine } from '../../../shared/adapters/engine/armRunEngine.ts';
import { toRunRequest } from '../../../shared/adapters/engine/runRequest.ts';
import { type KeyedBuild, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { claimSeconds, scheduleSeconds } from '../../../shared/rules/timing.ts';
import { armSchema, examples } from '../../doubles/armSchemas.ts';
import { type Answer, type FakeArm, registryId, startFakeArm } from '../../doubles/fakeArm.ts';

let arm: FakeArm;
test.before(async () => {
  arm = await startFakeArm();
});
test.after(() => arm.stop());

const official = examples('RegistriesScheduleRun.json')[0]!.answers;
const place = examples('RegistriesGetBuildSourceUploadUrl')[0]!.answers;
const runId = '0accec26-d6de-4757-8e74-d080f38eaaab';
const request: KeyedBuild = {
  key: 'plinth-ca1-0123456789ab',
  kind: 'Dockerfile',
  imageNames: ['app:ca1'],
  isPushEnabled: true,
  noCache: false,
  dockerFilePath: 'Dockerfile',
  target: 'web',
  arguments: [{ name: 'key', value: 'hush-argument', isSecret: true }],
  timeout: 3600,
  platform: { os: 'Linux', architecture: 'amd64' },
  cpu: 2,
  source: 'source/201802130000/b52f12d8.tar.gz',
  usesOwnRegistry: true,
  logins: {
    'baseacr.azurecr.io': { userName: '00000000-0000-0000-0000-000000000000', password: 'hush-password' },
  },
  isArchiveEnabled: false,
};

test('a run is asked for in a form that Microsoft’s schema takes, at the registry’s own resource', async () => {
  arm.answers({ 'POST /scheduleRun': { body: official['200'] } });
  const run = await arm.engine.schedule('myregistry', request);
  assert.deepEqual(run, { runId, status: 'Succeeded', outputImages: [] });
  const [asked] = arm.asked;
  assert.deepEqual(armSchema('RunRequest')(JSON.parse(asked!.body)), []);
  assert.equal(asked!.path, `${registryId}/scheduleRun`);
  assert.equal(asked!.query.get('api-version'), '2019-04-01');
  assert.equal(asked!.headers.authorization, 'Bearer hush-token');
});

test('the schema finds a request that is wrong, so that the proof above is one', () => {
  const wrong: [string, object][] = [
    ['timeout', { timeout: 12 }],
    ['platform', { platform: { os: 'Plan9' } }],
    ['arguments', { arguments: [{ name: 'key' }] }],
    [
      'credentials',
      { credentials: { customRegistries: { a: { password: { type: 'Clear', value: 'x' } } } } },
    ],
    ['dockerFilePath', { dockerFilePath: undefined }],
  ];
  for (const [title, change] of wrong)
    assert.ok(armSchema('RunRequest')({ ...toRunRequest(request, {}).body, ...change }).length > 0, title);
});

test('an agent pool and a log template need the later version', async () => {
  for (const more of [{ pool: 'pool' }, { logTemplate: 'acr/logs:1' }]) {
    arm.answers({ 'POST /scheduleRun': { body: official['200'] } });
    await arm.engine.schedule('myregistry', { ...request, ...more });
    assert.equal(arm.asked[0]!.query.get('api-version'), '2019-06-01-preview');
    assert.deepEqual(armSchema('RunRequest')(JSON.parse(arm.asked[0]!.body)), []);
  }
});

test('202: the operation is asked after Retry-After until the run is there', async () => {
  arm.answers({
    'POST /scheduleRun': {
      status: 202,
      headers: { location: `${arm.address}/operations/1`, 'retry-after': '7' },
    },
    'GET /operations/1': [
      { status: 202, headers: { 'retry-after': new Date(Date.now() + 20_000).toUTCString() } },
      { status: 404 },
      { body: official['200'] },
    ],
  });
  assert.equal((await arm.engine.schedule('myregistry', request)).runId, runId);
  assert.equal(arm.waits[0], 7);
  assert.ok(arm.waits[1]! >= 18 && arm.waits[1]! <= 20, `${arm.waits[1]} seconds from a date`);
  assert.equal(arm.waits[2], 1);
});

test('202: a Retry-After beyond the claim on the run is cut to it', async () => {
  for (const asked of ['86400', 'Fri, 31 Dec 9999 23:59:59 GMT']) {
    arm.answers({
      'POST /scheduleRun': {
        status: 202,
        headers: { location: `${arm.address}/operations/1`, 'retry-after': asked },
      },
      'GET /operations/1': { body: official['200'] },
    });
    await arm.engine.schedule('myregistry', request);
    assert.ok(arm.waits[0]! <= scheduleSeconds && scheduleSeconds < claimSeconds, `${arm.waits[0]} seconds`);
  }
});

const strayed: [title: string, headers: Record<string, string>, says: RegExp][] = [
  ['another host', { location: 'https://mallory.example/operations/1' }, /address that is not its own/],
  ['another port', { location: 'http://127.0.0.1:1/operations/1' }, /address that is not its own/],
  ['no address', { location: 'operations' }, /address that is not its own/],
  ['no Location', {}, /202 without a Location/],
];
for (const [title, headers, says] of strayed)
  test(`202 with ${title}: the token does not go there`, async () => {
    arm.answers({ 'POST /scheduleRun': { status: 202, headers } });
    await assert.rejects(arm.engine.schedule('myregistry', request), says);
    assert.equal(arm.asked.length, 1);
  });

const error = (code: string, message: string) => ({ error: { code, message } });
const refusals: [title: string, answer: Answer, transient: boolean, says: RegExp, retryAfter?: number][] = [
  ['400', { status: 400, body: error('BadRequest', 'No.') }, false, /400 BadRequest: No$/],
  ['401', { status: 401, body: error('InvalidAuthenticationToken', 'x') }, false, /AZURE_CLIENT_ID/],
  [
    '403',
    { status: 403, body: error('AuthorizationFailed', 'The client has no scheduleRun/action.') },
    false,
    /AuthorizationFailed.*"Container Registry Tasks Contributor" on registry myregistry/,
  ],
  ['404', { status: 404, body: error('ResourceNotFound', 'x') }, false, /PLINTH_REGISTRIES/],
  ['409', { status: 409, body: error('Conflict', 'Busy.') }, true, /409 Conflict: Busy/],
  ['429', { status: 429, headers: { 'retry-after': '17' } }, true, /429/, 17],
  ['500', { status: 500, body: '<html>' }, true, /500$/],
  ['501', { status: 501, body: error('NotImplemented', 'x') }, false, /501/],
  ['503', { status: 503, headers: { 'retry-after': '30' } }, true, /503/, 30],
  ['no answer', { hangsUp: true }, true, /did not answer/],
  ['200 with a page of a proxy', { body: '<html>' }, true, /not JSON. Is PLINTH_ARM_ENDPOINT right/],
  ['200 with something else', { body: { hello: 1 } }, true, /not what is documented, at properties/],
];
for (const [title, answer, transient, says, retryAfter] of refusals)
  test(`${title} is ${transient ? 'tried again' : 'told to a person'}`, async () => {
    arm.answers({ 'POST /scheduleRun': answer });
    const fault = await caught(() => arm.engine.schedule('myregistry', request));
    assert.match(fault.message, /scheduleRun of registry myregistry/);
    assert.match(fault.message, says);
    assert.equal(fault.transient, transient);
    assert.equal(fault.retryAfter, retryAfter);
    isClean(fault);
  });

test('a run that Azure does not know is none, and a registry that is not ours is not asked for', async () => {
  arm.answers({ 'GET /runs/ca9': { status: 404, body: error('RunNotFound', 'x') } });
  assert.equal(await arm.engine.run('myregistry', 'ca9'), undefined);
  await assert.rejects(arm.engine.run('other', 'ca9'), /other is not in the settings/);
});

test('the official run is read', async () => {
  const { answers } = examples('RunsGet.json')[0]!;
  arm.answers({ [`GET /runs/${runId}`]: { body: answers['200'] } });
  const run = await arm.engine.run('myregistry', runId);
  assert.equal(run!.runId, runId);
  assert.equal(run!.status, 'Succeeded');
});

const cancels: [title: string, answer: Answer, rejects: boolean][] = [
  ['200', {}, false],
  ['202', { status: 202 }, false],
  ['a run that has ended', { status: 409, body: error('Conflict', 'ended') }, false],
  ['a run that is gone', { status: 404 }, false],
  ['a role that is missing', { status: 403 }, true],
];
for (const [title, answer, rejects] of cancels)
  test(`cancelling ${rejects ? 'fails' : 'is done, also a second time'}: ${title}`, async () => {
    arm.answers({ 'POST /cancel': answer });
    for (let time = 1; time <= 2; time++)
      if (rejects) await assert.rejects(arm.engine.cancel('myregistry', 'ca1'), RunEngineError);
      else await arm.engine.cancel('myregistry', 'ca1');
  });

test('a context is put where Azure says, as a block blob, without the token', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'plinth-upload-'));
  writeFileSync(join(dir, 'context.tar.gz'), 'packed');
  const uploadUrl = `${arm.address}/container/context.tar.gz?sig=hush-sas`;
  arm.answers({
    'POST /listBuildSourceUploadUrl': { body: { ...place['200'], uploadUrl } },
    'PUT /context.tar.gz': { status: 201 },
  });
  const path = await arm.engine.upload('myregistry', { path: join(dir, 'context.tar.gz'), size: 6 });
  rmSync(dir, { recursive: true });
  assert.equal(path, place['200'].relativePath);
  const { method, headers, body } = arm.asked[1]!;
  assert.deepEqual(
    [method, body, headers['x-ms-blob-type'], headers['content-length'], headers.authorization],
    ['PUT', 'packed', 'BlockBlob', '6', undefined],
  );
});

const uploads: [title: string, uploadUrl: (address: string) => string, answer: Answer, transient: boolean][] =
  [
    ['an address that has run out', (address) => address, { status: 403, body: 'sig=hush-sas' }, true],
    ['a blob service that is busy', (address) => address, { status: 503 }, true],
    ['a context that is refused', (address) => address, { status: 413 }, false],
    ['nobody there', () => 'http://127.0.0.1:1', {}, true],
    ['a connection that breaks', (address) => address, { hangsUp: true }, true],
  ];
for (const [title, uploadUrl, answer, transient] of uploads)
  test(`an upload fails, and tells no signed address: ${title}`, async () => {
    arm.answers({
      'POST /listBuildSourceUploadUrl': {
        body: { relativePath: 'a', uploadUrl: `${uploadUrl(arm.address)}/a?sig=hush-sas` },
      },
      'PUT /a': answer,
    });
    const fault = await caught(() =>
      arm.engine.upload('myregistry', {
        path: import.meta.filename,
        size: statSync(import.meta.filename).size,
      }),
    );
    assert.match(fault.message, /uploading the build context for registry myregistry/);
    assert.match(fault.message, answer.status ? new RegExp(`: ${answer.status}`) : /did not answer/);
    assert.equal(fault.transient, transient);
    isClean(fault);
  });

test('a log is read by its signed address, which is asked for once', async () => {
  const text = 'Step 1/2\r\n';
  arm.answers({
    'POST /listLogSasUrl': { body: { logLink: `${arm.address}/logs/raw.log?sig=hush-sas` } },
    'HEAD /raw.log': { headers: { 'content-length': String(text.length) } },
    'GET /raw.log': { status: 206, body: text },
  });
  for (let time = 1; time <= 2; time++) {
    const log = await arm.engine.log('myregistry', 'ca1');
    assert.equal(log!.length, text.length);
    assert.equal(Buffer.from(await log!.read(0, 10)).toString(), text);
  }
  assert.equal(arm.asked.filter(({ path }) => path.endsWith('listLogSasUrl')).length, 1);
  assert.equal(arm.asked.at(-1)!.headers['x-ms-range'], 'bytes=0-9');
  assert.equal(arm.asked.at(-1)!.headers.authorization, undefined);
});

test('an address of a log that has run out is asked for anew; a log that cannot be read tells no address', async () => {
  arm.answers({
    'POST /listLogSasUrl': { body: { logLink: `${arm.address}/logs/raw.log?sig=hush-sas` } },
    'HEAD /raw.log': [
      { headers: { 'content-length': '9' } },
      { status: 403 },
      { headers: { 'content-length': '9' } },
      { status: 403 },
    ],
    'GET /raw.log': { status: 500, body: 'sig=hush-sas' },
  });
  await arm.engine.log('myregistry', 'ca2');
  const log = await arm.engine.log('myregistry', 'ca2');
  assert.equal(arm.asked.filter(({ path }) => path.endsWith('listLogSasUrl')).length, 2);
  // It is not said that there is none: that would be taken for an answer.
  isClean(await caught(() => arm.engine.log('myregistry', 'ca9')));
  isClean(await caught(() => log!.read(0, 9)));
});

const none: [title: string, answer: Answer][] = [
  ['not yet', { body: {} }],
  ['null', { body: { logLink: null } }],
  ['no such run', { status: 404 }],
];
for (const [title, answer] of none)
  test(`there is no log: ${title}`, async () => {
    arm.answers({ 'POST /listLogSasUrl': answer });
    assert.equal(await arm.engine.log('myregistry', 'ca3'), undefined);
  });

const audiences: [endpoint: string, audience: string][] = [
  ['https://management.azure.com', 'https://management.azure.com'],
  ['https://management.usgovcloudapi.net', 'https://management.usgovcloudapi.net'],
  ['https://management.chinacloudapi.cn', 'https://management.chinacloudapi.cn'],
  ['https://arm.proxy.contoso.example/azure', 'https://management.azure.com'],
  ['http://127.0.0.1:4000', 'https://management.azure.com'],
];
for (const [endpoint, audience] of audiences)
  test(`a token for ${endpoint} is for ${audience}`, () => assert.equal(audienceOf(endpoint), audience));

test('the token is asked for with that audience; an identity that gives none is named', async () => {
  arm.answers({ 'GET /runs/ca1': { status: 404 } });
  await arm.engine.run('myregistry', 'ca1');
  assert.deepEqual(arm.scopes, ['https://management.azure.com/.default']);
  const engine = createArmRunEngine({
    startBy: 'scheduleRun',
    endpoint: 'https://management.usgovcloudapi.net',
    registries: [{ name: 'gov', id: registryId, loginServer: 'gov.azurecr.us', endpoint: '' }],
    credential: {
      getToken: async (scope) => {
        throw new Error(`no ${scope} at http://169.254.169.254/?secret=hush`);
      },
    },
  });
  const fault = await caught(() => engine.run('gov', 'ca1'));
  assert.match(fault.message, /https:\/\/management\.usgovcloudapi\.net\/\.default.*AZURE_CLIENT_ID/);
  assert.equal(fault.transient, true);
  isClean(fault);
});

async function caught(act: () => Promise<unknown>): Promise<RunEngineError> {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof RunEngineError, String(error));
    return error;
  }
  throw new Error('it did not fail');
}

/** Nothing that is logged of an error holds a token, a password or a signature. */
function isClean(error: RunEngineError): void {
  const told = `${error.message} ${error.stack} ${error.cause ?? ''}`;
  assert.doesNotMatch(told, /hush|sig=/);
}

test.run();
