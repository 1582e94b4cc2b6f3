import assert from 'node:assert/strict';
import { test } from 'uvu';
import { ConfigError, readConfig } from '../../shared/edge/config.ts';

const id = '/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/ContosoAcr';
const key = Buffer.alloc(32, 7).toString('base64');
const complete = {
  PLINTH_REGISTRIES: JSON.stringify([{ id }]),
  PLINTH_SEALING_KEY: key,
  PlinthStorage__tableServiceUri: 'https://data.table.core.windows.net',
  PlinthStorage__queueServiceUri: 'https://data.queue.core.windows.net',
};

test('what Azure needs is enough, and the rest has defaults', () => {
  const config = readConfig(complete);
  assert.deepEqual(config.registries, [
    {
      name: 'contosoacr',
      id,
      loginServer: 'contosoacr.azurecr.io',
      endpoint: 'https://contosoacr.azurecr.io',
    },
  ]);
  assert.equal(config.armEndpoint, 'https://management.azure.com');
  assert.equal(config.maxContextBytes, 64 * 2 ** 20);
  assert.deepEqual(config.storage, {
    tableServiceUri: 'https://data.table.core.windows.net',
    queueServiceUri: 'https://data.queue.core.windows.net',
  });
});

test('a registry may answer elsewhere than at its login server', () => {
  const registries = JSON.stringify([
    { id, loginServer: 'Contoso.Example.com', endpoint: 'https://10.0.0.4/' },
  ]);
  const [registry] = readConfig({ ...complete, PLINTH_REGISTRIES: registries }).registries;
  assert.equal(registry!.loginServer, 'contoso.example.com');
  assert.equal(registry!.endpoint, 'https://10.0.0.4');
});

test('an old sealing key stays beside the new one', () => {
  const keys = `${Buffer.alloc(32, 1).toString('base64')}, ${key}`;
  assert.equal(readConfig({ ...complete, PLINTH_SEALING_KEY: keys }).sealingKeys.length, 2);
});

test('every fault is told at once, and no value', () => {
  const faulty = {
    PLINTH_REGISTRIES: 'secret-text',
    PLINTH_SEALING_KEY: 'tooshort',
    PLINTH_RUNS_PER_REGISTRY: '0',
    PLINTH_ARM_ENDPOINT: 'nowhere',
  };
  assert.throws(
    () => readConfig(faulty),
    (error: Error) => {
      assert.ok(error instanceof ConfigError);
      for (const name of [...Object.keys(faulty), 'PlinthStorage__tableServiceUri'])
        assert.match(error.message, new RegExp(name));
      assert.doesNotMatch(error.message, /secret-text|tooshort/);
      return true;
    },
  );
});

const faults: [title: string, change: object, says: RegExp][] = [
  ['no registry at all', { PLINTH_REGISTRIES: '[]' }, /PLINTH_REGISTRIES/],
  [
    'a registry by name only',
    { PLINTH_REGISTRIES: '[{"id":"contoso"}]' },
    /resource id of a container registry/,
  ],
  [
    'an endpoint without TLS',
    { PLINTH_REGISTRIES: JSON.stringify([{ id, endpoint: 'http://x' }]) },
    /endpoint/,
  ],
  [
    'a registry twice, with ids of another case',
    {
      PLINTH_REGISTRIES: JSON.stringify([
        { id },
        { id: id.toUpperCase().replace('SUBSCRIPTIONS', 'subscriptions') },
      ]),
    },
    /PLINTH_REGISTRIES.* names the registry \w+ more than once/,
  ],
  [
    'an agent pool with a name that ACR does not take',
    { PLINTH_REGISTRIES: JSON.stringify([{ id, agentPoolName: 'a_b' }]) },
    /an agent pool has 3 to 20 letters, digits or -/,
  ],
  ['storage with only one address', { PlinthStorage__queueServiceUri: '' }, /PlinthStorage__queueServiceUri/],
];
for (const [title, change, says] of faults)
  test(`refuses: ${title}`, () => assert.throws(() => readConfig({ ...complete, ...change }), says));

test('vaults and private hosts are lists; what is neither host nor range is a fault', () => {
  const { vaults, privateHosts } = readConfig({
    ...complete,
    PLINTH_OWN_KEY_VAULTS: 'https://KV-plinth.vault.azure.net/',
    PLINTH_KEY_VAULTS: 'corp.vault.azure.net, b.vault.usgovcloudapi.net',
    PLINTH_PRIVATE_HOSTS: 'Git.internal, 10.0.0.0/8, ::1',
  });
  assert.deepEqual(vaults, {
    own: ['kv-plinth.vault.azure.net'],
    allowed: ['corp.vault.azure.net', 'b.vault.usgovcloudapi.net'],
  });
  assert.deepEqual(privateHosts, ['git.internal', '10.0.0.0/8', '::1']);
  assert.equal(readConfig(complete).vaults.allowed, undefined);
  const faults: [name: string, value: string][] = [
    ['PLINTH_PRIVATE_HOSTS', '10.0.0.0/33'],
    ['PLINTH_PRIVATE_HOSTS', 'https://git.internal'],
    ['PLINTH_PRIVATE_HOSTS', '*.internal'],
    ['PLINTH_PRIVATE_HOSTS', 'git.internal:443'],
    ['PLINTH_KEY_VAULTS', 'corp'],
    ['PLINTH_KEY_VAULTS', 'corp.vault.azure.net.example.com'],
  ];
  for (const [name, value] of faults)
    assert.throws(() => readConfig({ ...complete, [name]: value }), new RegExp(name), value);
});

test.run();
