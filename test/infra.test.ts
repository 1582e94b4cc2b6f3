import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { readConfig } from '../shared/edge/config.ts';
import { imagePushedEvent, queues, staleEdgeMessage, storageConnection, tables } from '../shared/names.ts';
import {
  type BicepFile,
  type Expression,
  objectsIn,
  parse,
  type Resource,
  readBicep,
  type Value,
} from './bicep.ts';

const root = join(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const infra = readBicep(join(root, 'infra'));
const files = [...infra.values()];
const main = infra.get('main.bicep')!;
const events = infra.get('events.bicep')!;
const roleIds: Record<string, string> = JSON.parse(text('infra/roles.json'));

const ofType = (type: string): { file: BicepFile; resource: Resource }[] => {
  const found = files.flatMap((file) =>
    file.resources
      .filter((resource) => resource.type.startsWith(`${type}@`) && !resource.existing)
      .map((resource) => ({ file, resource })),
  );
  assert.notEqual(found.length, 0, `no ${type} in infra/`);
  return found;
};
const properties = (resource: Resource) => resource.body.properties as Record<string, Value>;
const moduleOf = (file: BicepFile, symbol: string) => {
  const found = file.modules.find((module) => module.symbol === symbol);
  assert.ok(found, `no module ${symbol} in ${file.path}`);
  return found.body.params as Record<string, Value>;
};

// --- the texts --------------------------------------------------------------------------------------------------

test('every file parses', () => {
  assert.deepEqual(
    files.filter(({ hasError }) => hasError).map(({ path }) => path),
    [],
  );
  assert.ok(files.length > 10, `${files.length} files`);
});

test('every parameter says what it is for, and Required means that it has no default', () => {
  for (const { path, parameters, types } of files)
    for (const { symbol, decorators, type, default: value } of [
      ...parameters,
      ...Object.values(types).flat(),
    ]) {
      const words = String(decorators.description?.[0] ?? '');
      const optional = value !== undefined || type.endsWith('?');
      assert.match(words, optional ? /^(Optional|Conditional)\. \S/ : /^Required\. \S/, `${path}: ${symbol}`);
    }
});

test('every output says what it is', () => {
  for (const { path, outputs } of files)
    for (const { symbol, decorators } of outputs) assert.ok(decorators.description, `${path}: ${symbol}`);
});

test('the texts stay in the part of Bicep that can be checked without the compiler, and load nothing from afar', () => {
  for (const { path, text } of files) {
    assert.doesNotMatch(text, /^\s*(import|extension|using|assert)\b|resourceInput<|\.\.\.\w|\w!\./m, path);
    assert.doesNotMatch(text, /'(br|ts)[:/]/, path);
  }
});

test('modules are given each parameter that they require, and none that they do not have', () => {
  for (const file of files)
    for (const { symbol, path, body } of file.modules) {
      const module = infra.get(join(file.path, '..', path));
      assert.ok(module, `${file.path}: ${symbol}: no file ${path}`);
      const given = Object.keys(body.params as object);
      const known = module.parameters.map((parameter) => parameter.symbol);
      const required = module.parameters.filter((parameter) => parameter.default === undefined);
      for (const name of given)
        assert.ok(known.includes(name), `${file.path}: ${symbol}: ${name} is unknown`);
      for (const parameter of required)
        assert.ok(
          given.includes(parameter.symbol),
          `${file.path}: ${symbol}: ${parameter.symbol} is missing`,
        );
    }
});

test('a fault is found: the rules above are not empty', () => {
  assert.equal(parse('x.bicep', "resource a 'T/a@1' = {").hasError, true);
  const { parameters } = parse('x.bicep', "@description('Required. A.')\nparam a string = 'b'");
  assert.equal(parameters[0]?.default, 'b');
  assert.equal(parameters[0]?.decorators.description?.[0], 'Required. A.');
});

// --- no keys, closed by default ---------------------------------------------------------------------------------

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

test('with a registration in Entra every request is signed in but Event Grid’s and signed log addresses', () => {
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
  assert.deepEqual(globalValidation!.excludedPaths, ['/runtime/webhooks/*', '/logs/*']);
  assert.match(text('shared/edge/logServer.ts'), /route: 'logs\//);
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

// --- roles ------------------------------------------------------------------------------------------------------

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

// --- names and settings -----------------------------------------------------------------------------------------

test('tables and queues are those of the code, and there is a queue for what each puts aside', () => {
  const { tables: made, queues: queued } = moduleOf(main, 'dataStorage');
  assert.deepEqual([...(made as string[])].sort(), Object.values(tables).sort());
  const names = Object.values(queues).flatMap((name) => [name, `${name}-poison`]);
  assert.deepEqual([...(queued as string[])].sort(), names.sort());
});

/** What the code reads, by the names in config.ts. */
const read = [
  ...text('shared/edge/config.ts').matchAll(/^ {2}(?:\[`?\$?\{?(\w+)\}?(__\w+)?`?\]|([A-Z_]+)): /gm),
].map(([, variable, suffix = '', name]) => (variable ? storageConnection + suffix : name!));
const settings = Object.assign(
  {},
  moduleOf(main, 'functionApp').settings,
  ...ofType('Microsoft.Web/sites/config')
    .filter(({ resource }) => resource.body.name === 'appsettings')
    .flatMap(({ resource }) => objectsIn(resource.body.properties!)),
) as Record<string, Value>;

test('every setting that the code reads is set', () => {
  for (const name of ['PLINTH_REGISTRIES', `${storageConnection}__tableServiceUri`])
    assert.ok(read.includes(name), `${name} is not found in config.ts`);
  const elsewhere = [
    'WEBSITE_HOSTNAME', // App Service's own
    storageConnection, // a connection string: only on one machine
  ];
  assert.deepEqual(
    read.filter((name) => !(name in settings) && !elsewhere.includes(name)),
    [],
  );
});

test('no setting is set that nobody reads', () => {
  const byTheHost = [
    'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    'APPLICATIONINSIGHTS_CONNECTION_STRING',
    'AzureWebJobsStorage__blobServiceUri',
    'AzureWebJobsStorage__clientId',
    'AzureWebJobsStorage__credential',
    'AzureWebJobsStorage__tableServiceUri',
    `${storageConnection}__clientId`,
    `${storageConnection}__credential`,
  ];
  assert.deepEqual(
    Object.keys(settings).filter((name) => !read.includes(name) && !byTheHost.includes(name)),
    [],
  );
  for (const name of byTheHost) assert.ok(name in settings, name);
});

test('the code takes the settings in the form in which they are set', () => {
  const params = main.parameters;
  const bound = (name: string, decorator: string) =>
    params.find(({ symbol }) => symbol === name)!.decorators[decorator]![0] as number;
  const environment = (decorator: 'minValue' | 'maxValue') => ({
    ...Object.fromEntries(Object.keys(settings).map((name) => [name, ''])),
    PLINTH_REGISTRIES: JSON.stringify([
      {
        id: '/subscriptions/0/resourceGroups/r/providers/Microsoft.ContainerRegistry/registries/team1',
        loginServer: 'team1-a1b2c3.azurecr.io',
      },
    ]),
    // What main.bicep makes where no key is given: 32 characters, base64(replace(newGuid(), '-', '')).
    PLINTH_SEALING_KEY: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64'),
    PLINTH_ARM_ENDPOINT: 'https://management.azure.com/',
    PLINTH_MAX_CONTEXT_MIB: String(bound('maxContextMiB', decorator)),
    PLINTH_RUNS_PER_REGISTRY: String(bound('runsPerRegistry', decorator)),
    PLINTH_RUNS_PER_TASK: String(bound('runsPerTask', decorator)),
    PlinthStorage__queueServiceUri: 'https://stdata.queue.core.windows.net/',
    PlinthStorage__tableServiceUri: 'https://stdata.table.core.windows.net/',
  });
  assert.equal(readConfig(environment('minValue')).registries[0]!.loginServer, 'team1-a1b2c3.azurecr.io');
  readConfig(environment('maxValue'));
  for (const name of [
    'PLINTH_MAX_CONTEXT_MIB',
    'PLINTH_RUNS_PER_REGISTRY',
    'PLINTH_RUNS_PER_TASK',
  ] as const) {
    const most = environment('maxValue');
    assert.throws(() => readConfig({ ...most, [name]: String(Number(most[name]) + 1) }), new RegExp(name));
  }
});

test('the sealing key is a reference to the vault, read by the app’s identity', () => {
  assert.match(
    (settings.PLINTH_SEALING_KEY as Expression).text,
    /^'@Microsoft\.KeyVault\(SecretUri=\$\{vault\.outputs\.sealingKeyUri\}\)'$/,
  );
  const { keyVaultReferenceIdentity } = properties(ofType('Microsoft.Web/sites')[0]!.resource);
  assert.equal((keyVaultReferenceIdentity as Expression).text, 'identityId');
});

// --- events -----------------------------------------------------------------------------------------------------

test('of a registry’s events the pushes go to the function, for a day, then to the dead letters', () => {
  const [subscription] = ofType('Microsoft.EventGrid/systemTopics/eventSubscriptions');
  const given = properties(subscription!.resource) as Record<string, Record<string, Value>>;
  assert.deepEqual(given.filter!.includedEventTypes, [imagePushedEvent]);
  assert.equal(given.destination!.endpointType, 'AzureFunction');
  const { functionId, deadLetterContainer } = moduleOf(events, 'eventSubscriptions');
  const name = /\/functions\/(\w+)'$/.exec((functionId as Expression).text)![1]!;
  assert.match(text(`functions/${name}.ts`), new RegExp(`app\\.eventGrid\\('${name}'`));
  const { maxDeliveryAttempts, eventTimeToLiveInMinutes } = given.retryPolicy as Record<string, number>;
  assert.ok(maxDeliveryAttempts! >= 1 && maxDeliveryAttempts! <= 30, `${maxDeliveryAttempts} attempts`);
  assert.ok(
    eventTimeToLiveInMinutes! >= 60 && eventTimeToLiveInMinutes! <= 1440,
    `${eventTimeToLiveInMinutes} minutes`,
  );
  assert.deepEqual(given.deadLetterWithResourceIdentity!.identity, { type: 'SystemAssigned' });
  assert.equal(deadLetterContainer, main.variables.deadLetterContainer);
});

test('a topic is the registry’s, with an identity of its own', () => {
  const [topic] = ofType('Microsoft.EventGrid/systemTopics');
  assert.deepEqual(topic!.resource.body.identity, { type: 'SystemAssigned' });
  assert.equal(properties(topic!.resource).topicType, 'Microsoft.ContainerRegistry.Registries');
});

test('both templates mean the same registries, topics and event subscriptions', () => {
  const shape = (file: BicepFile) => file.types.Registry!.map(({ symbol, type }) => `${symbol}: ${type}`);
  assert.deepEqual(shape(main), shape(events));
  const topicName = (file: string, pattern: RegExp) => pattern.exec(infra.get(file)!.text)?.[1];
  assert.equal(topicName('modules/registry.bicep', /'(evgt-plinth-)\$\{name\}'/), 'evgt-plinth-');
  assert.equal(
    topicName('events.bicep', /'(evgt-plinth-)\$\{last\(split\(registry\.id, '\/'\)\)\}'/),
    'evgt-plinth-',
  );
  const name = (moduleOf(events, 'eventSubscriptions').name as Expression).text;
  assert.equal((main.variables.eventSubscriptionName as Expression).text, name);
});

test('alerts look for functions and messages that there are', () => {
  const queries = objectsIn(infra.get('modules/monitoring.bicep')!.variables.logAlerts!).map(({ query }) =>
    String(query),
  );
  assert.equal(queries.length, 3);
  for (const [, name] of queries.join('\n').matchAll(/Name == "(\w+)"/g))
    assert.ok(existsSync(join(root, `functions/${name}.ts`)), name);
  assert.match(queries.join('\n'), new RegExp(`"${staleEdgeMessage}"`));
});

// --- parameters, azd, tags --------------------------------------------------------------------------------------

test('azd’s parameters are those of the template, with the same defaults', () => {
  const given: Record<string, { value: string }> = JSON.parse(text('infra/main.parameters.json')).parameters;
  const known = new Map(main.parameters.map((parameter) => [parameter.symbol, parameter]));
  for (const [name, { value }] of Object.entries(given)) {
    const parameter = known.get(name);
    assert.ok(parameter, name);
    const [, fallback] = /^\$\{[A-Z_]+(?:=(.*))?\}$/.exec(value) ?? assert.fail(`${name}: ${value}`);
    if (parameter.default === undefined) assert.equal(fallback, undefined, name);
    else assert.equal(fallback, String(parameter.default), name);
  }
  // Tags are azd's own; the sealing key is made where there is none, and never passes through a file.
  const left = [...known.keys()].filter((name) => !(name in given));
  assert.deepEqual(left.sort(), ['sealingKey', 'tags']);
});

test('azd finds the app, the package and the hooks, and the hooks what they need', () => {
  const yaml = text('azure.yaml');
  const service = /services:\n {2}(\w+):/.exec(yaml)![1];
  const { tags } = ofType('Microsoft.Web/sites')[0]!.resource.body;
  assert.deepEqual(objectsIn(tags!), [{ 'azd-service-name': service! }]);
  assert.match(yaml, /dist: dist\/package\n/);
  assert.match(text('infra/package.ts'), /join\(root, 'dist\/package'\)/);
  const scripts = [...yaml.matchAll(/run: (\S+)/g)].map(([, path]) => path!);
  assert.equal(scripts.length, 2);
  const byAzd = [
    'AZURE_SUBSCRIPTION_ID',
    'AZURE_ENV_NAME',
    'AZURE_LOCATION',
    'PLINTH_REGISTRIES',
    'PLINTH_RETRY_SECONDS',
  ];
  for (const path of scripts) {
    for (const [name] of text(path).matchAll(/\b(AZURE|PLINTH)_[A-Z_]+\b/g))
      assert.ok(
        byAzd.includes(name) || main.outputs.some(({ symbol }) => symbol === name),
        `${path}: ${name}`,
      );
    const given = events.parameters.map(({ symbol }) => symbol);
    for (const name of given) assert.match(text(path), new RegExp(`\\b${name}\\s*=`), `${path}: ${name}`);
  }
  for (const script of readdirSync(join(root, 'infra/scripts')).filter((name) => name.endsWith('.sh')))
    assert.ok(statSync(join(root, 'infra/scripts', script)).mode & 0o100, `${script} is not executable`);
});

test('everything that can carry tags does', () => {
  const untagged =
    /(roleAssignments|blobServices|containers|tableServices|tables|queueServices|queues|secrets|config|basicPublishingCredentialsPolicies|eventSubscriptions)@/;
  for (const { path, resources } of files)
    for (const { symbol, type, existing, body } of resources)
      if (!existing && !untagged.test(type)) assert.ok(body.tags, `${path}: ${symbol}`);
});

test.run();
