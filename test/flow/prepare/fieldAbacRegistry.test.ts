import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readConfig } from '../../../shared/edge/config.ts';
import { buildTerms } from '../../../shared/flow/prepare/buildTerms.ts';
import type { Credentials } from '../../../shared/model/task.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import type { KeyedBuild } from '../../../shared/ports/runEngine.ts';
import { startFakeArm } from '../../doubles/fakeArm.ts';

const id = '/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/myregistry';
const arm = await startFakeArm();

function ownRegistry(roleAssignmentMode: string | undefined, agentPoolName?: string) {
  const { registries } = readConfig({
    PLINTH_REGISTRIES: JSON.stringify([{ id, roleAssignmentMode, agentPoolName }]),
    PLINTH_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
    PlinthStorage: 'UseDevelopmentStorage=true',
  });
  return registries[0]!;
}

const pools: [ofRegistry: string | undefined, ofRun: string | undefined, used: string | undefined][] = [
  [undefined, undefined, undefined],
  ['', undefined, undefined],
  ['registry-pool', undefined, 'registry-pool'],
  ['registry-pool', 'task-pool', 'task-pool'],
  [undefined, 'task-pool', 'task-pool'],
  ['registry-pool', 'registry-pool', 'registry-pool'],
];
for (const [ofRegistry, ofRun, used] of pools)
  test(`the registry's pool is ${ofRegistry}, that of the task or run ${ofRun}: ${used} is asked for`, async () => {
    const terms = {
      ...{ timeout: 300, platform: { os: 'Linux', architecture: 'amd64' } as const },
      ...{ isArchiveEnabled: false, agentPoolName: ofRun },
    };
    const registry = ownRegistry(undefined, ofRegistry);
    const built = await buildTerms(terms, [], registry, { registry: {} as Ports['registry'] });
    assert.equal(built.pool, used);
  });

const [byRepository, byRegistry] = ['AbacRepositoryPermissions', 'LegacyRegistryPermissions'];
const stable = '2019-04-01';
const rows: [
  mode: string | undefined,
  credentials: Credentials | undefined,
  more: Partial<KeyedBuild>,
  sourceRegistry: object,
  version: string,
][] = [
  [undefined, undefined, {}, { loginMode: 'Default' }, stable],
  [byRegistry, undefined, {}, { loginMode: 'Default' }, stable],
  [byRegistry, undefined, { pool: 'pool' }, { loginMode: 'Default' }, '2019-06-01-preview'],
  [byRegistry, { sourceRegistry: { loginMode: 'None' } }, {}, { loginMode: 'None' }, stable],
  [byRepository, undefined, {}, { identity: '[caller]' }, '2025-03-01-preview'],
  [
    byRepository,
    { sourceRegistry: { loginMode: 'Default' } },
    {},
    { identity: '[caller]' },
    '2025-03-01-preview',
  ],
  [
    byRepository,
    { sourceRegistry: { identity: '[system]' } },
    {},
    { identity: '[caller]' },
    '2025-03-01-preview',
  ],
  [byRepository, { sourceRegistry: { loginMode: 'None' } }, {}, { loginMode: 'None' }, stable],
  [
    byRepository,
    undefined,
    { logTemplate: 'logs:{{.Run.ID}}' },
    { identity: '[caller]' },
    '2025-03-01-preview',
  ],
];
for (const [mode = 'no word of it', credentials, more, sourceRegistry, version] of rows)
  test(`${mode}, ${JSON.stringify(credentials ?? {})}, ${JSON.stringify(more)}: the run signs in with ${JSON.stringify(sourceRegistry)}`, async () => {
    const own = ownRegistry(mode === 'no word of it' ? undefined : mode);
    const platform = { os: 'Linux' as const, architecture: 'amd64' as const };
    const terms = await buildTerms(
      { timeout: 3600, platform, credentials, isArchiveEnabled: false },
      [],
      own,
      { registry: { pullPassword: async () => undefined } as never },
    );
    arm.answers({ 'POST /scheduleRun': { body: { properties: { runId: 'ca1', status: 'Queued' } } } });
    await arm.engineOf(own).schedule(own.name, {
      ...terms,
      ...{ kind: 'TaskFile', text: 'steps: []', values: [] },
      ...more,
    } as KeyedBuild);
    const [asked] = arm.asked;
    assert.deepEqual(JSON.parse(asked!.body).credentials.sourceRegistry, sourceRegistry);
    assert.equal(asked!.query.get('api-version'), version);
  });

test('a mode that Azure does not have is refused with the setting’s name', () =>
  assert.throws(() => ownRegistry('Abac'), /PLINTH_REGISTRIES.*roleAssignmentMode/));

test.after(() => arm.stop());
test.run();
