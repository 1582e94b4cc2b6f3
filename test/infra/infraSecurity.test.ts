import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { storageConnection } from '../../shared/names/azureNames.ts';
import type { Expression, Value } from './bicep.ts';
import { files, group, infra, moduleOf, ofType, properties, root, text } from './infraFiles.ts';

const roleIds: Record<string, string> = JSON.parse(text('infra/roles.json'));

test('storage answers to identities only, over TLS 1.2', () => {
  for (const { resource } of ofType('Microsoft.Storage/storageAccounts')) {
    // An open enum: the compiler takes any text.
    assert.equal(resource.body.kind, 'StorageV2');
    const given = properties(resource);
    assert.equal(given.allowSharedKeyAccess, false);
    assert.equal(given.allowBlobPublicAccess, false);
    assert.equal(given.allowCrossTenantReplication, false);
    assert.equal(given.isLocalUserEnabled, false);
    assert.equal(given.minimumTlsVersion, 'TLS1_2');
    assert.equal(given.supportsHttpsTrafficOnly, true);
  }
  for (const { resource } of ofType('Microsoft.Storage/storageAccounts/blobServices/containers'))
    assert.equal(properties(resource).publicAccess, 'None');
});

test('the host and the data have accounts of their own', () => {
  const names = ['hostStorage', 'dataStorage'].map(
    (symbol) => (moduleOf(group, symbol).name as Expression).text,
  );
  assert.equal(new Set(names).size, 2);
  const { settings, hostBlobEndpoint, hostTableEndpoint } = moduleOf(group, 'functionApp');
  assert.match((hostBlobEndpoint as Expression).text, /^hostStorage\./);
  assert.match((hostTableEndpoint as Expression).text, /^hostStorage\./);
  for (const [name, value] of Object.entries(settings as Record<string, Expression>))
    if (name.startsWith(storageConnection)) assert.match(value.text, /^dataStorage\./, name);
});

test('the app takes HTTPS only, and no password for deployment', () => {
  const [site] = ofType('Microsoft.Web/sites');
  const given = properties(site!.resource);
  const config = given.siteConfig as Record<string, Value>;
  assert.equal(given.httpsOnly, true);
  assert.equal(config.minTlsVersion, '1.2');
  assert.equal(config.scmMinTlsVersion, '1.2');
  // Flex Consumption has no FTP, and refuses the property in some regions.
  assert.equal(config.ftpsState, undefined);
  const doors = ofType('Microsoft.Web/sites/basicPublishingCredentialsPolicies');
  assert.deepEqual(doors.map(({ resource }) => resource.body.name).sort(), ['ftp', 'scm']);
  for (const { resource } of doors) assert.equal(properties(resource).allow, false);
});

test('the package is read with the identity, and the Node is one the package is built for', () => {
  const config = properties(ofType('Microsoft.Web/sites')[0]!.resource).functionAppConfig as {
    deployment: { storage: { authentication: { type: string } } };
    runtime: { name: string; version: string };
  };
  assert.equal(config.deployment.storage.authentication.type, 'UserAssignedIdentity');
  assert.equal(config.runtime.name, 'node');
  const oldest = Number(/\d+/.exec(JSON.parse(text('package.json')).engines.node)![0]);
  assert.ok(Number(config.runtime.version) >= oldest, config.runtime.version);
  assert.equal(config.runtime.version, '22');
});

test('telemetry is taken from identities only', () => {
  for (const { resource } of ofType('Microsoft.Insights/components'))
    assert.equal(properties(resource).DisableLocalAuth, true);
  for (const { resource } of ofType('Microsoft.OperationalInsights/workspaces'))
    assert.equal((properties(resource).features as Record<string, Value>).disableLocalAuth, true);
});

test('the vault knows roles only, keeps what is deleted, and a second deployment leaves the sealing key', () => {
  for (const { resource } of ofType('Microsoft.KeyVault/vaults')) {
    const given = properties(resource);
    assert.equal(given.enableRbacAuthorization, true);
    assert.equal(given.enableSoftDelete, true);
    assert.equal(given.accessPolicies, undefined);
  }
  for (const { resource } of ofType('Microsoft.KeyVault/vaults/secrets'))
    assert.ok(resource.decorators.onlyIfNotExists, 'a deployment would replace the key');
});

