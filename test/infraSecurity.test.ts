import assert from 'node:assert/strict';
import { test } from 'uvu';
import { storageConnection } from '../shared/names.ts';
import type { Expression, Value } from './bicep.ts';
import { files, infra, main, moduleOf, ofType, properties, text } from './infraFiles.ts';

const roleIds: Record<string, string> = JSON.parse(text('infra/roles.json'));

test('storage answers to identities only, over TLS 1.2', () => {
  for (const { resource } of ofType('Microsoft.Storage/storageAccounts')) {
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
    (symbol) => (moduleOf(main, symbol).name as Expression).text,
  );
  assert.equal(new Set(names).size, 2);
  const { settings, hostBlobEndpoint, hostTableEndpoint } = moduleOf(main, 'functionApp');
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
  assert.equal(config.ftpsState, 'Disabled');
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

test('with a registration in Entra every request is signed in but Event Grid’s, signed log addresses and webhooks', () => {
  const authentication = ofType('Microsoft.Web/sites/config').find(
    ({ resource }) => resource.body.name === 'authsettingsV2',
  )!;
  const { globalValidation, platform } = properties(authentication.resource) as Record<
    string,
    Record<string, Value>
  >;
  assert.equal(platform!.enabled, true);
  assert.equal(globalValidation!.requireAuthentication, true);
  assert.equal(globalValidation!.unauthenticatedClientAction, 'Return401');
  assert.deepEqual(globalValidation!.excludedPaths, ['/runtime/webhooks/*', '/logs/*', '/webhooks/*']);
  assert.match(text('shared/edge/logServer.ts'), /route: 'logs\//);
  assert.match(text('shared/edge/webhookServer.ts'), /route: 'webhooks\//);
  // With PLINTH_API_CLIENT_ID set, functions ask for no key: sign-in must be there first.
  const settings = ofType('Microsoft.Web/sites/config').find(
    ({ resource }) => resource.body.name === 'appsettings',
  )!;
  assert.deepEqual(
    (settings.resource.body.dependsOn as Expression[]).map((value) => value.text),
    [authentication.resource.symbol],
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
    assert.equal((moduleOf(main, symbol).subnetId as Expression).text, 'appSubnetId', symbol);
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
  ['app', 'Container Registry Tasks Contributor', 'registry with tasks'],
  ['app', 'Container Registry Repository Catalog Lister', 'registry with tasks and ABAC'],
  ['app', 'Container Registry Repository Writer', 'registry with tasks and ABAC'],
  ['topic', 'Storage Blob Data Contributor', 'container dead-letters'],
];

const namesIn = (value: Value | undefined) =>
  [...(value as Expression).text.matchAll(/'([^']+)'/g)].map(([, name]) => name!);

test('roles are assigned by name from one table, and only these', () => {
  for (const { path, text } of files) assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}/i, path);
  const named = new Map<string, string[]>();
  const seen = (place: string, ...roles: Value[]) =>
    named.set(place, [...(named.get(place) ?? []), ...roles.map(String)].sort());
  for (const symbol of ['hostStorage', 'dataStorage'])
    seen(symbol, ...(moduleOf(main, symbol).roleNames as string[]));
  for (const { file, resource } of ofType('Microsoft.Authorization/roleAssignments')) {
    const { roleDefinitionId, principalType } = properties(resource);
    assert.equal(principalType, 'ServicePrincipal', file.path);
    const role = /roles\[(?:'([^']+)'|roleName)\]/.exec((roleDefinitionId as Expression).text);
    assert.ok(role, `${file.path}: ${resource.symbol} takes its role from elsewhere`);
    if (role[1]) {
      seen(`${file.path} ${(resource.body.scope as Expression).text}`, role[1]);
      assert.match((resource.body.name as Expression).text, new RegExp(role[1]), 'the name holds the role');
    }
  }
  const byRegistry = infra.get('modules/registryRoles.bicep')!.variables;
  seen('registry', ...namesIn(byRegistry.reading), ...namesIn(byRegistry.running));
  assert.deepEqual(Object.fromEntries(named), {
    hostStorage: ['Storage Blob Data Owner', 'Storage Table Data Contributor'],
    dataStorage: ['Storage Queue Data Contributor', 'Storage Table Data Contributor'],
    'modules/deadLetterRole.bicep account::blobService::container': ['Storage Blob Data Contributor'],
    'modules/monitoring.bicep insights': ['Monitoring Metrics Publisher'],
    'modules/vault.bicep sealingKeySecret': ['Key Vault Secrets User'],
    registry: [
      'AcrPull',
      'Container Registry Repository Catalog Lister',
      'Container Registry Repository Reader',
      'Container Registry Repository Writer',
      'Container Registry Tasks Contributor',
      'Container Registry Tasks Contributor',
    ],
  });
});

test('the table of roles holds what is assigned and nothing else, and the page for deployers says so', () => {
  assert.deepEqual(Object.keys(roleIds).sort(), [...new Set(assignments.map(([, role]) => role!))].sort());
  assert.equal(new Set(Object.values(roleIds)).size, Object.keys(roleIds).length);
  const page = text('docs/deploy-azd.md').replaceAll(/ +/g, ' ');
  for (const [identity, role, scope] of assignments)
    assert.ok(page.includes(`| ${identity} | ${role} | ${scope} |`), role);
});

test('a refusal names a role that the template assigns', () => {
  for (const adapter of ['armRunEngine', 'acrRegistry'])
    for (const [, role] of text(`shared/adapters/${adapter}.ts`).matchAll(/role "?([A-Z][A-Za-z ]+?)"? on/g))
      assert.ok(role! in roleIds, role);
});

test.run();
