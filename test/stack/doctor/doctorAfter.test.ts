/** What `npm run doctor` says of a deployment, each edge broken on purpose in the local stack. */
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { examineAfter, readParts } from '../../../infra/doctor/after/after.ts';
import { linesOf } from '../../../infra/doctor/finding.ts';
import { readWanted } from '../../../infra/doctor/wanted.ts';
import type { ArmResource, Made } from '../../../local/az/made/made.ts';
import { registryId, storageAccountId } from '../../../local/identity/resourceIds.ts';
import { type Stack, startStack } from '../../../local/stack.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest, someRows } from '../../tier.ts';
import { shell } from '../az/azWorld.ts';
import { storeOf } from '../storage/stackStore.ts';
import { azureOf, group } from './doctorWorld.ts';

const test = suite('the doctor after a deployment');

let stack: Stack;
let made: Made;
let app: string;
test.before(async () => {
  stack = await startStack({ az: true, pull: ['baseacr', 'appacr'] });
  made = stack.az!.made;
  await fetch(`${stack.url}/admin/functions/clock`, {
    method: 'POST',
    headers: { 'x-functions-key': stack.keys.master, 'content-type': 'application/json' },
    body: '{}',
  });
  app = await eventually('the first tick of the clock', 60, async () => {
    const [presence] = await storeOf(stack).presences();
    return presence?.app;
  });
});
test.after(() => stack?.stop());

/** All that the doctor says, and what of it does not work. */
async function said(who = stack.owner) {
  const { azure, methods } = await azureOf(
    { origin: stack.az!.origin, ca: stack.tls.ca, entra: stack.entra },
    who,
  );
  const { wanted } = readWanted({ AZURE_ENV_NAME: 'local' });
  const findings = await examineAfter(azure, wanted, await readParts(azure, 'local'), async () => undefined);
  const writing = methods.filter((line) => !/^GET |^POST .*\/(listkeys|appsettings\/list)$/i.test(line));
  assert.deepEqual(writing, [], 'nothing was changed');
  const lines = (wrong: boolean) =>
    findings.filter(({ state }) => (state !== 'works') === wrong).flatMap(linesOf);
  return { good: lines(false), bad: lines(true) };
}

test('of a deployment in order every edge is said to work', async () => {
  const { good, bad } = await said();
  assert.deepEqual(bad, []);
  const edges = [
    /^ok {4}deployment: all parts/,
    /^ok {4}function app func-plinth-local: it runs/,
    /^ok {4}setting PLINTH_SEALING_KEY: resolved/,
    /^ok {4}sealing key: the vault's newest/,
    /^ok {4}storage of the app: https:/,
    /^ok {4}role of the app on baseacr: AcrPull/,
    /^ok {4}event subscription of appacr: plinth-local/,
    /^ok {4}deliveries of baseacr: in the last day 0 announced/,
    /^ok {4}a call without a key or a token: refused, 401/,
    /^ok {4}the app's clock: ticked at/,
    /^ok {4}the app's tables: can be read/,
    /^ok {4}the app's queues: can be reached/,
    /^ok {4}the app and the images of appacr: can be read/,
    /^ok {4}the app and the run engine of baseacr/,
  ];
  for (const edge of edges)
    assert.ok(
      good.some((line) => edge.test(line)),
      `${edge} in\n${good.join('\n')}`,
    );
});

/** Takes a resource away, and gives it back afterwards. */
const without = (path: string) => () => {
  const id = `${group}${path}`.toLowerCase();
  const resource = made.resources.get(id)!;
  made.resources.delete(id);
  return () => void made.resources.set(id, resource);
};
const withoutRole = (role: string, scope: string) => () => {
  const held = stack.roles.list(scope).find((one) => one.role === role && one.scope === scope)!;
  stack.roles.remove(held.id);
  return () => void stack.roles.assign(held);
};
const changed =
  <T extends object>(of: () => T, change: Partial<T>) =>
  () => {
    const target = of();
    const before = { ...target };
    for (const [key, value] of Object.entries(change)) target[key as keyof T] = value as T[keyof T];
    return () => {
      for (const key of Object.keys(change)) target[key as keyof T] = before[key as keyof T];
    };
  };
const properties = (path: string) => () =>
  made.resources.get(`${group}/providers${path}`.toLowerCase())!.properties;
const data = storageAccountId('stdata');
const create = (role: string) =>
  new RegExp(
    `az role assignment create --assignee-object-id \\S+ --assignee-principal-type ServicePrincipal --role ${role} --scope /subscriptions/`,
  );
const topic = '/Microsoft.EventGrid/systemTopics/evgt-plinth-baseacr';
const presence = (name: string, minutesAgo: number) => async () => {
  const store = storeOf(stack);
  const tickedAt = (ago: number) => new Date(Date.now() - ago * 60_000).toISOString();
  await store.putPresence({ app: name, tickedAt: tickedAt(minutesAgo), others: [] });
  return () => store.putPresence({ app: name, tickedAt: tickedAt(name === app ? 0 : 60), others: [] });
};