test('no key is read, and no secret is an output', () => {
  for (const { path, calls, parameters, outputs, text } of files) {
    assert.deepEqual(
      calls.filter((name) => /^list/i.test(name)),
      [],
      path,
    );
    assert.doesNotMatch(text, /\.list[A-Z]\w*\(|AccountKey|SharedAccessKey|InstrumentationKey=/, path);
    const secure = parameters.filter(({ decorators }) => decorators.secure).map(({ symbol }) => symbol);
    for (const { symbol, value } of outputs)
      for (const name of secure)
        assert.doesNotMatch(value, new RegExp(`\\b${name}\\b`), `${path}: ${symbol}`);
  }
  for (const { path, parameters } of files)
    for (const { symbol, decorators } of parameters)
      if (/^(sealingKey|.*(password|secret|token))$/i.test(symbol))
        assert.ok(decorators.secure, `${path}: ${symbol}`);
});

const configOf = (file: string, name: string) =>
  infra
    .get(`modules/${file}.bicep`)!
    .resources.find(
      ({ type, body }) => type.startsWith('Microsoft.Web/sites/config@') && body.name === name,
    )!;

test('with a registration in Entra every request is signed in but Event Grid’s, signed log addresses and webhooks', () => {
  const authentication = configOf('functionApp', 'authsettingsV2');
  const { globalValidation, platform } = properties(authentication) as Record<string, Record<string, Value>>;
  assert.equal(platform!.enabled, true);
  assert.equal(globalValidation!.requireAuthentication, true);
  assert.equal(globalValidation!.unauthenticatedClientAction, 'Return401');
  assert.deepEqual(globalValidation!.excludedPaths, [
    '/runtime/webhooks/*',
    '/logs/*',
    '/webhooks/*',
    '/page',
    '/page/*',
  ]);
  const deployment = text('docs/deploy-azd.md');
  for (const path of globalValidation!.excludedPaths as string[])
    assert.ok(deployment.includes(`\`${path}\``), `docs/deploy-azd.md does not name ${path}`);
  assert.match(text('shared/edge/logServer.ts'), /route: 'logs\//);
  assert.match(text('shared/edge/webhookServer.ts'), /route: 'webhooks\//);
  // With PLINTH_API_CLIENT_ID set, functions ask for no key: sign-in must be there first.
  const settings = configOf('functionApp', 'appsettings');
  assert.deepEqual(
    (settings.body.dependsOn as Expression[]).map((value) => value.text),
    [authentication.symbol],
  );
});

test('without a registration sign-in is turned off, after the functions ask for keys', () => {
  const off = properties(configOf('noAuthentication', 'authsettingsV2'));
  assert.deepEqual(off.platform, { enabled: false });
  const app = infra.get('modules/functionApp.bicep')!;
  assert.match(app.text, /module noAuthentication 'noAuthentication\.bicep' = if \(empty\(apiClientId\)\)/);
  const { body } = app.modules.find(({ symbol }) => symbol === 'noAuthentication')!;
  assert.deepEqual(
    (body.dependsOn as Expression[]).map((value) => value.text),
    ['applicationSettings'],
  );
});

test('where there is a virtual network, only it reaches storage and vault, and Event Grid', () => {
  for (const type of ['Microsoft.Storage/storageAccounts', 'Microsoft.KeyVault/vaults'])
    for (const { resource } of ofType(type)) {
      const { bypass, defaultAction } = properties(resource).networkAcls as Record<string, Value>;
      assert.equal(bypass, 'AzureServices');
      assert.equal((defaultAction as Expression).text, "empty(subnetId) ? 'Allow' : 'Deny'");
    }
  for (const symbol of ['hostStorage', 'dataStorage', 'vault', 'functionApp'])
    assert.equal((moduleOf(group, symbol).subnetId as Expression).text, 'appSubnetId', symbol);
});

/** Who may do what: identity, role, scope. docs/deploy-azd.md says why. */
const assignments = [
  ['app', 'Storage Blob Data Owner', 'host account'],
  ['app', 'Storage Table Data Contributor', 'host account'],
  ['app', 'Storage Queue Data Contributor', 'data account'],
  ['app', 'Storage Table Data Contributor', 'data account'],
  ['app', 'Key Vault Secrets User', 'sealing key'],
  ['app', 'Monitoring Metrics Publisher', 'Application Insights'],
  ['app', 'AcrPull', 'registry'],
  ['app', 'Container Registry Repository Reader', 'registry with ABAC'],
  ['app', 'Plinth Run Starter', 'registry with tasks'],
  ['app', 'Container Registry Tasks Contributor', 'registry with tasks, where it is not made'],
  ['app', 'Container Registry Repository Catalog Lister', 'registry with tasks and ABAC'],
  ['app', 'Container Registry Repository Writer', 'registry with tasks and ABAC'],
  ['topic', 'Storage Blob Data Contributor', 'container dead-letters'],
];

/** The role that the template makes, as Azure has none for runs alone. */
const madeRole = 'Plinth Run Starter';

test('roles are assigned by name from one table, and only these', () => {
  for (const { path, text } of files) assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/i, path);
  const named = new Map<string, string[]>();
  const seen = (place: string, ...roles: Value[]) =>
    named.set(place, [...(named.get(place) ?? []), ...roles.map(String)].sort());
  for (const symbol of ['hostStorage', 'dataStorage'])
    seen(symbol, ...(moduleOf(group, symbol).roleNames as string[]));
  for (const { file, resource } of ofType('Microsoft.Authorization/roleAssignments')) {
    const { roleDefinitionId, principalType } = properties(resource);
    assert.equal(principalType, 'ServicePrincipal', file.path);
    const made = /runStarter\.name/.test((roleDefinitionId as Expression).text);
    const role = made
      ? ['', madeRole]
      : /roles\[(?:'([^']+)'|roleName|it\.role)\]/.exec((roleDefinitionId as Expression).text);
    assert.ok(role, `${file.path}: ${resource.symbol} takes its role from elsewhere`);
    if (role[1]) {
      seen(`${file.path} ${(resource.body.scope as Expression).text}`, role[1]);
      assert.match((resource.body.name as Expression).text, new RegExp(role[1]), 'the name holds the role');
    }
  }
  const byRegistry = infra.get('modules/registryRoles.bicep')!.variables.wanted as Record<string, Value>[];
  seen('registry', ...byRegistry.map(({ role }) => role!));
  assert.deepEqual(Object.fromEntries(named), {
    hostStorage: ['Storage Blob Data Owner', 'Storage Table Data Contributor'],
    dataStorage: ['Storage Queue Data Contributor', 'Storage Table Data Contributor'],
    'modules/deadLetterRole.bicep account::blobService::container': ['Storage Blob Data Contributor'],
    'modules/registryRoles.bicep registry': [madeRole],
    'modules/monitoring.bicep insights': ['Monitoring Metrics Publisher'],
    'modules/vault.bicep sealingKeySecret': ['Key Vault Secrets User'],
    registry: [
      'AcrPull',
      'Container Registry Repository Catalog Lister',
      'Container Registry Repository Reader',
      'Container Registry Repository Writer',
      'Container Registry Tasks Contributor',
    ],
  });
});

test('the table of roles holds what is assigned and nothing else, and the page for deployers says so', () => {
  const ofAzure = assignments.map(([, role]) => role!).filter((role) => role !== madeRole);
  assert.deepEqual(Object.keys(roleIds).sort(), [...new Set(ofAzure)].sort());
  assert.equal(new Set(Object.values(roleIds)).size, Object.keys(roleIds).length);
  const page = text('docs/deploy-azd.md').replaceAll(/ +/g, ' ');
  for (const [identity, role, scope] of assignments)
    assert.ok(page.includes(`| ${identity} | ${role} | ${scope} |`), role);
});

test('the role that is made may do what the run engine is asked for, and nothing else', () => {
  const [role] = ofType('Microsoft.Authorization/roleDefinitions');
  const [{ actions, notActions, dataActions }] = properties(role!.resource).permissions as [
    Record<string, string[]>,
  ];
  const on = 'Microsoft.ContainerRegistry/registries/';
  // The registry itself, by tools that ask whether it is there, and the agent pool that a run names.
  const asked = ['read', 'agentpools/read'];
  const folder = 'shared/adapters/engine';
  const calls = readdirSync(join(root, folder)).flatMap((name) => [
    ...text(`${folder}/${name}`).matchAll(/\bpath(?:: '| = `)([^'`]+)/g),
  ]);
  const byPath: Record<string, string> = {
    scheduleRun: 'scheduleRun/action',
    listBuildSourceUploadUrl: 'listBuildSourceUploadUrl/action',
    'runs/${engineRunId}': 'runs/read',
    'runs/${engineRunId}/listLogSasUrl': 'runs/listLogSasUrl/action',
    'runs/${engineRunId}/cancel': 'runs/cancel/action',
    taskRuns: 'taskruns/read',
  };
  assert.deepEqual(calls.map(([, path]) => path).sort(), Object.keys(byPath).sort());
  asked.push(...Object.values(byPath));
  const byMethod: Record<string, string> = {
    GET: 'taskruns/read',
    PUT: 'taskruns/write',
    DELETE: 'taskruns/delete',
  };
  const onTaskRuns = text(`${folder}/taskRuns.ts`).matchAll(/method: '(\w+)', path: pathOf/g);
  assert.deepEqual([...onTaskRuns].map(([, method]) => method).sort(), Object.keys(byMethod).sort());
  asked.push(...Object.values(byMethod));
  assert.deepEqual(actions!.toSorted(), [...new Set(asked)].map((action) => on + action).sort());
  assert.deepEqual([notActions, dataActions], [undefined, undefined]);
});

test('a refusal names a role that the template assigns', () => {
  for (const adapter of ['engine/armClient', 'engine/armRunEngine', 'registry/acrRegistry'])
    for (const [, role] of text(`shared/adapters/${adapter}.ts`).matchAll(/role "?([A-Z][A-Za-z ]+?)"? on/g))
      assert.ok(role! in roleIds, role);
});

test.run();
