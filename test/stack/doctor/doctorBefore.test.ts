/** What `npm run doctor` says before a deployment, of each fault made on purpose in the local Resource Manager. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { examineBefore } from '../../../infra/doctor/before/before.ts';
import { worldNames } from '../../../infra/doctor/before/names.ts';
import { linesOf } from '../../../infra/doctor/finding.ts';
import { readWanted } from '../../../infra/doctor/wanted.ts';
import { createEntra, type Entra } from '../../../local/identity/entra.ts';
import { registryId, tenantId } from '../../../local/identity/resourceIds.ts';
import { makeTls, type Tls } from '../../../local/machine/tls.ts';
import { type BeforeWorld, group, startBeforeWorld, subscription } from './doctorWorld.ts';

const test = suite<{ world: BeforeWorld; dir: string; tls: Tls; entra: Entra }>(
  'the doctor before a deployment',
);

test.before(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'plinth-doctor-'));
  context.tls = await makeTls(context.dir);
  context.entra = createEntra(tenantId);
});
test.after(({ dir }) => rm(dir, { recursive: true }));
test.before.each(async (context) => {
  context.world = await startBeforeWorld(context.tls, context.entra);
});
test.after.each(({ world }) => world.stop());

const base = registryId('baseacr');
const app = registryId('appacr');
const settings = {
  AZURE_ENV_NAME: 'prod',
  AZURE_LOCATION: 'westeurope',
  AZURE_RESOURCE_GROUP: 'localrg',
  PLINTH_REGISTRIES: JSON.stringify([{ id: base }, { id: app }]),
};
const [host, , vault] = worldNames(subscription, 'prod', 'westeurope').map(({ name }) => name) as [
  string,
  string,
  string,
];

const registry = ({ made }: BeforeWorld, id = base) => made.resources.get(id.toLowerCase())!;
/** Without the topics of the environment `local`, as nobody has deployed anything. */
const withoutTopics = ({ made }: BeforeWorld) => {
  for (const [id, { type }] of made.resources) if (/systemTopics/i.test(type)) made.resources.delete(id);
};

/** What the doctor says of whatever does not work, commands included. */
async function said(world: BeforeWorld, who = world.owner, values: Record<string, string> = settings) {
  const { azure, methods } = await world.as(who);
  const findings = await examineBefore(azure, readWanted(values).wanted);
  assert.deepEqual(
    methods.filter((line) => !/^GET |^POST .*\/checkNameAvailability$/i.test(line)),
    [],
    'nothing was changed',
  );
  return findings.filter(({ state }) => state !== 'works').flatMap(linesOf);
}

test('a subscription in order has no fault', async ({ world }) => {
  withoutTopics(world);
  assert.deepEqual(await said(world), []);
});