type Undo = () => unknown;
const rows: [title: string, make: () => Undo | Promise<Undo>, says: RegExp, mend: RegExp][] = [
  [
    'the role on the queues was taken away',
    withoutRole('Storage Queue Data Contributor', data),
    /FAULT the app's queues: /,
    create("'Storage Queue Data Contributor'"),
  ],
  [
    'the role on the tables was taken away',
    withoutRole('Storage Table Data Contributor', data),
    /FAULT the app's tables: /,
    create("'Storage Table Data Contributor'"),
  ],
  [
    'the role to pull was taken away',
    withoutRole('AcrPull', registryId('appacr')),
    /FAULT role of the app on appacr: AcrPull is missing/,
    create('AcrPull'),
  ],
  [
    'the role to run was taken away',
    withoutRole('Container Registry Tasks Contributor', registryId('appacr')),
    /FAULT the app and the run engine of appacr: /,
    create("'Container Registry Tasks Contributor'"),
  ],
  [
    'a registry was deleted',
    without('/providers/Microsoft.ContainerRegistry/registries/baseacr'),
    /FAULT registry baseacr: there is no .*it was deleted/,
    /azd env set PLINTH_REGISTRIES '\[\{"id":"[^"]*\/appacr"\}\]' && azd provision/,
  ],
  [
    'a registry gives rights by repository since',
    changed(properties('/Microsoft.ContainerRegistry/registries/baseacr'), {
      roleAssignmentMode: 'AbacRepositoryPermissions',
    }),
    /FAULT rights mode of baseacr: the registry has AbacRepositoryPermissions, the app was told otherwise/,
    create("'Container Registry Repository Writer'"),
  ],
  [
    'the vault refuses the app',
    changed(() => made.references.PLINTH_SEALING_KEY!, { status: 'AccessToKeyVaultDenied' }),
    /FAULT setting PLINTH_SEALING_KEY: its reference is not resolved: AccessToKeyVaultDenied/,
    create("'Key Vault Secrets User'"),
  ],
  [
    'the sealing key is newer in the vault',
    changed(properties('/Microsoft.KeyVault/vaults/kv-plinth-local/secrets/sealing-key'), {
      secretUriWithVersion: 'https://kv-plinth-local.vault.azure.net/secrets/sealing-key/0123456789abcdef',
    }),
    /FAULT sealing key: the app seals with version \w+, the vault has 0123456789abcdef/,
    /az rest --method post --url '?\/subscriptions\/.*\/config\/configreferences\/appsettings\/refresh\?api-version=2022-03-01/,
  ],
  [
    'the event subscription is gone',
    without(`/providers${topic}/eventSubscriptions/plinth-local`),
    /FAULT event subscription of baseacr: there is no plinth-local/,
    /infra\/scripts\/apply-events.sh/,
  ],
  [
    'the event subscription leads elsewhere',
    changed(properties(`${topic}/eventSubscriptions/plinth-local`), {
      destination: { endpointType: 'AzureFunction', properties: { resourceId: '/somewhere/else' } },
    }),
    /FAULT event subscription of baseacr: it leads to \/somewhere\/else/,
    /infra\/scripts\/apply-events.sh/,
  ],
  [
    'the topic is gone',
    without(`/providers${topic}`),
    /FAULT event topic of baseacr: there is none/,
    /azd provision/,
  ],
  [
    'pushes became dead letters',
    changed(() => made, {
      deliveries: () => ({
        ...{ PublishSuccessCount: 5, MatchedEventCount: 5, DeliverySuccessCount: 3 },
        ...{ DeliveryAttemptFailCount: 9, DeadLetteredCount: 2, DroppedEventCount: 0 },
      }),
    }),
    /FAULT deliveries of baseacr: in the last day 5 announced, 3 delivered, 9 attempts failed, 2 dead letters, 0 lost/,
    /infra\/scripts\/replay-dead-letters.sh/,
  ],
  [
    'the deployment is half made',
    () => {
      const [one, two] = [
        without('/providers/Microsoft.Insights/components/appi-plinth-local')(),
        failedDeployment(),
      ];
      return () => [one(), two()];
    },
    /FAULT deployment: half made: there is no appi-plinth-… .*monitoring failed: InsufficientQuota: The quota is used up/,
    /azd provision/,
  ],
  [
    'the app is stopped',
    changed(properties('/Microsoft.Web/sites/func-plinth-local'), { state: 'Stopped' }),
    /FAULT function app func-plinth-local: it is Stopped/,
    /az functionapp start --name func-plinth-local --resource-group localrg/,
  ],
  [
    'the code is not there',
    without('/providers/Microsoft.Web/sites/func-plinth-local/functions/imagePushed'),
    /FAULT code of the app: there is no function imagePushed/,
    /azd deploy/,
  ],
  [
    'it works on the account of another app',
    () => {
      const id = storageAccountId('stdataother').toLowerCase();
      const account = made.resources.get(data.toLowerCase())!;
      made.resources.set(id, {
        ...account,
        id: storageAccountId('stdataother'),
        name: 'stdataother',
        tags: { 'azd-env-name': 'staging' },
      });
      const real = made.app;
      const uri = 'https://stdataother.table.core.windows.net/';
      made.app = () => ({ ...real(), settings: { ...real().settings, PlinthStorage__tableServiceUri: uri } });
      return () => {
        made.app = real;
        made.resources.delete(id);
      };
    },
    /FAULT storage of the app: it works on https:\/\/stdataother.table.core.windows.net\/, an account of the environment staging/,
    /az functionapp config appsettings set --name func-plinth-local --resource-group localrg --settings PlinthStorage__tableServiceUri=https:/,
  ],
  [
    'a second app works on its storage',
    presence('func-plinth-two.azurewebsites.net', 1),
    /FAULT the app's storage: the app func-plinth-two.azurewebsites.net works on this storage too/,
    /az functionapp stop/,
  ],
  [
    'the clock stands',
    (...args) => presence(app, 20)(...args),
    /FAULT the app's clock: ticked at/,
    /az functionapp restart --name func-plinth-local --resource-group localrg/,
  ],
];
/** By the command that mends it. */
const kindOf = (mend: RegExp) => mend.source.split(/[ .]/, 2).join(' ');
for (const [title, make, says, mend] of someRows(rows, ([, , , mend]) => kindOf(mend)))
  test(`where ${title}, it says so, with the command that mends it`, async () => {
    const undo = await make();
    try {
      const bad = (await said()).bad.join('\n');
      assert.match(bad, says);
      assert.match(bad, mend);
    } finally {
      await undo();
    }
    assert.deepEqual((await said()).bad, [], 'mended, it is said no more');
  });

