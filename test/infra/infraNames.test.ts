import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { readConfig } from '../../shared/edge/config.ts';
import {
  imagePushedEvent,
  messageQueue,
  staleEdgeMessage,
  storageConnection,
  tables,
} from '../../shared/names/azureNames.ts';
import { type Expression, objectsIn, type Value } from './bicep.ts';
import { events, group, infra, main, moduleOf, ofType, properties, root, text } from './infraFiles.ts';

test('tables and the queue are those of the code, and there is a queue for messages that failed', () => {
  const { tables: made, queues: queued } = moduleOf(group, 'dataStorage');
  assert.deepEqual([...(made as string[])].sort(), Object.values(tables).sort());
  assert.deepEqual(queued, [messageQueue, `${messageQueue}-poison`]);
});

/** What the code reads, by the names in config.ts. */
const read = [
  ...text('shared/edge/config.ts').matchAll(/^ {2}(?:\[`?\$?\{?(\w+)\}?(__\w+)?`?\]|([A-Z_]+)): /gm),
].map(([, variable, suffix = '', name]) => (variable ? storageConnection + suffix : name!));
const settings = Object.assign(
  {},
  moduleOf(group, 'functionApp').settings,
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
    // The host's own telemetry; the app's goes the same way (readTelemetry of config.ts).
    'APPLICATIONINSIGHTS_AUTHENTICATION_STRING',
    'APPLICATIONINSIGHTS_CONNECTION_STRING',
    // Without it anybody is shown the welcome page of Azure Functions at the app's root.
    'AzureWebJobsDisableHomepage',
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

test('the local stack sets what the template sets, under the same names', () => {
  const local = [...text('local/stackApp.ts').matchAll(/^ {4}(\w+): /gm)].map(([, name]) => name!);
  const notHere = ['APPLICATIONINSIGHTS_AUTHENTICATION_STRING', 'APPLICATIONINSIGHTS_CONNECTION_STRING'];
  assert.deepEqual(
    local.filter((name) => /^[A-Z]/.test(name)).sort(),
    Object.keys(settings)
      .filter((name) => !notHere.includes(name))
      .sort(),
  );
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
    PLINTH_RECONCILE_MINUTES: String(bound('reconcileMinutes', decorator)),
    PLINTH_POLL_MINUTES: String(bound('pollMinutes', decorator)),
    PLINTH_DELIVERY_DAYS: String(bound('deliveryDays', decorator)),
    PLINTH_RUN_DAYS: String(bound('runDays', decorator)),
    PLINTH_RUN_ENGINE: 'scheduleRun',
    PLINTH_LEDGER_DAYS: String(bound('ledgerDays', decorator)),
    PLINTH_RUNS_PER_REGISTRY: String(bound('runsPerRegistry', decorator)),
    PLINTH_RUNS_PER_TASK: String(bound('runsPerTask', decorator)),
    PlinthStorage__queueServiceUri: 'https://stdata.queue.core.windows.net/',
    PlinthStorage__tableServiceUri: 'https://stdata.table.core.windows.net/',
  });
  assert.equal(readConfig(environment('minValue')).registries[0]!.loginServer, 'team1-a1b2c3.azurecr.io');
  readConfig(environment('maxValue'));
  for (const name of [
    'PLINTH_MAX_CONTEXT_MIB',
    'PLINTH_RECONCILE_MINUTES',
    'PLINTH_POLL_MINUTES',
    'PLINTH_LEDGER_DAYS',
    'PLINTH_DELIVERY_DAYS',
    'PLINTH_RUN_DAYS',
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

test('of a registry’s events the pushes go to the function, for a day, then to the dead letters', () => {
  const [subscription] = ofType('Microsoft.EventGrid/systemTopics/eventSubscriptions');
  const given = properties(subscription!.resource) as Record<string, Record<string, Value>>;
  // An open enum: the compiler takes any text.
  assert.equal(given.eventDeliverySchema, 'EventGridSchema');
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
  assert.equal(deadLetterContainer, group.variables.deadLetterContainer);
});

test('a topic is the registry’s, with an identity of its own', () => {
  const [topic] = ofType('Microsoft.EventGrid/systemTopics');
  assert.deepEqual(topic!.resource.body.identity, { type: 'SystemAssigned' });
  assert.equal(properties(topic!.resource).topicType, 'Microsoft.ContainerRegistry.Registries');
});

test('both templates mean the same registries, topics and event subscriptions', () => {
  for (const file of [main, events]) assert.match(file.text, /^import \{ Registry \} from 'group\.bicep'$/m);
  const topicName = (file: string, pattern: RegExp) => pattern.exec(infra.get(file)!.text)?.[1];
  assert.equal(topicName('modules/registry.bicep', /'(evgt-plinth-)\$\{name\}'/), 'evgt-plinth-');
  assert.equal(
    topicName('events.bicep', /'(evgt-plinth-)\$\{last\(split\(registry\.id, '\/'\)\)\}'/),
    'evgt-plinth-',
  );
  const name = (moduleOf(events, 'eventSubscriptions').name as Expression).text;
  assert.equal((group.variables.eventSubscriptionName as Expression).text, name);
});

test('alerts compare in words that Azure Monitor has', () => {
  // Open enums: the compiler takes any text.
  const operators = ['Equals', 'GreaterThan', 'GreaterThanOrEqual', 'LessThan', 'LessThanOrEqual'];
  const used = [
    ...objectsIn(infra.get('modules/monitoring.bicep')!.variables.logAlerts!).map(({ operator }) => operator),
    ...ofType('Microsoft.Insights/metricAlerts')
      .flatMap(({ resource }) => objectsIn(properties(resource).criteria!))
      .map(({ operator }) => operator)
      .filter((operator) => operator !== 'Include'),
  ].filter((operator) => operator !== undefined);
  assert.equal(used.length, 4);
  for (const operator of used) assert.ok(operators.includes(String(operator)), String(operator));
});

test('alerts look for functions and messages that there are', () => {
  const queries = objectsIn(infra.get('modules/monitoring.bicep')!.variables.logAlerts!).map(({ query }) =>
    String(query),
  );
  assert.equal(queries.length, 3);
  const functions = [...queries.join('\n').matchAll(/Functions\.(\w+)/g)].map(([, name]) => name);
  assert.deepEqual(functions, ['clock']);
  for (const name of functions) assert.ok(existsSync(join(root, `functions/${name}.ts`)), name);
  assert.match(queries.join('\n'), new RegExp(`"${staleEdgeMessage}"`));
  // Lines of the log may be sampled away, a metric is not.
  const metrics = [...queries.join('\n').matchAll(/AppMetrics \| where Name == "([^"]+)"/g)].map(
    ([, name]) => name!,
  );
  assert.deepEqual(metrics, ['plinth.edge.staleness']);
  const known = text('shared/telemetry/metrics.ts');
  for (const name of metrics) assert.ok(known.includes(`name: '${name}'`), name);
});

test.run();
