/** What the doctor concludes from what it has read, without anything to read from. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { uniqueString } from '../../infra/doctor/before/names.ts';
import {
  type AcrResource,
  type AgentPool,
  judgePool,
  judgeRegistry,
  judgeTopic,
} from '../../infra/doctor/before/registry.ts';
import { allows, type Permission } from '../../infra/doctor/before/rights.ts';
import { judgeSubscription, neededProviders } from '../../infra/doctor/before/subscription.ts';
import { type Finding, linesOf, quoted, summaryOf } from '../../infra/doctor/finding.ts';
import { judgeTools, type Versions } from '../../infra/doctor/tools.ts';
import { readAzdValues, readRegistries, readWanted, setRegistries } from '../../infra/doctor/wanted.ts';

const text = (findings: Finding[]) => findings.flatMap(linesOf).join('\n');

// Names by Microsoft's own compiler, 0.49.2: `bicep snapshot` of uniqueString(subscription().id, environment, location).
const unique: [environment: string, location: string, name: string][] = [
  ['prod', 'westeurope', 'jtrz5xjsgijm4'],
  ['a', 'swedencentral', 'mzytrdmoot4ok'],
  ['plinth-dev-12', 'eastus2', 't7ducvf6ycyjg'],
  ['abcdefg', 'uksouth', 'uws5yzvqyt3fs'],
  ['z1', 'local', '7o2zcxvact5pm'],
];
for (const [environment, location, name] of unique)
  test(`the names of ${environment} in ${location} end as the template makes them`, () => {
    assert.equal(
      uniqueString('/subscriptions/11111111-1111-1111-1111-111111111111', environment, location),
      name,
    );
  });

const good: Versions = { node: '22.12.0', az: '2.91.0', azd: '1.24.1', bicep: undefined };
const tools: [title: string, versions: Partial<Versions>, says: RegExp][] = [
  ['all new enough', {}, /^ok {4}Node: 22.12.0\nok {4}Azure CLI: 2.91.0\nok {4}azd: 1.24.1$/],
  ['an old az', { az: '2.45.0' }, /FAULT Azure CLI: 2.45.0 is older than 2.60.0\n +az upgrade/],
  ['no az', { az: undefined }, /FAULT Azure CLI: there is no az/],
  ['an old azd', { azd: '1.9.3' }, /FAULT azd: 1.9.3 is older than 1.24.0/],
  [
    'no azd, and no Bicep in az',
    { azd: undefined },
    /note {2}azd: .*deploy-az.md\nFAULT Bicep of az: it is not there\n +az bicep install/,
  ],
  [
    'no azd, and an old Bicep',
    { azd: undefined, bicep: '0.30.23' },
    /FAULT Bicep of az: 0.30.23 is older than 0.38.3/,
  ],
  ['no azd, and a new Bicep', { azd: undefined, bicep: '0.49.2' }, /ok {4}Bicep of az: 0.49.2/],
  ['a Node from before the programs', { node: '20.10.0' }, /FAULT Node: 20.10.0 is older than 20.11.0/],
  ['an old Node', { node: '18.20.1' }, /FAULT Node: 18.20.1 is older than 20.11.0/],
];
for (const [title, versions, says] of tools)
  test(`tools: ${title}`, () => {
    assert.match(text(judgeTools({ ...good, ...versions })), says);
  });

const subscriptions: [state: string, quotaId: string, spendingLimit: string, says: RegExp][] = [
  ['Enabled', 'PayAsYouGo_2014-09-01', 'Off', /^ok {4}subscription team: enabled, PayAsYouGo/],
  ['Enabled', 'EnterpriseAgreement_2014-09-01', 'Off', /^ok {4}/],
  ['Enabled', 'FreeTrial_2014-09-01', 'On', /^FAULT subscription team: it lives on free credits/],
  ['Enabled', 'AzureForStudents_2018-01-01', 'Off', /^FAULT .*AzureForStudents/],
  ['Enabled', 'MSDN_2014-09-01', 'On', /^ok .*\nnote {2}free credits: a spending limit is set/],
  ['Disabled', 'PayAsYouGo_2014-09-01', 'Off', /^FAULT subscription team: it is Disabled/],
  ['Warned', 'PayAsYouGo_2014-09-01', 'Off', /^FAULT subscription team: it is Warned/],
];
for (const [state, quotaId, spendingLimit, says] of subscriptions)
  test(`a subscription that is ${state}, ${quotaId}, spending limit ${spendingLimit}`, () => {
    const subscriptionPolicies = { quotaId, spendingLimit };
    assert.match(text(judgeSubscription({ displayName: 'team', state, subscriptionPolicies })), says);
  });

test('the providers of a registry are asked for in its own subscription', () => {
  const { registries } = readRegistries(JSON.stringify([{ id: registryId }]));
  const needed = neededProviders('s1', { registries, hasNetwork: true });
  assert.ok(needed.get('s1')!.includes('Microsoft.Network'));
  assert.deepEqual(needed.get('s2'), [
    'Microsoft.ContainerRegistry',
    'Microsoft.EventGrid',
    'Microsoft.Insights',
  ]);
});

const registryId =
  '/subscriptions/s2/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/team1';
const open = { loginServer: 'team1.azurecr.io', provisioningState: 'Succeeded' };
const rules = { networkRuleSet: { defaultAction: 'Deny' } };
const bypass = { networkRuleBypassOptions: 'AzureServices', networkRuleBypassAllowedForTasks: true };
const registries: [
  title: string,
  change: Partial<AcrResource['properties']>,
  given: [network: boolean, runs: boolean],
  says: RegExp,
][] = [
  ['an open one', {}, [false, true], /^ok {4}registry team1: Premium, rights by registry.*$/],
  [
    'one with rights by repository',
    { roleAssignmentMode: 'AbacRepositoryPermissions' },
    [false, true],
    /rights by repository \(ABAC\)/,
  ],
  [
    'one that is being made',
    { provisioningState: 'Creating' },
    [false, true],
    /^FAULT registry team1: its provisioningState is Creating/,
  ],
  [
    'rules, and the app without a network',
    rules,
    [false, true],
    /FAULT network of team1: its rules deny by default[\s\S]*FAULT run engine of team1/,
  ],
  [
    'rules, and the app in a network',
    rules,
    [true, true],
    /ok .*\nFAULT run engine of team1: its rules deny by default, and tasks may not pass them/,
  ],
  [
    'rules that tasks pass',
    { ...rules, ...bypass },
    [true, true],
    /note {2}network of team1: .*tasks may pass$/,
  ],
  ['rules of one that is only watched', rules, [true, false], /note {2}network of team1/],
  [
    'no public access',
    { publicNetworkAccess: 'Disabled', ...bypass },
    [true, true],
    /needs a private endpoint of the registry$/,
  ],
];
for (const [title, change, [hasNetwork, runsTasks], says] of registries)
  test(`a registry: ${title}`, () => {
    const wanted = readRegistries(JSON.stringify([{ id: registryId, runsTasks }])).registries[0]!;
    const resource = { sku: { name: 'Premium' }, properties: { ...open, ...change } };
    assert.match(text(judgeRegistry(wanted, resource, hasNetwork)), says);
  });

test('a registry with an agent pool of its own needs no way past its rules', () => {
  const given = JSON.stringify([{ id: registryId, agentPoolName: 'pool1' }]);
  const wanted = readRegistries(given).registries[0]!;
  const resource = { sku: { name: 'Premium' }, properties: { ...open, ...rules } };
  assert.doesNotMatch(text(judgeRegistry(wanted, resource, true)), /FAULT/);
});

const pools: [title: string, sku: string, pool: AgentPool | undefined, says: RegExp][] = [
  [
    'one that is there',
    'Premium',
    { properties: { count: 1 } },
    /^ok {4}agent pool of team1: pool1, Linux, instances: 1$/,
  ],
  ['one of which only the name is told', 'Premium', { properties: {} }, /^ok {4}/],
  [
    'none',
    'Premium',
    undefined,
    /^FAULT .*there is no pool1, [\s\S]*az acr agentpool create --registry team1 --name pool1/,
  ],
  [
    'a tier without pools',
    'Standard',
    undefined,
    /^FAULT .*needs the tier Premium, and this is Standard[\s\S]*--sku Premium/,
  ],
  [
    'one without instances',
    'Premium',
    { properties: { count: 0 } },
    /^FAULT .*no instance[\s\S]*agentpool update .*--count 1/,
  ],
  ['one that failed', 'Premium', { properties: { provisioningState: 'Failed' } }, /^FAULT .*is Failed/],
];
for (const [title, sku, pool, says] of pools)
  test(`the agent pool of a registry: ${title}`, () => {
    const given = JSON.stringify([{ id: registryId, agentPoolName: 'pool1' }]);
    assert.match(text([judgePool(readRegistries(given).registries[0]!, sku, pool)]), says);
  });

test('the command that sets the registries leaves out nothing that was said of them', () => {
  const said = [
    {
      id: registryId,
      runsTasks: false,
      topicName: 'topic',
      repositoryPrefix: 'base/',
      agentPoolName: 'pool1',
    },
    { id: registryId.replace('team1', 'team2') },
  ];
  const { registries } = readRegistries(JSON.stringify(said));
  const [, set] = /PLINTH_REGISTRIES '(.*)' &&/.exec(setRegistries(registries))!;
  assert.deepEqual(JSON.parse(set!), said);
});

test('a topic has a name of at most 50 letters, as Azure takes it', () => {
  const name = 'r'.repeat(50);
  const id = registryId.replace('team1', name);
  const { registries } = readRegistries(JSON.stringify([{ id }]));
  const topic = {
    id: `${registryId.replace(/\/providers.*/, '')}/providers/Microsoft.EventGrid/systemTopics/x`,
    name: `evgt-plinth-${'r'.repeat(38)}`,
    identity: { type: 'SystemAssigned', principalId: 'p' },
    properties: { source: id },
  };
  assert.match(text([judgeTopic(registries[0]!, [topic], registries)]), /^ok /);
});

const permission = (actions: string[], notActions: string[] = []): Permission => ({ actions, notActions });
const contributor = permission(['*'], ['Microsoft.Authorization/*/Write']);
const write = 'Microsoft.Authorization/roleAssignments/write';
const permissions: [title: string, has: Permission[], action: string, isAllowed: boolean][] = [
  ['an owner', [permission(['*'])], write, true],
  ['a contributor', [contributor], write, false],
  ['a contributor with a role that gives it', [contributor, permission([write])], write, true],
  ['a reader', [permission(['*/read'])], 'Microsoft.ContainerRegistry/registries/read', true],
  ['a reader who would write', [permission(['*/read'])], 'Microsoft.Web/sites/write', false],
  [
    'letters of another case',
    [permission(['microsoft.eventgrid/*'])],
    'Microsoft.EventGrid/systemTopics/write',
    true,
  ],
  ['nobody', [], 'Microsoft.Web/sites/read', false],
];
for (const [title, has, action, isAllowed] of permissions)
  test(`${title} ${isAllowed ? 'may' : 'may not'} ${action}`, () => {
    assert.equal(allows(has, action), isAllowed);
  });

const settings: [title: string, values: Record<string, string>, says: RegExp][] = [
  ['nothing', {}, /AZURE_ENV_NAME[\s\S]*AZURE_LOCATION[\s\S]*PLINTH_REGISTRIES: it is not set/],
  ['no JSON', { PLINTH_REGISTRIES: '[{id: 1}]' }, /PLINTH_REGISTRIES: it is not JSON/],
  ['no list', { PLINTH_REGISTRIES: '{}' }, /it is not a list of registries/],
  ['an empty list', { PLINTH_REGISTRIES: '[]' }, /it is not a list of registries/],
  [
    'an id of something else',
    { PLINTH_REGISTRIES: '[{"id": "team1"}]' },
    /\{"id":"team1"\} has no resource id of a registry/,
  ],
  [
    'a registry twice, in another case',
    { PLINTH_REGISTRIES: JSON.stringify([{ id: registryId }, { id: registryId.replace('team1', 'Team1') }]) },
    /it names the registry team1 more than once/,
  ],
  [
    'an id that ends with a slash',
    { PLINTH_REGISTRIES: JSON.stringify([{ id: `${registryId}/` }]) },
    /has no resource id/,
  ],
];
for (const [title, values, says] of settings)
  test(`settings: ${title}`, () => {
    assert.match(text(readWanted(values).faults), says);
  });

const environments: [name: string, more: Record<string, string>, says: RegExp | undefined][] = [
  ['prod', {}, undefined],
  ['my_env.(2)', {}, undefined],
  ['x'.repeat(32), {}, undefined],
  ['x'.repeat(33), {}, /has 33 letters, and the template takes 32 at most\n +azd env new/],
  ['prod.', {}, /the resource group rg-plinth-prod\. would end with a dot/],
  ['prod.', { AZURE_RESOURCE_GROUP: 'rg-prod' }, undefined],
  ['my env', {}, /has more than letters/],
  ['prüfung', {}, /has more than letters/],
];
for (const [name, more, says] of environments)
  test(`the environment ${name} ${says ? 'is a fault' : 'is taken'}${more.AZURE_RESOURCE_GROUP ? ' with a group of its own' : ''}`, () => {
    const given = { AZURE_LOCATION: 'westeurope', PLINTH_REGISTRIES: JSON.stringify([{ id: registryId }]) };
    const said = text(readWanted({ ...given, ...more, AZURE_ENV_NAME: name }).faults);
    if (says) assert.match(said, says);
    else assert.equal(said, '');
  });

test('the values of azd are read as it writes them', () => {
  const printed =
    'AZURE_ENV_NAME="prod"\nPLINTH_REGISTRIES="[{\\"id\\":\\"/subscriptions/s\\"}]"\nEMPTY=""\n';
  assert.deepEqual(readAzdValues(printed), {
    ...{ AZURE_ENV_NAME: 'prod', PLINTH_REGISTRIES: '[{"id":"/subscriptions/s"}]', EMPTY: '' },
  });
});

test('a word with a blank or a quote stays one word of a shell', () => {
  assert.deepEqual(["it's", 'a b', 'a/b-c'].map(quoted), [`'it'\\''s'`, `'a b'`, 'a/b-c']);
});

test('the last line counts what was found', () => {
  const found = judgeTools({ ...good, az: undefined });
  assert.equal(summaryOf(found), '1 fault, 2 work.');
});

test.run();
