/** What the doctor concludes from what it has read of a deployment, without anything to read from. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judgeHealth, judgeRefusal } from '../../infra/doctor/after/app.ts';
import {
  findParts,
  judgeParts,
  judgeReferences,
  judgeSealingKey,
  judgeStorage,
} from '../../infra/doctor/after/deployed.ts';
import { judgeDeliveries, judgeSubscription, type metricNames } from '../../infra/doctor/after/events.ts';
import { judgeRoles, rolesOnRegistry } from '../../infra/doctor/after/roles.ts';
import { createAzure } from '../../infra/doctor/azure.ts';
import { type Finding, linesOf } from '../../infra/doctor/finding.ts';
import roleIds from '../../infra/roles.json' with { type: 'json' };

const text = (findings: Finding[]) => findings.flatMap(linesOf).join('\n');
const group = '/subscriptions/s/resourceGroups/g';
const listed = (type: string, name: string) => ({ id: `${group}/providers/${type}/${name}`, name, type });
const site = listed('Microsoft.Web/sites', 'func-plinth-x');
const all = [
  site,
  listed('Microsoft.ManagedIdentity/userAssignedIdentities', 'id-plinth-x'),
  listed('Microsoft.Storage/storageAccounts', 'sthostx'),
  listed('Microsoft.Storage/storageAccounts', 'stdatax'),
  listed('Microsoft.KeyVault/vaults', 'kv-plinth-x'),
  listed('Microsoft.OperationalInsights/workspaces', 'log-plinth-x'),
  listed('Microsoft.Insights/components', 'appi-plinth-x'),
  listed('Microsoft.Web/serverfarms', 'plan-plinth-x'),
];

test('a whole deployment has all its parts', () => {
  assert.match(text(judgeParts(findParts(all), [])), /^ok {4}deployment: all parts/);
});
for (const { name, type } of all)
  test(`a deployment without its ${type} is half made`, () => {
    const found = findParts(all.filter((one) => one.name !== name));
    const says = text(judgeParts(found, []));
    assert.match(says, /^FAULT deployment: half made: there is no /);
    assert.ok(says.includes(`${name.slice(0, -1)}… (${type})`), says);
  });

const references: [status: string, says: RegExp, commands: RegExp][] = [
  ['Resolved', /^ok /, /^/],
  ['AccessToKeyVaultDenied', /not resolved: AccessToKeyVaultDenied/, /give the role\n.*appsettings\/refresh/],
  ['SecretNotFound', /SecretNotFound/, /azd provision\n.*refresh/],
  ['VaultNotFound', /VaultNotFound/, /azd provision/],
  ['FetchTimedOut', /FetchTimedOut/, /refresh/],
  ['MSINotEnabled', /MSINotEnabled/, /refresh/],
  ['InvalidSyntax', /InvalidSyntax/, /refresh/],
];
for (const [status, says, commands] of references)
  test(`a reference that is ${status}`, () => {
    const found = text(
      judgeReferences([{ name: 'PLINTH_SEALING_KEY', properties: { status } }], site.id, 'give the role'),
    );
    assert.match(found, says);
    assert.match(found, commands);
  });

test('a sealing key that is no reference is a fault', () => {
  assert.match(
    text(judgeReferences([], site.id, '')),
    /^FAULT setting PLINTH_SEALING_KEY: it is no reference/,
  );
});

const newest = 'https://kv-plinth-x.vault.azure.net/secrets/sealing-key/v2';
const keys: [activeVersion: string | undefined, says: RegExp][] = [
  ['v2', /^ok {4}sealing key: the vault's newest, v2$/],
  ['v1', /^FAULT sealing key: the app seals with version v1, the vault has v2\n.*refresh/],
  [undefined, /^\? {5}sealing key: App Service does not say which version it read/],
];
for (const [activeVersion, says] of keys)
  test(`a sealing key of version ${activeVersion}, where the vault has v2`, () => {
    const properties = { status: 'Resolved', ...(activeVersion && { activeVersion }) };
    assert.match(
      text([judgeSealingKey([{ name: 'PLINTH_SEALING_KEY', properties }], newest, site.id)]),
      says,
    );
  });

const own = {
  tables: 'https://stdatax.table.core.windows.net/',
  queues: 'https://stdatax.queue.core.windows.net/',
};
const accounts: [given: string | undefined, says: RegExp][] = [
  ['https://stdatax.table.core.windows.net/', /^ok /],
  ['https://STDATAX.table.core.windows.net', /^ok /],
  ['https://stdatay.table.core.windows.net/', /an account of the environment staging, and not on its own/],
  [
    'https://shop.table.core.windows.net/',
    /^FAULT storage of the app: it works on https:\/\/shop\.table\.core\.windows\.net\/, and not/,
  ],
  [undefined, /it works on nothing/],
  ['no address', /it works on no address/],
];
for (const [given, says] of accounts)
  test(`an app that works on ${given}`, () => {
    const settings: Record<string, string> = given ? { PlinthStorage__tableServiceUri: given } : {};
    const environments = new Map([
      ['stdatay', 'staging'],
      ['shop', undefined],
    ]);
    assert.match(text([judgeStorage(settings, own, environments, site)]), says);
  });

const registry = `${group}/providers/Microsoft.ContainerRegistry/registries/team1`;
const pull =
  '/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d';
const assignments: [title: string, has: [id: string, principal: string, scope: string][], works: boolean][] =
  [
    ['on the registry', [[pull, 'p', registry]], true],
    ['on its group', [[pull, 'p', group]], true],
    ['on everything', [[pull, 'p', '/']], true],
    ['with letters of another case', [[pull.toUpperCase(), 'P', registry.toUpperCase()]], true],
    ['of somebody else', [[pull, 'q', registry]], false],
    ['on another registry, whose name begins alike', [[pull, 'p', `${registry}2`]], false],
    ['another role', [[pull.replace('7f951dda', '8311e382'), 'p', registry]], false],
    ['none', [], false],
  ];
for (const [title, has, isGiven] of assignments)
  test(`a role assignment ${title} ${isGiven ? 'counts' : 'does not count'}`, () => {
    const given = has.map(([roleDefinitionId, principalId, scope]) => ({
      properties: { roleDefinitionId, principalId, scope },
    }));
    const [found] = judgeRoles(
      [{ principalId: 'p', who: 'the app', role: 'AcrPull', scope: registry }],
      given,
    );
    assert.equal(found!.state, isGiven ? 'works' : 'fault');
  });

const team1 =
  '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-team1/providers/Microsoft.ContainerRegistry/registries/team1';
const running: [title: string, id: string, isGiven: boolean][] = [
  // As Bicep 0.49.2 makes it: test/fixtures/infra/main.snapshot.json.
  ['the role that the template makes', '0cb2afe2-3d11-5249-80b7-49c66c030e17', true],
  ["Azure's role for tasks", roleIds['Container Registry Tasks Contributor'], true],
  ['the role of pulling', roleIds.AcrPull, false],
];
for (const [title, id, isGiven] of running)
  test(`${title} ${isGiven ? 'lets' : 'does not let'} the app start runs`, () => {
    const properties = { roleDefinitionId: `/x/${id}`, principalId: 'p', scope: team1 };
    const role = 'Container Registry Tasks Contributor';
    const [found] = judgeRoles([{ principalId: 'p', who: 'the app', role, scope: team1 }], [{ properties }]);
    assert.equal(found!.state, isGiven ? 'works' : 'fault');
  });

test('the roles on a registry are those of the template', () => {
  assert.deepEqual(
    [rolesOnRegistry(false, false), rolesOnRegistry(true, false), rolesOnRegistry(true, true).length],
    [['AcrPull'], ['Container Registry Repository Reader'], 4],
  );
});

const functionId = `${site.id}/functions/imagePushed`;
const subscription = (provisioningState: string, resourceId: string) => ({
  name: 'plinth-prod',
  properties: {
    provisioningState,
    destination: { endpointType: 'AzureFunction', properties: { resourceId } },
  },
});
const subscriptions: [title: string, found: ReturnType<typeof subscription>[], says: RegExp][] = [
  ['in order', [subscription('Succeeded', functionId)], /^ok /],
  ['in order, in letters of another case', [subscription('Succeeded', functionId.toUpperCase())], /^ok /],
  ['none', [], /^FAULT .*there is no plinth-prod/],
  [
    'of another environment',
    [{ ...subscription('Succeeded', functionId), name: 'plinth-test' }],
    /there is no plinth-prod/,
  ],
  [
    'whose function is not there yet',
    [subscription('AwaitingManualAction', functionId)],
    /it is AwaitingManualAction/,
  ],
  ['to another app', [subscription('Succeeded', '/other')], /it leads to \/other/],
];
for (const [title, found, says] of subscriptions)
  test(`an event subscription ${title}`, () => {
    assert.match(text([judgeSubscription('team1', 'plinth-prod', found, functionId)]), says);
  });

type Counts = Partial<Record<(typeof metricNames)[number], number>>;
const deliveries: [title: string, counts: Counts, says: RegExp][] = [
  ['nothing yet', {}, /^ok {4}deliveries of team1: in the last day 0 announced/],
  ['all delivered', { PublishSuccessCount: 3, DeliverySuccessCount: 3 }, /^ok .*3 announced, 3 delivered/],
  [
    'some at the second try',
    { PublishSuccessCount: 3, DeliverySuccessCount: 3, DeliveryAttemptFailCount: 1 },
    /^note /,
  ],
  [
    'none taken',
    { PublishSuccessCount: 3, DeliveryAttemptFailCount: 9 },
    /^FAULT .*the app takes none\n +azd deploy/,
  ],
  [
    'dead letters',
    { DeadLetteredCount: 1, DeliverySuccessCount: 1 },
    /^FAULT .*1 dead letters.*\n.*replay-dead-letters/,
  ],
  ['lost events', { DroppedEventCount: 1 }, /^FAULT .*may not write dead letters\n +give the role/],
];
for (const [title, counts, says] of deliveries)
  test(`deliveries: ${title}`, () => {
    const value = Object.entries(counts).map(([name, total]) => ({
      name: { value: name },
      timeseries: [{ data: [{ total: total - 1 }, { total: 1 }, {}] }],
    }));
    assert.match(text(judgeDeliveries('team1', { value }, 'give the role')), says);
  });

const refusals: [status: number, says: RegExp][] = [
  [401, /^ok /],
  [200, /^FAULT .*anybody may use the API/],
  [403, /^FAULT .*stopped/],
  [404, /^FAULT .*answers 404/],
  [502, /^FAULT .*answers 502/],
  [503, /^FAULT .*answers 503/],
];
for (const [status, says] of refusals)
  test(`a call without a key that is answered ${status}`, () => {
    assert.match(text([judgeRefusal(status)]), says);
  });

const place = { siteName: 'func-plinth-x', group: 'g', host: 'h', principalId: 'p', dataAccountId: 'data' };
const roles = [
  { principalId: 'p', who: 'the app', role: 'Storage Queue Data Contributor', scope: 'data' } as const,
  { principalId: 'p', who: 'the app', role: 'AcrPull', scope: registry } as const,
];
const edge = (name: string, works: boolean) => ({
  status: 200,
  text: JSON.stringify({ app: 'a', edges: [{ name, works, says: 'why' }] }),
});
const said = (status: number, message: string) => ({
  status,
  text: JSON.stringify({ error: { code: 'C', message } }),
});
const answers: [title: string, answer: { status: number; text: string }, runsTasks: boolean, says: RegExp][] =
  [
    ['an edge that works', edge('clock', true), true, /^ok {4}the app's clock: why$/],
    [
      'a clock that stands',
      edge('clock', false),
      true,
      /^FAULT the app's clock: why\n +az functionapp restart/,
    ],
    [
      'queues out of reach',
      edge('queues', false),
      true,
      /^FAULT .*\n +az role assignment create .*Queue.*\n +azd provision$/,
    ],
    [
      'a registry out of reach',
      edge('registry', false),
      true,
      /^FAULT the app and the images of team1: why\n +az role .*AcrPull/,
    ],
    ['an engine out of reach', edge('runEngine', false), true, /^FAULT the app and the run engine of team1/],
    ['an engine out of reach of a registry that is only watched', edge('runEngine', false), false, /^$/],
    [
      'settings that are not complete',
      said(503, 'PLINTH_SEALING_KEY: needed'),
      true,
      /^FAULT .*503: PLINTH_SEALING_KEY: needed/,
    ],
    ['an older version', said(404, 'Not Found'), true, /^FAULT .*older version.*\n +azd deploy$/],
    [
      'a registry that the app does not know',
      said(404, 'PLINTH_REGISTRIES names those'),
      true,
      /^FAULT .*\n +azd provision$/,
    ],
    ['a key that is refused', said(401, 'Sign in'), true, /^\? {5}.*401: Sign in$/],
    ['a page that is no JSON', { status: 500, text: '<html>' }, true, /^FAULT .*500: \n +az webapp log tail/],
  ];
for (const [title, answer, runsTasks, says] of answers)
  test(`the app says: ${title}`, () => {
    assert.match(text(judgeHealth({ name: 'team1', runsTasks }, answer, place, roles)), says);
  });

/** A token of somebody, unsigned: nobody here looks at more than its claims. */
const token = `e.${Buffer.from(JSON.stringify({ oid: 'me', upn: 'ann@example.com' })).toString('base64url')}.s`;
const connections: [title: string, failures: number, says: RegExp][] = [
  ['answers', 0, /^200$/],
  ['closes the connection once', 1, /^200$/],
  ['is away', 2, /^https:\/\/arm\.example does not answer$/],
];
for (const [title, failures, says] of connections)
  test(`a server that ${title}`, async () => {
    let left = failures;
    const azure = createAzure({
      ...{ endpoint: 'https://arm.example', token, subscriptionId: 's' },
      fetch: async () => {
        if (left-- > 0) throw new TypeError('fetch failed');
        return { status: 200, text: async () => '{}' };
      },
    });
    assert.deepEqual(azure.principal, { id: 'me', type: 'User', name: 'ann@example.com' });
    const status = azure.get('/subscriptions/s', '2022-12-01').then(
      (answer) => `${answer.status}`,
      (error) => error.message,
    );
    assert.match(await status, says);
  });

test('a POST that may change something is not sent', async () => {
  const fetch = async () => assert.fail('it was sent');
  const azure = createAzure({ ...{ endpoint: 'https://arm.example', token, subscriptionId: 's' }, fetch });
  await assert.rejects(azure.post(`${site.id}/restart`, '2024-11-01'), /not known to change nothing/);
});

test.run();
