import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startGithub } from '../../../local/git/github.ts';
import { type KeyVault, startKeyVault } from '../../../local/identity/keyVault.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { type Vault, VaultError } from '../../../shared/ports/vault.ts';
import { type Ground, identity, layGround, resourceGroup } from './registries.ts';

interface World {
  ground: Ground;
  keyVault: KeyVault;
  vault: Vault;
  asked: string[];
}
const test = suite<World>('credentials in a key vault');
const [reader, stranger] = [identity('reader'), identity('stranger')];

test.before(async (world) => {
  const ground = await layGround();
  const keyVault = await startKeyVault({
    name: 'corpvault',
    resourceId: `${resourceGroup}/providers/Microsoft.KeyVault/vaults/corpvault`,
    secrets: { 'registry-password': 'word-1' },
    entra: ground.entra,
    roles: ground.roles,
  });
  const gone = await startGithub({ tokens: {} });
  await gone.stop();
  ground.roles.assign({
    scope: keyVault.resourceId,
    principalId: reader.principalId,
    role: 'Key Vault Secrets User',
  });
  const asked: string[] = [];
  const vault = createKeyVault({
    endpoints: { [keyVault.host]: keyVault.url, 'away.vault.azure.net': gone.url },
    rules: { own: ['kv-plinth.vault.azure.net'] },
    isOwn: () => false,
    fetch,
    credential: (clientId) => ({
      async getToken(scope) {
        asked.push(`${clientId ?? 'app'} ${scope}`);
        const who = clientId === 'other' ? stranger : reader;
        if (clientId === 'nobody') throw new Error('No User Assigned Identity found');
        const { token, expiresOn } = await ground.entra.accessToken(who, `${scope}`.replace('/.default', ''));
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    }),
  });
  Object.assign(world, { ground, keyVault, vault, asked });
});
test.after(async ({ ground, keyVault }) => {
  await keyVault.stop();
  await ground.stop();
});

test('a secret is read with a token for vaults, and anew each time', async ({ vault, keyVault, asked }) => {
  assert.equal(await vault.secret(keyVault.uri('registry-password'), undefined), 'word-1');
  keyVault.set('registry-password', 'word-2');
  assert.equal(await vault.secret(keyVault.uri('registry-password'), 'client-1'), 'word-2');
  assert.deepEqual(asked, [
    'app https://vault.azure.net/.default',
    'client-1 https://vault.azure.net/.default',
  ]);
  assert.equal(keyVault.reads.length, 2);
});

test('a version may be named', async ({ vault, keyVault }) => {
  assert.equal(
    await vault.secret(`${keyVault.uri('registry-password')}/${'a'.repeat(32)}`, undefined),
    'word-2',
  );
});

const refused: [
  title: string,
  uri: string,
  clientId: string | undefined,
  transient: boolean,
  message: RegExp,
][] = [
  [
    'without the role',
    'https://corpvault.vault.azure.net/secrets/registry-password',
    'other',
    false,
    /secret registry-password of key vault corpvault\.vault\.azure\.net was not read: 403 ForbiddenByRbac\. Assign the identity other the role "Key Vault Secrets User"/,
  ],
  [
    'a secret that is not there',
    'https://corpvault.vault.azure.net/secrets/none',
    undefined,
    false,
    /404 SecretNotFound\. There is no such secret/,
  ],
  [
    'an identity that the app does not have',
    'https://corpvault.vault.azure.net/secrets/x',
    'nobody',
    false,
    /the identity nobody gave no token \(No User Assigned Identity found\)/,
  ],
  [
    'a vault that is away',
    'https://away.vault.azure.net/secrets/x',
    undefined,
    true,
    /did not answer \(.*ECONNREFUSED/,
  ],
  [
    'a host that is no key vault',
    'https://vault.azure.net.evil.example.com/secrets/x',
    undefined,
    false,
    /is named https:\/\/VAULT/,
  ],
  [
    'a vault below a vault',
    'https://a.b.vault.azure.net/secrets/x',
    undefined,
    false,
    /is named https:\/\/VAULT/,
  ],
  ['plain http', 'http://corpvault.vault.azure.net/secrets/x', undefined, false, /is named https:\/\/VAULT/],
  ['a key', 'https://corpvault.vault.azure.net/keys/x', undefined, false, /is named https:\/\/VAULT/],
];
for (const [title, uri, clientId, transient, message] of refused)
  test(`not read, ${transient ? 'to be tried again' : 'for good'}: ${title}`, async ({ vault, asked }) => {
    const before = asked.length;
    await assert.rejects(vault.secret(uri, clientId), (error: VaultError) => {
      assert.ok(error instanceof VaultError);
      assert.match(error.message, message);
      assert.equal(error.transient, transient);
      return true;
    });
    // A token is asked for only once the address is known to be a vault's.
    if (/is named/.test(message.source)) assert.equal(asked.length, before);
  });

test.run();
