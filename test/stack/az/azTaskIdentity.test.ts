// Tier: long, fifteen commands of az, each of which takes seconds.
/** `az acr task identity` and `az acr task credential`, and what roles decide. */
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type AzRow, addRows, refused } from './azRows.ts';
import { type AzWorld, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld }>('az acr task identity and credential');
const user =
  '/subscriptions/1/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/puller';

test.before(async (context) => {
  const world = await startAzWorld();
  context.world = world;
  Object.assign(world.env, { MINE: '-r appacr -n everything', PULLER: user });
  const create = '-c $GIT/app.git#main -f Dockerfile-app --commit-trigger-enabled false -t app:v1 -o none';
  for (const task of ['everything --assign-identity [system] $PULLER', 'pooled'])
    assert.equal((await world.az(`acr task create -r appacr ${create} -n ${task}`)).code, 0);
});
test.after(({ world }) => world.stop());

const rows: AzRow[] = [
  {
    title: 'identity show',
    command: 'acr task identity show $MINE --query "[type, keys(userAssignedIdentities)]" -o json',
    out: /SystemAssigned, UserAssigned[\s\S]*userAssignedIdentities\/puller/,
  },
  {
    title: 'identity assign --identities takes the place of those before',
    command:
      'acr task identity assign $MINE --identities [system] --query "[identity.type, identity.userAssignedIdentities]" -o json',
    more: ({ stdout }) => assert.deepEqual(JSON.parse(stdout), ['SystemAssigned', null]),
  },
  {
    title: 'identity show -o table',
    command: 'acr task identity show $MINE -o table',
    out: /^PRINCIPAL ID +TENANT ID +TYPE[\s\S]*SystemAssigned/,
  },
  {
    title: 'credential add --username --password',
    command: 'acr task credential add $MINE --login-server extern.azurecr.io -u me -p geheim',
    out: /"extern\.azurecr\.io": null/,
    never: /geheim/,
  },
  {
    title: 'credential add of a server that is there is refused by az',
    command: 'acr task credential add $MINE --login-server extern.azurecr.io -u me -p geheim',
    code: 1,
    err: /already exists/,
  },
  {
    title: 'credential list shows the passwords, as ACR does',
    command: 'acr task credential list $MINE --query "*.password.value" -o tsv',
    out: /^geheim\n$/,
  },
  {
    title: 'credential update --use-identity takes the place of a password',
    command: 'acr task credential update $MINE --login-server extern.azurecr.io --use-identity [system]',
    more: ({ stdout }) =>
      assert.deepEqual(JSON.parse(stdout), {
        'extern.azurecr.io': { identity: '[system]', userName: null, password: null },
      }),
  },
  {
    title: 'credential update --username --password takes the place of an identity',
    command: 'acr task credential update $MINE --login-server extern.azurecr.io -u you -p heimlich -o json',
    more: ({ stdout }) => assert.deepEqual(JSON.parse(stdout), { 'extern.azurecr.io': null }),
  },
  {
    title: 'credential remove',
    command: 'acr task credential remove $MINE --login-server extern.azurecr.io -o json',
    out: /^\{\}\n$/,
  },
  {
    title: 'a credential with the identity of a task that has none is refused',
    command:
      'acr task credential add -r appacr -n pooled --login-server extern.azurecr.io --use-identity [system]',
    code: 1,
    err: refused('TaskIdentityMissing', '--assign-identity'),
  },
  {
    title: 'a login server with a path is refused',
    command: 'acr task credential add $MINE --login-server https://extern.azurecr.io/x -u a -p b',
    code: 1,
    err: refused('InvalidRequestContent', 'a login server is a host name'),
  },
];
// One after the other: they tell the life of a task.
addRows(test, rows, 1);

test('identity remove crashes in az 2.45 itself, before it asks anything', async ({ world }) => {
  const { code, stderr } = await world.az(
    'acr task identity remove -r appacr -n pooled --identities [system]',
  );
  assert.equal(code, 1);
  assert.match(stderr, /Attribute TaskUpdateParameters does not exist/);
});

test('a caller without a role gets ARM’s 403, and one with another tenant’s token 401', async ({ world }) => {
  const { roles, owner } = world.stack;
  const [assignment] = roles.list().filter(({ principalId }) => principalId === owner.principalId);
  roles.remove(assignment!.id);
  try {
    roles.assign({ scope: assignment!.scope, principalId: owner.principalId, role: 'Reader' });
    const read = await world.az('acr task list -r appacr -o none');
    assert.equal(read.code, 0, read.stderr);
    const write = await world.az('acr task delete -r appacr -n pooled -y');
    assert.equal(write.code, 1);
    assert.match(write.stderr, /ERROR: \(AuthorizationFailed\) .*registries\/tasks\/write/);
  } finally {
    roles.assign(assignment!);
  }
  const response = await fetch(`${world.stack.url}${world.stack.registries.appacr!.resourceId}/tasks`, {
    headers: { authorization: 'Bearer made.up.token' },
  });
  assert.equal(response.status, 401, 'the app itself asks for its key');
});

test.run();
