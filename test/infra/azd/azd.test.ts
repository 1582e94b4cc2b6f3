// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { main, root, text } from '../infraFiles.ts';
import { packageService, parametersOf, project, zipped } from './azd.ts';

const service = project.services.api!;

test('the script that azd runs leaves what azd zips, in a fresh clone', () => {
  const folder = packageService(service);
  const files = zipped(folder, service);
  assert.ok(files.includes('host.json'), files.join());
  const { main, type } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  assert.deepEqual([main, type], ['functions/*.js', 'module']);
  assert.ok(files.filter((file) => /^functions\/\w+\.js$/.test(file)).length > 5, files.join());
  assert.deepEqual(
    files.filter(
      (file) => !/^(host\.json|package\.json|(functions|chunks)\/.*\.(js|txt)|page\/[\w.-]+\.gz)$/.test(file),
    ),
    [],
    'nothing but the package is deployed',
  );
});

test('nothing is installed in Azure, and azd is one that deletes no group of a registry', () => {
  assert.equal(service.remoteBuild, false);
  assert.deepEqual([service.host, service.language], ['function', 'ts']);
  assert.match(project.requiredVersions.azd, /^>= 1\.(2[4-9]|[3-9]\d)\./);
});

test('azd starts scripts that there are, of both kinds', () => {
  for (const { posix, windows } of project.hooks.postdeploy) {
    assert.deepEqual([posix.shell, windows.shell], ['sh', 'pwsh']);
    assert.equal(posix.run.replace(/\.sh$/, ''), windows.run.replace(/\.ps1$/, ''));
    for (const { run } of [posix, windows]) assert.ok(existsSync(join(root, run)), run);
    assert.ok(statSync(join(root, posix.run)).mode & 0o100, posix.run);
  }
});

const registry = { id: '/subscriptions/0/…/registries/team1', runsTasks: false };
const required = {
  AZURE_ENV_NAME: 'prod',
  AZURE_LOCATION: 'westeurope',
  PLINTH_REGISTRIES: JSON.stringify([registry]),
};

/** What is set (azd env set, a variable of the process), the parameter, and what the template is given. */
const settings: [env: Record<string, string>, parameter: string, value: unknown][] = [
  [{}, 'environmentName', 'prod'],
  [{}, 'registries', [registry]],
  [
    { PLINTH_SOURCE_CONTROL_APIS: '{"ghe.contoso.com":"https://ghe.contoso.com/api/v3"}' },
    'sourceControlApis',
    { 'ghe.contoso.com': 'https://ghe.contoso.com/api/v3' },
  ],
  [
    { PLINTH_KEY_VAULT_ENDPOINTS: '{"kv1.vault.azure.net": "https://10.0.0.4"}' },
    'keyVaultEndpoints',
    { 'kv1.vault.azure.net': 'https://10.0.0.4' },
  ],
  [
    { PLINTH_BASE_IMAGE_POLICIES: '[{"images":"docker.io/**","minimumAge":"3d"}]' },
    'baseImagePolicies',
    [{ images: 'docker.io/**', minimumAge: '3d' }],
  ],
  [{ PLINTH_TAGS: '{"costCenter":"a \\"b\\""}' }, 'tags', { costCenter: 'a "b"' }],
  [{ PLINTH_TAGS: '{}' }, 'tags', {}],
  [{}, 'tags', undefined],
  [{}, 'sourceControlApis', undefined],
  [{ PLINTH_RUNS_PER_TASK: '3' }, 'runsPerTask', 3],
  [{ PLINTH_RUNS_PER_TASK: '' }, 'runsPerTask', 1],
  [{}, 'runsPerTask', 1],
  [{ PLINTH_VNET_ENABLED: 'true' }, 'vnetEnabled', true],
  [{ PLINTH_VNET_ENABLED: '' }, 'vnetEnabled', false],
  [
    { PLINTH_PRIVATE_HOSTS: 'git.contoso.internal, 10.20.0.0/16' },
    'privateHosts',
    'git.contoso.internal, 10.20.0.0/16',
  ],
];

for (const [env, parameter, value] of settings)
  test(`azd with ${JSON.stringify(env)} gives ${parameter} ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parametersOf({ ...required, ...env })[parameter], value);
  });

test('the settings as the pages print them are taken', () => {
  const pages = ['docs/deploy-azd.md', 'docs/triggers.md', 'docs/security.md', 'docs/operations.md'];
  const printed = pages.flatMap((page) => [
    ...text(page).matchAll(/azd env set (PLINTH_\w+) ('[^']*'|[^\s)`]+)/g),
  ]);
  assert.ok(printed.length >= 5, `${printed.length} settings`);
  const names = new Map(
    Object.entries<{ value: string }>(JSON.parse(text('infra/main.parameters.json')).parameters).map(
      ([parameter, { value }]) => [/\w+/.exec(value)![0], parameter],
    ),
  );
  for (const [, name, quoted] of printed) {
    const value = quoted!.replace(/^'|'$/g, '');
    const parameter = names.get(name!);
    if (!parameter) assert.match(text('infra/scripts/apply-events.sh'), new RegExp(name!));
    else if (!value.startsWith('$')) {
      const given = parametersOf({ ...required, [name!]: value })[parameter];
      assert.deepEqual(
        typeof given === 'object' ? given : String(given),
        /^[[{]/.test(value) ? JSON.parse(value) : value,
      );
    }
  }
});

test('the template knows every parameter that azd gives, and gets all that it requires', () => {
  const given = parametersOf(required);
  const known = main.parameters.map(({ symbol }) => symbol);
  assert.deepEqual(
    Object.keys(given).filter((name) => !known.includes(name)),
    [],
  );
  for (const { symbol, default: value } of main.parameters)
    if (value === undefined) assert.ok(symbol in given, symbol);
});

test.run();
