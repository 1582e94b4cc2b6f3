import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { dockerBuild, idOf, startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('requests to the run engine');
test.before(async () => {
  world = await startWorld({
    executor: async () => [],
    minimumTimeout: 300,
  });
});
test.after(() => world.stop());

const valid = { ...dockerBuild, sourceLocation: 'https://localhost/x.tar.gz' };
const opaque = { type: 'Opaque', value: 'x' };
const custom = (entry: object) => ({ credentials: { customRegistries: { 'baseacr.azurecr.io': entry } } });

const refusals: [title: string, body: unknown, status: number, code: string, message: RegExp][] = [
  ['not JSON', '{', 400, 'InvalidRequestContent', /not JSON/],
  ['no object', '[]', 400, 'BadRequest', /needs a 'type'/],
  ['no type', {}, 400, 'BadRequest', /needs a 'type'/],
  ['an unknown type', { type: 'constructor' }, 400, 'BadRequest', /needs a 'type'/],
  ['a task', { type: 'TaskRunRequest', taskId: 'x' }, 400, 'BadRequest', /keeps no tasks/],
  [
    'a task file in no source',
    { type: 'FileTaskRunRequest', taskFilePath: 'acb.yaml', platform: { os: 'linux' } },
    400,
    'BadRequest',
    /sourceLocation/,
  ],
  [
    'an encoded task that is not base64',
    { type: 'EncodedTaskRunRequest', encodedTaskContent: 'steps: []', platform: { os: 'linux' } },
    400,
    'BadRequest',
    /encodedTaskContent/,
  ],
  ['an unknown member', { ...valid, imageName: 'x' }, 400, 'BadRequest', /imageName/],
  ['no Dockerfile', { ...valid, dockerFilePath: undefined }, 400, 'BadRequest', /dockerFilePath/],
  [
    'a Dockerfile outside',
    { ...valid, dockerFilePath: '../Dockerfile' },
    400,
    'BadRequest',
    /inside the source/,
  ],
  ['no platform', { ...valid, platform: undefined }, 400, 'BadRequest', /platform/],
  [
    'an unknown architecture',
    { ...valid, platform: { os: 'Linux', architecture: 's390x' } },
    400,
    'BadRequest',
    /architecture/,
  ],
  ['Windows', { ...valid, platform: { os: 'windows' } }, 501, 'NotImplemented', /Linux images only/],
  ['a timeout too short', { ...valid, timeout: 299 }, 400, 'BadRequest', /timeout .*300/],
  ['a timeout too long', { ...valid, timeout: 28_801 }, 400, 'BadRequest', /timeout .*28800/],
  ['half a processor', { ...valid, agentConfiguration: { cpu: 0.5 } }, 400, 'BadRequest', /cpu/],
  ['no source', { ...valid, sourceLocation: undefined }, 400, 'BadRequest', /sourceLocation/],
  ['a path for a source', { ...valid, sourceLocation: '/etc' }, 400, 'BadRequest', /neither a relativePath/],
  [
    'a relativePath that leads out',
    { ...valid, sourceLocation: 'source/../x.tar.gz' },
    400,
    'BadRequest',
    /neither/,
  ],
  ['a file URL', { ...valid, sourceLocation: 'file:///etc/passwd' }, 400, 'BadRequest', /https:/],
  [
    'an option for a ref',
    { ...valid, sourceLocation: 'https://h/r.git#--upload-pack=x' },
    400,
    'BadRequest',
    /no branch/,
  ],
  [
    'a folder that leads out',
    { ...valid, sourceLocation: 'https://h/r.git#main:../x' },
    400,
    'BadRequest',
    /outside/,
  ],
  [
    'capitals in an image name',
    { ...valid, imageNames: ['App:1'] },
    400,
    'BadRequest',
    /'App:1' is not an image name/,
  ],
  [
    'a digest in an image name',
    { ...valid, imageNames: [`a@sha256:${'0'.repeat(64)}`] },
    400,
    'BadRequest',
    /not an image name/,
  ],
  [
    'an unknown Run value',
    { ...valid, imageNames: ['a:{{.Run.Nope}}'] },
    400,
    'BadRequest',
    /\{\{\.Run\.Nope\}\}/,
  ],
  [
    'an argument without a value',
    { ...valid, arguments: [{ name: 'A' }] },
    400,
    'BadRequest',
    /arguments\.0\.value/,
  ],
  [
    'a name with =',
    { ...valid, arguments: [{ name: 'A=B', value: '' }] },
    400,
    'BadRequest',
    /arguments\.0\.name/,
  ],
  [
    'a secret that would steer the builder',
    { ...valid, arguments: [{ name: 'LD_PRELOAD', value: 'x', isSecret: true }] },
    400,
    'BadRequest',
    /steer the builder/,
  ],
  [
    'an identity nobody knows',
    { ...valid, ...custom({ identity: 'someone' }) },
    400,
    'BadRequest',
    /'someone' .*cannot be resolved/,
  ],
  [
    'a user without a password',
    { ...valid, ...custom({ userName: opaque }) },
    400,
    'BadRequest',
    /come together/,
  ],
  ['no credentials at all', { ...valid, ...custom({}) }, 400, 'BadRequest', /needs userName/],
  [
    'a Key Vault secret',
    { ...valid, ...custom({ userName: opaque, password: { type: 'Vaultsecret', value: 'https://v' } }) },
    501,
    'NotImplemented',
    /Key Vault/,
  ],
  ['an agent pool', { ...valid, agentPoolName: 'big' }, 404, 'AgentPoolNotFound', /big/],
];
for (const [title, body, status, code, message] of refusals)
  test(`refuses ${title}`, async () => {
    const answer = await world.arm('POST', 'scheduleRun', body);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.body.error.message);
    assert.match(answer.body.error.message, message);
  });

