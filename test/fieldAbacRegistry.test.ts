import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readConfig } from '../shared/edge/config.ts';
import { engineTerms } from '../shared/flow/engineTerms.ts';
import type { Credentials } from '../shared/model/task.ts';
import type { EngineRequest } from '../shared/ports/runEngine.ts';
import { startFakeArm } from './fakeArm.ts';

const id = '/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/myregistry';
const arm = await startFakeArm();

function ownRegistry(roleAssignmentMode: string | undefined) {
  const { registries } = readConfig({
    PLINTH_REGISTRIES: JSON.stringify([{ id, roleAssignmentMode }]),
    PLINTH_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
    PlinthStorage: 'UseDevelopmentStorage=true',
  });
  return registries[0]!;
}

const [byRepository, byRegistry] = ['AbacRepositoryPermissions', 'LegacyRegistryPermissions'];
const stable = '2019-04-01';
const rows: [
  mode: string | undefined,
  credentials: Credentials | undefined,
  more: Partial<EngineRequest>,
  sourceRegistry: object,
  version: string,
][] = [
  [undefined, undefined, {}, { loginMode: 'Default' }, stable],
  [byRegistry, undefined, {}, { loginMode: 'Default' }, stable],
  [byRegistry, undefined, { agentPoolName: 'pool' }, { loginMode: 'Default' }, '2019-06-01-preview'],
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
    const terms = await engineTerms(
      { timeout: 3600, platform, credentials, isArchiveEnabled: false },
      [],
      own,
      { registry: { pullPassword: async () => undefined } as never },
    );
    arm.answers({ 'POST /scheduleRun': { body: { properties: { runId: 'ca1', status: 'Queued' } } } });
    await arm.engine.schedule(own.name, {
      ...terms,
      ...{ type: 'EncodedTaskRunRequest', encodedTaskContent: 'c3RlcHM6IFtd', values: [] },
      ...more,
    } as EngineRequest);
    const [asked] = arm.asked;
    assert.deepEqual(JSON.parse(asked!.body).credentials.sourceRegistry, sourceRegistry);
    assert.equal(asked!.query.get('api-version'), version);
  });

test('a mode that Azure does not have is refused with the setting’s name', () =>
  assert.throws(() => ownRegistry('Abac'), /PLINTH_REGISTRIES.*roleAssignmentMode/));

test.after(() => arm.stop());
test.run();