const faults: [title: string, make: (world: BeforeWorld) => void, says: RegExp, mend: RegExp][] = [
  [
    'free credits',
    ({ made }) => (made.subscriptionPolicies = { quotaId: 'FreeTrial_2014-09-01', spendingLimit: 'On' }),
    /free credits \(FreeTrial_2014-09-01\), for which Azure has paused ACR Tasks/,
    /az account set/,
  ],
  [
    'a spending limit',
    ({ made }) => (made.subscriptionPolicies = { quotaId: 'MSDN_2014-09-01', spendingLimit: 'On' }),
    /note {2}free credits: a spending limit is set \(MSDN_2014-09-01\)/,
    /TasksOperationsNotAllowed/,
  ],
  [
    'a provider that is not registered',
    ({ made }) => (made.providers['Microsoft.App'] = 'NotRegistered'),
    /provider Microsoft.App: it is NotRegistered/,
    /az provider register --namespace Microsoft.App --subscription 11111111-/,
  ],
  [
    'a provider that is being registered',
    ({ made }) => (made.providers['Microsoft.EventGrid'] = 'Registering'),
    /provider Microsoft.EventGrid: it is Registering/,
    /--wait/,
  ],
  [
    'a registry that was deleted',
    ({ made }) => made.resources.delete(base.toLowerCase()),
    /FAULT registry baseacr: there is no .*\/baseacr: it was deleted, or the id is wrong/,
    /azd env set PLINTH_REGISTRIES '\[\{"id":"[^"]*\/appacr"\}\]'/,
  ],
  [
    'a registry whose rules deny',
    (world) => (registry(world).properties.networkRuleSet = { defaultAction: 'Deny' }),
    /network of baseacr: its rules deny by default, and the app would come from no fixed address/,
    /azd env set PLINTH_SUBNET_ID/,
  ],
  [
    'a registry whose rules tasks may not pass',
    (world) => (registry(world).properties.publicNetworkAccess = 'Disabled'),
    /run engine of baseacr: public access is disabled, and tasks may not pass/,
    /az resource update --ids .*networkRuleBypassAllowedForTasks=true/,
  ],
  [
    'a topic of somebody else',
    ({ made }) => {
      const id = `${group}/providers/Microsoft.EventGrid/systemTopics/theirs`;
      const topic = made.resources.get(
        `${group}/providers/Microsoft.EventGrid/systemTopics/evgt-plinth-baseacr`.toLowerCase(),
      )!;
      made.resources.delete(topic.id.toLowerCase());
      made.resources.set(id.toLowerCase(), { ...topic, id, name: 'theirs' });
    },
    /event topic of baseacr: Azure takes one for each registry, and theirs is there already/,
    /azd env set PLINTH_REGISTRIES '\[\{"id":"[^"]*","topicName":"theirs"\},/,
  ],
  [
    'a topic without an identity',
    ({ made }) => {
      const topic = `${group}/providers/Microsoft.EventGrid/systemTopics/evgt-plinth-baseacr`.toLowerCase();
      delete made.resources.get(topic)!.identity;
    },
    /evgt-plinth-baseacr has no identity/,
    /az eventgrid system-topic update --name evgt-plinth-baseacr --resource-group localrg --identity systemassigned/,
  ],
  [
    'a name that is taken',
    ({ made }) => made.takenNames.add(host),
    new RegExp(`name ${host}: it is taken`),
    /azd env new/,
  ],
  [
    'a vault that was deleted and is kept',
    ({ made }) =>
      made.deletedVaults.set(vault, {
        ...{ scheduledPurgeDate: '2026-12-04T00:00:00Z', purgeProtectionEnabled: true },
      }),
    new RegExp(`name ${vault}: a deleted vault keeps it until 2026-12-04`),
    new RegExp(`az keyvault recover --name ${vault} --location westeurope$`, 'm'),
  ],
  [
    'a vault that was deleted and may be purged',
    ({ made }) =>
      made.deletedVaults.set(vault, {
        ...{ scheduledPurgeDate: '2026-12-04T00:00:00Z', purgeProtectionEnabled: false },
      }),
    new RegExp(`name ${vault}: a deleted vault`),
    new RegExp(`az keyvault purge --name ${vault} --location westeurope`),
  ],
];
for (const [title, make, says, mend] of faults)
  test(`names ${title}, with the command that mends it`, async ({ world }) => {
    make(world);
    const lines = (await said(world)).join('\n');
    assert.match(lines, says);
    assert.match(lines, mend);
  });

const contributor = 'Contributor';
const rights: [
  title: string,
  has: [role: string, scope: string][],
  missing: [role: string, scope: string][],
][] = [
  [
    'no role at all',
    [],
    [
      [contributor, subscription],
      ['Role Based Access Control Administrator', group],
      ['Reader', base],
    ],
  ],
  [
    'Contributor on the subscription, who may give no roles',
    [[contributor, subscription]],
    [
      ['Role Based Access Control Administrator', group],
      ['Role Based Access Control Administrator', base],
      ['Role Based Access Control Administrator', app],
    ],
  ],
  [
    'Contributor on the group alone',
    [[contributor, group]],
    [
      [contributor, subscription],
      ['Role Based Access Control Administrator', group],
    ],
  ],
  [
    'the right to give roles and no other',
    [['Role Based Access Control Administrator', subscription]],
    [
      [contributor, subscription],
      [contributor, group],
      ['EventGrid Contributor', group],
      ['Monitoring Contributor', group],
      ['User Access Administrator', group],
    ],
  ],
  [
    'a contributor who may give roles but make none',
    [
      [contributor, subscription],
      ['Role Based Access Control Administrator', subscription],
    ],
    [['User Access Administrator', group]],
  ],
  [
    'a contributor who may give and make roles',
    [
      [contributor, subscription],
      ['User Access Administrator', subscription],
    ],
    [],
  ],
  [
    'a reader of everything',
    [['Reader', subscription]],
    [
      [contributor, subscription],
      [contributor, group],
      ['Role Based Access Control Administrator', base],
    ],
  ],
];
for (const [title, has, missing] of rights)
  test(`of ${title} it says which roles are missing, ready to be given`, async ({ world }) => {
    withoutTopics(world);
    const { principalId } = world.deployer;
    for (const [role, scope] of has) world.roles.assign({ scope, principalId, role });
    const lines = (await said(world, world.deployer)).map((line) => line.trim());
    for (const [role, scope] of missing)
      assert.ok(
        lines.includes(
          `az role assignment create --assignee-object-id ${principalId} --assignee-principal-type ServicePrincipal --role ${/ /.test(role) ? `'${role}'` : role} --scope ${scope}`,
        ),
        `${role} on ${scope} in\n${lines.join('\n')}`,
      );
    if (missing.length === 0) assert.deepEqual(lines, []);
    // What was said mends it.
    for (const line of lines) {
      const [, role, scope] = /--role '?([^']+?)'? --scope (\S+)$/.exec(line) ?? [];
      if (role) world.roles.assign({ scope: scope!, principalId, role });
    }
    assert.deepEqual(await said(world, world.deployer), []);
  });

test.run();