const roads: [title: string, call: Parameters<World['arm']>, status: number, code: string][] = [
  ['no token', ['GET', 'runs', undefined, { token: '' }], 401, 'AuthenticationFailed'],
  ['a wrong token', ['GET', 'runs', undefined, { token: 'forged' }], 401, 'InvalidAuthenticationToken'],
  ['a role that only reads', ['POST', 'scheduleRun', valid, { token: 'reader' }], 403, 'AuthorizationFailed'],
  [
    'a role that only reads, cancelling',
    ['POST', 'runs/ca1/cancel', undefined, { token: 'reader' }],
    403,
    'AuthorizationFailed',
  ],
  ['no api-version', ['GET', 'runs', undefined, { version: '' }], 400, 'MissingApiVersionParameter'],
  [
    'another api-version',
    ['GET', 'runs', undefined, { version: '2022-12-01' }],
    400,
    'NoRegisteredProviderFound',
  ],
  ['another registry', ['GET', 'runs', undefined, { registry: 'other' }], 404, 'ResourceNotFound'],
  ['another run', ['GET', 'runs/ca999'], 404, 'RunNotFound'],
  ['another path', ['GET', 'tasks'], 404, 'InvalidResourcePath'],
  ['another method', ['DELETE', 'runs/ca1'], 405, 'MethodNotAllowed'],
  ['a filter nobody knows', ['GET', `${idOf('appacr')}/runs?$filter=Nope eq 'x'`], 400, 'BadRequest'],
  ['a $top of nothing', ['GET', `${idOf('appacr')}/runs?$top=0`], 400, 'BadRequest'],
  [
    'an identity in an older api-version',
    [
      'POST',
      'scheduleRun',
      { ...valid, credentials: { sourceRegistry: { identity: '[system]' } } },
      { version: '2019-04-01' },
    ],
    400,
    'BadRequest',
  ],
  [
    'a body of 5 MB',
    ['POST', 'scheduleRun', { ...valid, target: 'x'.repeat(5_000_000) }],
    413,
    'RequestContentTooLarge',
  ],
];
for (const [title, call, status, code] of roads)
  test(`answers ${status} to ${title}`, async () => {
    const answer = await world.arm(...call);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.body.error.message);
  });

test('took no run id for what was refused', () => assert.deepEqual(world.engine.runs(), []));

test.run();