/** What ARM keeps of a module that could not be deployed. */
function failedDeployment(): Undo {
  const id = `${group}/providers/Microsoft.Resources/deployments/plinth-monitoring`;
  const resource: ArmResource = {
    ...{ id, name: 'plinth-monitoring', type: 'Microsoft.Resources/deployments', location: 'local' },
    properties: {
      provisioningState: 'Failed',
      error: {
        ...{ code: 'DeploymentFailed', message: 'At least one resource deployment operation failed.' },
        details: [{ code: 'InsufficientQuota', message: 'The quota is used up' }],
      },
    },
  };
  made.resources.set(id.toLowerCase(), resource);
  return () => made.resources.delete(id.toLowerCase());
}

test('a reader is told what he may not see, and which role shows it', async () => {
  const reader = { name: 'reader', clientId: 'reader', principalId: '33333333-3333-3333-3333-333333333333' };
  stack.roles.assign({ scope: group, principalId: reader.principalId, role: 'Reader' });
  const { bad } = await said(reader);
  assert.match(bad.join('\n'), /\? {5}settings of the app: you may not read it/);
  assert.match(
    bad.join('\n'),
    /--role 'Website Contributor' --scope \/subscriptions\/.*\/sites\/func-plinth-local/,
  );
  assert.ok(!bad.some((line) => line.startsWith('FAULT')), bad.join('\n'));
});

longTest(test, 'the command says it, with the real az, and ends with 1 where there is a fault', async () => {
  const env = {
    ...process.env,
    ...stack.az!.environment,
    NODE_EXTRA_CA_CERTS: stack.tls.caFile,
    AZURE_ENV_NAME: 'local',
  };
  const root = new URL('../../..', import.meta.url).pathname;
  const line = 'node local/bootstrap.mjs infra/doctor/doctor.ts';
  const whole = await shell(line, root, env);
  assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  assert.match(whole.stdout, /^ok {4}sign-in: .* \(object id [0-9a-f-]+\)\nok {4}deployment: /);
  assert.match(whole.stdout, /\n0 faults, \d+ work\.\n$/);
  const undo = without('/providers/Microsoft.Web/sites/func-plinth-local/functions/imagePushed')();
  const broken = await shell(line, root, env);
  undo();
  assert.equal(broken.code, 1, broken.stdout + broken.stderr);
  assert.match(broken.stdout, /FAULT code of the app: .*\n {8}azd deploy\n[\s\S]*\n1 fault, \d+ work\.\n$/);
});

test('where the app is gone, it says that it does not answer', async () => {
  await stack.app.stop();
  const { bad } = await said();
  assert.match(bad.join('\n'), /FAULT a call without a key or a token: the app answers 502/);
});

test.run();
