import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type KeyVault, startKeyVault } from '../../../local/identity/keyVault.ts';
import { freePort } from '../../../local/machine/listening.ts';
import { nullGuid } from '../../../local/registry/registry.ts';
import { startWorld, type World } from '../whole/world.ts';

let world: World;
let vault: KeyVault;
const scope = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/localrg';

test.before(async () => {
  // The app must know where the vault is before it starts, and the vault needs the stack's roles.
  const port = await freePort();
  world = await startWorld({
    pull: ['appacr'],
    settings: {
      PLINTH_KEY_VAULT_ENDPOINTS: JSON.stringify({
        'corpvault.vault.azure.net': `https://localhost:${port}`,
      }),
    },
  });
  vault = await startKeyVault({
    name: 'corpvault',
    resourceId: `${scope}/providers/Microsoft.KeyVault/vaults/corpvault`,
    secrets: { user: nullGuid, word: 'not the password' },
    port,
    ...world.stack,
  });
  await world.pushBase('base/vault:1', 'text');
  const fromVault = (name: string) => ({ type: 'Vaultsecret', value: vault.uri(name) });
  await world.task('app-vault', 'FROM baseacr.azurecr.io/base/vault:1\nCOPY Dockerfile /\n', {
    properties: {
      credentials: {
        customRegistries: {
          'baseacr.azurecr.io': {
            identity: '[system]',
            userName: fromVault('user'),
            password: fromVault('word'),
          },
        },
      },
    },
  });
});
test.after(async () => {
  await world?.stack.stop();
  await vault?.stop();
});

test('without the role the run waits for it, and its log says which secret and which role', async () => {
  assert.match(
    await world.waitsForRole('app-vault'),
    /Credentials for baseacr\.azurecr\.io: The secret (user|word) of key vault corpvault\.vault\.azure\.net was not read: 403 ForbiddenByRbac\. .*"Key Vault Secrets User"/,
  );
});

test('with the role the secret is read at each run: one that was changed counts from the next', async () => {
  const { roles, plinth, registries, owner } = world.stack;
  roles.assign({ scope: vault.resourceId, principalId: plinth.principalId, role: 'Key Vault Secrets User' });
  const wrong = await world.run('app-vault');
  assert.equal(wrong.status, 'Failed');
  assert.match(wrong.runErrorMessage, /base\/vault may not be read/);
  vault.set('word', await registries.baseacr!.refreshTokenFor(owner.principalId));
  const right = await world.run('app-vault');
  assert.equal(right.status, 'Succeeded', right.runErrorMessage);
  assert.ok(vault.reads.every((read) => read.endsWith(plinth.principalId)));
});

test('the task shows the addresses, never the secrets', async () => {
  const task = await world.api.call('GET', '/registries/appacr/tasks/app-vault');
  const shown = JSON.stringify(task.properties.credentials);
  assert.ok(shown.includes('corpvault.vault.azure.net/secrets/word'));
  const details = await world.api.call('POST', '/registries/appacr/tasks/app-vault/listDetails');
  assert.deepEqual(details.properties.credentials, task.properties.credentials);
});

const refused: [title: string, custom: object, message: RegExp][] = [
  [
    'no identity to read it with',
    {
      userName: { type: 'Vaultsecret', value: 'https://v.vault.azure.net/secrets/u' },
      password: { value: 'p' },
    },
    /are in a key vault.*--use-identity/,
  ],
  [
    'an address of no vault',
    {
      identity: '[system]',
      userName: { value: 'u' },
      password: { type: 'Vaultsecret', value: 'https://example.com/secrets/u' },
    },
    /is named https:\/\/VAULT/,
  ],
];
for (const [title, custom, message] of refused)
  test(`refused with the task: ${title}`, async () => {
    const patch = { properties: { credentials: { customRegistries: { 'other.example.com': custom } } } };
    const { status, body } = await world.api.request('PATCH', '/registries/appacr/tasks/app-vault', patch);
    assert.deepEqual([status, body.error.code], [400, 'InvalidCredentials']);
    assert.match(body.error.message, message);
  });

test.run();
