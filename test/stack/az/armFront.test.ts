/** The ARM front by itself: who is let in, what it answers, what it passes on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import {
  call,
  type FrontWorld,
  nobody,
  owner,
  reader,
  registry,
  startFrontWorld,
  subscription,
  type Who,
} from './frontWorld.ts';

const test = suite<{ world: FrontWorld }>('the ARM front');
const version = 'api-version=2019-06-01-preview';

test.before(async (context) => {
  context.world = await startFrontWorld();
});
test.after(({ world }) => world.stop());

const tasks = `${registry}/tasks?${version}`;
const refusals: [title: string, who: Who, line: string, status: number, code: string, body?: string][] = [
  ['nobody without a token', 'no token', `GET ${tasks}`, 401, 'AuthenticationFailed'],
  ['a token of another tenant', 'made up', `GET ${tasks}`, 401, 'InvalidAuthenticationToken'],
  ['a token for Graph', 'for another audience', `GET ${tasks}`, 401, 'InvalidAuthenticationToken'],
  ['tasks to whoever has no role', nobody, `GET ${tasks}`, 403, 'AuthorizationFailed'],
  ['the registry to whoever has no role', nobody, `GET ${registry}?${version}`, 403, 'AuthorizationFailed'],
  ['a new task to a reader', reader, `PUT ${registry}/tasks/task1?${version}`, 403, 'AuthorizationFailed'],
  [
    'secrets to a reader',
    reader,
    `POST ${registry}/tasks/task1/listDetails?${version}`,
    403,
    'AuthorizationFailed',
  ],
  ['a run to a reader', reader, `POST ${registry}/scheduleRun?${version}`, 403, 'AuthorizationFailed'],
  [
    'an upload to a reader',
    reader,
    `POST ${registry}/listBuildSourceUploadUrl?${version}`,
    403,
    'AuthorizationFailed',
  ],
  [
    'cancelling to a reader',
    reader,
    `POST ${registry}/runs/ca1/cancel?${version}`,
    403,
    'AuthorizationFailed',
  ],
  ['a call without api-version', owner, `GET ${registry}/tasks`, 400, 'MissingApiVersionParameter'],
  [
    'another subscription',
    owner,
    `GET /subscriptions/other/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr/tasks?${version}`,
    404,
    'SubscriptionNotFound',
  ],
  [
    'another group',
    owner,
    `GET ${registry.replace('localrg', 'other')}/tasks?${version}`,
    404,
    'ResourceGroupNotFound',
  ],
  ['another registry', owner, `GET ${registry}x/tasks?${version}`, 404, 'ResourceNotFound'],
  ['what Azure has and it has not', owner, `GET ${registry}/agentPools?${version}`, 501, 'NotImplemented'],
  [
    'a role assignment by a reader',
    reader,
    `PUT ${registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?${version}`,
    403,
    'AuthorizationFailed',
    '{}',
  ],
  [
    'a role assignment whose id is no GUID',
    owner,
    `PUT ${registry}/providers/Microsoft.Authorization/roleAssignments/one?${version}`,
    400,
    'InvalidRoleAssignmentId',
    '{}',
  ],
  [
    'a role that does not exist',
    owner,
    `PUT ${registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?${version}`,
    400,
    'RoleDefinitionDoesNotExist',
    '{"properties":{"roleDefinitionId":"nope"}}',
  ],
  [
    'a body that is not JSON',
    owner,
    `PUT ${registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?${version}`,
    400,
    'InvalidRequestContent',
    '{',
  ],
];
for (const [title, who, line, status, code, body] of refusals)
  test(`refuses ${title}`, async ({ world }) => {
    const before = world.seen.length;
    const answer = await call(world, 'local', who, line, body);
    assert.equal(
      [answer.status, answer.body.error?.code].join(),
      [status, code].join(),
      JSON.stringify(answer.body),
    );
    assert.equal(world.seen.length, before, 'nothing of it reaches Plinth');
  });

for (const front of ['local', 'deployed'] as const) {
  test(`passes tasks on with the key and without the caller's token: ${front}`, async ({ world }) => {
    const { status } = await call(
      world,
      front,
      reader,
      `GET ${registry.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions')}/tasks?${version}`,
    );
    assert.equal(status, 201);
    const { url, headers } = world.seen.at(-1)!;
    assert.match(url, /\/tasks\?api-version=/i);
    assert.equal(headers['x-functions-key'], 'the-key');
    assert.equal(headers.authorization, undefined);
  });
  test(`lets a reader read and not write: ${front}`, async ({ world }) => {
    const before = world.seen.length;
    const { status, body } = await call(world, front, reader, `DELETE ${registry}/tasks/task1?${version}`);
    assert.equal(status, 403);
    assert.match(body.error.message, /Microsoft\.ContainerRegistry\/registries\/tasks\/write/);
    assert.equal(world.seen.length, before);
  });
  test(`finds the registry by its type: ${front}`, async ({ world }) => {
    const filter = encodeURIComponent("resourceType eq 'Microsoft.ContainerRegistry/registries'");
    const { body } = await call(
      world,
      front,
      owner,
      `GET /subscriptions/${subscription}/resources?$filter=${filter}&${version}`,
    );
    assert.deepEqual(
      body.value.map(({ name }: { name: string }) => name),
      ['appacr'],
    );
  });
}

test('a role that is assigned decides at once, until it is taken away', async ({ world }) => {
  const assignment = `${registry}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?${version}`;
  const list = `GET ${registry}/providers/Microsoft.Authorization/roleAssignments?$filter=principalId%20eq%20'${nobody.principalId}'&${version}`;
  const properties = {
    roleDefinitionId: 'x/b24988ac-6180-42a0-ab88-20f7382dd24c',
    principalId: nobody.principalId,
  };
  const read = async () => (await call(world, 'local', nobody, `GET ${tasks}`)).status;
  assert.equal(await read(), 403);
  assert.equal(
    (await call(world, 'local', owner, `PUT ${assignment}`, JSON.stringify({ properties }))).status,
    201,
  );
  assert.equal(await read(), 201);
  assert.equal(
    (await call(world, 'local', owner, `GET ${assignment}`)).body.properties.principalId,
    nobody.principalId,
  );
  assert.equal((await call(world, 'local', owner, list)).body.value.length, 1);
  assert.equal((await call(world, 'local', owner, `DELETE ${assignment}`)).status, 200);
  assert.equal((await call(world, 'local', owner, `DELETE ${assignment}`)).status, 204);
  assert.equal(await read(), 403);
});

test('blobs go through: the address it gives leads back, with bodies of any size', async ({ world }) => {
  const { body } = await call(world, 'local', owner, `POST ${registry}/listBuildSourceUploadUrl?${version}`);
  const { origin, pathname, search } = new URL(body.uploadUrl);
  assert.equal(origin, world.fronts.local);
  const bytes = 20 * 1024 * 1024;
  const { status } = await call(world, 'local', 'no token', `PUT ${pathname}${search}`, Buffer.alloc(bytes));
  assert.equal(status, 201);
  const { url, bytes: came } = world.seen.at(-1)!;
  assert.equal([url, came].join(), `/account1/acr-appacr/source/a.tar.gz?sv=1&sig=x%2By,${bytes}`);
  assert.equal(
    (await call(world, 'local', 'no token', `HEAD /account1.blob.local/c/missing?sv=1`)).status,
    404,
  );
});

test.run();
