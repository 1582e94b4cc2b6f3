import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { scheduleQuickRun, scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { openTask, patchTask, putTask } from '../../../shared/flow/api/tasks.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import { startRun } from '../../../shared/flow/start/startRun.ts';
import { DockerBuildRequest, type Run, TaskRunRequest } from '../../../shared/model/run.ts';
import { TaskCreate } from '../../../shared/model/task.ts';
import type { VaultRules } from '../../../shared/names/vaultUri.ts';
import type { FetchOptions } from '../../../shared/ports/sourceContext.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { sourceTrigger } from '../../worlds/triggerWorld.ts';
import { createWorld, runsOf } from '../../worlds/world.ts';

/** A world with one registry, and what its contexts were asked for with. */
function laidOut(vaults: VaultRules = { own: ['kv-plinth.vault.azure.net'] }) {
  const world = createWorld({ registries: ['appacr'] });
  const knownRegistry = world.ports.settings.registries[0]!;
  const fetched: { url: string; token: string | undefined }[] = [];
  const { ports } = world;
  ports.settings.vaults = vaults;
  ports.source.fetch = async (location, { token }: FetchOptions) => {
    fetched.push({ url: 'url' in location ? location.url : location.kind, token });
    throw new SourceError('NotFound', 'not there');
  };
  return { world, knownRegistry, ports, fetched };
}

const taskWith = (properties: object) =>
  TaskCreate.parse({
    location: 'local',
    identity: { type: 'SystemAssigned' },
    properties: {
      platform: { os: 'Linux' },
      step: { type: 'Docker', contextPath: home, dockerFilePath: 'Dockerfile', contextAccessToken: 'ghp_1' },
      ...properties,
    },
  });
const home = 'https://github.com/team/app.git#main';

const asIdentity = (server: string) => ({
  credentials: { customRegistries: { [server]: { identity: '[system]' } } },
});
const refusal = (error: unknown, says: RegExp) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.status, 400);
  assert.match(error.message, says);
  return true;
};

const lookAlikes = [
  'evil.example.com',
  'evil.azurecr.io.example.com',
  'azurecr.io.evil.com',
  'azurecr.io',
  'evilazurecr.io',
  'evil-azurecr.io',
  'evil.azurecr.io:8443',
  'evil.azurecr.de',
  'evil.azurecr.io.',
  'EVIL.AzureCR.io.Example.com',
  'azurecr.us.evil.com',
  'docker.io',
];
for (const server of lookAlikes)
  test(`the identity’s token does not go to ${server}: not by PUT, PATCH, a quick run, nor where it would be sent`, async () => {
    const { knownRegistry, ports, world } = laidOut();
    const says = /no registry of Azure|registries|login server/i;
    const parsed = TaskCreate.safeParse({
      ...taskWith({}),
      properties: { ...taskWith({}).properties, ...asIdentity(server) },
    });
    if (parsed.success) {
      await assert.rejects(putTask(knownRegistry, 'app', parsed.data, ports), (error) =>
        refusal(error, says),
      );
      assert.equal(await ports.store.task(knownRegistry.name, 'app'), undefined);
      await putTask(knownRegistry, 'app', taskWith({}), ports);
      const patch = { properties: asIdentity(server) };
      await assert.rejects(patchTask(knownRegistry, 'app', patch, ports), (error) => refusal(error, says));
      const quick = DockerBuildRequest.parse({
        type: 'DockerBuildRequest',
        platform: { os: 'Linux' },
        dockerFilePath: 'Dockerfile',
        sourceLocation: home,
        ...asIdentity(server),
      });
      await assert.rejects(scheduleQuickRun(knownRegistry, quick, ports), (error) => refusal(error, says));
      assert.deepEqual(await runsOf(world, knownRegistry.name), []);
    }
    let asked = 0;
    const credential = {
      async getToken() {
        asked += 1;
        return { token: 'entra', expiresOnTimestamp: 0 };
      },
    };
    const registry = createAcrRegistry({
      registries: ports.settings.registries,
      credential: () => credential,
      guard: { fetch: async () => assert.fail('something was sent'), agent: undefined as never },
    });
    const login = { kind: 'identity' } as const;
    const image = { registry: server, repository: 'a', tag: '1' };
    for (const ask of [
      () => registry.pullPassword(server, login),
      () => registry.digestOf(image, login),
      async () => {
        for await (const _ of registry.imagesOf(image, login)) return;
      },
    ])
      await assert.rejects(ask, /is no registry of Azure.*gets no token/);
    assert.equal(asked, 0);
  });

const registriesOfAzure = [
  'other.azurecr.io',
  'Other.AzureCR.io',
  'a-b1c2.azurecr.cn',
  'gov.azurecr.us',
  'appacr.azurecr.io',
];
for (const server of registriesOfAzure)
  test(`the identity’s token goes to ${server}`, async () => {
    const { knownRegistry, ports } = laidOut();
    await putTask(knownRegistry, 'app', taskWith(asIdentity(server)), ports);
    const sent: string[] = [];
    const registry = createAcrRegistry({
      registries: ports.settings.registries,
      credential: () => ({ getToken: async () => ({ token: 'entra', expiresOnTimestamp: 0 }) }),
      guard: {
        fetch: (async (url: string) => {
          sent.push(url);
          return Response.json({ refresh_token: 'r' });
        }) as unknown as typeof fetch,
        agent: undefined as never,
      },
    });
    const login = { kind: 'identity' } as const;
    assert.equal((await registry.pullPassword(server.toLowerCase(), login))?.password, 'r');
    assert.deepEqual(sent, [`https://${server.toLowerCase()}/oauth2/exchange`]);
  });

const elsewhere: [contextPath: string, tokenGoes: boolean][] = [
  ['https://github.com/team/other.git', true],
  ['https://GitHub.com/team/app.git#v1:src', true],
  ['https://github.com:443/team/app.git', true],
  ['github.com/team/app', true],
  ['https://evil.example.com/x.git', false],
  ['https://github.com.evil.example.com/x.git', false],
  ['https://github.com:8443/team/app.git', false],
  ['http://github.com/team/app.git', false],
  ['https://api.github.com/team/app.git', false],
  ['https://evil.example.com/x.tar.gz', false],
];
for (const [contextPath, tokenGoes] of elsewhere) {
  const goes = tokenGoes ? 'takes the token along' : 'goes without the token';
  test(`a run of ${contextPath} ${goes}`, async () => {
    const { knownRegistry, ports, fetched } = laidOut();
    await putTask(knownRegistry, 'app', taskWith({}), ports);
    const request = TaskRunRequest.parse({
      type: 'TaskRunRequest',
      taskId: 'app',
      overrideTaskStepProperties: { contextPath },
    });
    const { runId } = await scheduleTaskRun(knownRegistry, request, ports);
    await startRun({ registry: knownRegistry.name, runId }, ports);
    assert.equal(fetched.length, 1);
    assert.equal(fetched[0]?.token, tokenGoes ? 'ghp_1' : undefined);
    const { runErrorMessage } = (await ports.store.run(knownRegistry.name, runId))!.value;
    assert.equal(
      /given for https:\/\/github\.com and is sent to no other/.test(runErrorMessage!),
      !tokenGoes,
    );
  });
  test(`a PATCH to ${contextPath} ${goes}, unless it gives one`, async () => {
    const { knownRegistry, ports } = laidOut();
    await putTask(knownRegistry, 'app', taskWith({}), ports);
    const step = { type: 'Docker', contextPath };
    await patchTask(knownRegistry, 'app', { properties: { step } }, ports);
    const moved = await openTask(knownRegistry, 'app', ports);
    assert.equal(moved.properties.step.contextAccessToken, tokenGoes ? 'ghp_1' : undefined);
    for (const contextAccessToken of ['ghp_1', 'ghp_2']) {
      await patchTask(knownRegistry, 'app', { properties: { step: { ...step, contextAccessToken } } }, ports);
      const given = await openTask(knownRegistry, 'app', ports);
      assert.equal(given.properties.step.contextAccessToken, contextAccessToken);
    }
  });
}

test('a source trigger that a PATCH moves to another server goes without its token', async () => {
  const { knownRegistry, ports } = laidOut();
  const tokenAfter = async (sourceRepository: object) => {
    await putTask(knownRegistry, 'app', taskWith({ trigger: { sourceTriggers: [sourceTrigger()] } }), ports);
    const sourceTriggers = [{ name: sourceTrigger().name, sourceRepository }];
    await patchTask(knownRegistry, 'app', { properties: { trigger: { sourceTriggers } } }, ports);
    const [after] = (await openTask(knownRegistry, 'app', ports)).properties.trigger!.sourceTriggers!;
    return after!.sourceRepository.sourceControlAuthProperties?.token;
  };
  assert.equal(await tokenAfter({ repositoryUrl: 'https://github.com/team/b.git' }), 'pat-1');
  assert.equal(await tokenAfter({ repositoryUrl: 'https://ghe.example.com/team/b.git' }), undefined);
  assert.equal(await tokenAfter({ repositoryUrl: 'http://github.com/team/b.git' }), undefined);
  const sourceControlAuthProperties = { tokenType: 'PAT', token: 'pat-1' };
  const repositoryUrl = 'https://ghe.example.com/team/b.git';
  assert.equal(await tokenAfter({ repositoryUrl, sourceControlAuthProperties }), 'pat-1');
});

const withVault = (uri: string) => ({
  credentials: {
    customRegistries: {
      'evil.example.com': {
        identity: '[system]',
        userName: { value: 'u' },
        password: { type: 'Vaultsecret', value: uri },
      },
    },
  },
});
const vaultRows: [uri: string, allowed: string[] | undefined, says: RegExp | undefined][] = [
  ['https://kv-plinth.vault.azure.net/secrets/sealing-key', undefined, /keeps the app's own secrets/],
  ['https://KV-Plinth.vault.azure.net/secrets/other', undefined, /keeps the app's own secrets/],
  ['https://kv-plinth.vault.azure.net:443/secrets/x', ['kv-plinth.vault.azure.net'], /app's own secrets/],
  ['https://corp.vault.azure.net/secrets/x', undefined, undefined],
  ['https://corp.vault.azure.net/secrets/x', ['corp.vault.azure.net'], undefined],
  ['https://other.vault.azure.net/secrets/x', ['corp.vault.azure.net'], /PLINTH_KEY_VAULTS/],
  ['https://corp.vault.azure.net/secrets/x', [], /PLINTH_KEY_VAULTS/],
];
for (const [uri, allowed, says] of vaultRows)
  test(`${uri} ${says ? 'is not' : 'is'} read where ${allowed ? `[${allowed}]` : 'any vault'} may be`, async () => {
    const rules = { own: ['kv-plinth.vault.azure.net'], allowed };
    const { knownRegistry, ports } = laidOut(rules);
    const put = () => putTask(knownRegistry, 'app', taskWith(withVault(uri)), ports);
    const vault = createKeyVault({
      endpoints: {},
      credential: () => ({ getToken: async () => ({ token: 't', expiresOnTimestamp: 0 }) }),
      rules,
      isOwn: (value) => value === 'the sealing key',
      fetch: async () => Response.json({ value: 'word' }),
    });
    if (says) {
      await assert.rejects(put, (error) => refusal(error, says));
      await assert.rejects(vault.secret(uri, undefined), says);
      return;
    }
    await put();
    assert.equal(await vault.secret(uri, undefined), 'word');
  });

test('the sealing key is not read from another vault either', async () => {
  const vault = createKeyVault({
    endpoints: {},
    credential: () => ({ getToken: async () => ({ token: 't', expiresOnTimestamp: 0 }) }),
    rules: { own: [] },
    isOwn: (value) => value === 'the sealing key',
    fetch: async () => Response.json({ value: 'the sealing key' }),
  });
  await assert.rejects(vault.secret('https://copy.vault.azure.net/secrets/a', undefined), /no task may read/);
});

test('a task file does not read the vault of the app either: its run ends at once', async () => {
  const { knownRegistry, ports } = laidOut();
  ports.vault = createKeyVault({
    endpoints: {},
    credential: () => ({ getToken: async () => assert.fail('a token was asked for') }),
    rules: ports.settings.vaults,
    isOwn: () => false,
    fetch: async () => assert.fail('the vault was asked'),
  });
  const text =
    'secrets:\n  - id: key\n    keyvault: https://kv-plinth.vault.azure.net/secrets/sealing-key\n' +
    'steps:\n  - cmd: bash echo {{.Secrets.key}}\n';
  const step = { type: 'EncodedTask', encodedTaskContent: Buffer.from(text).toString('base64') };
  await putTask(knownRegistry, 'app', taskWith({ step }), ports);
  const request = TaskRunRequest.parse({ type: 'TaskRunRequest', taskId: 'app' });
  const { runId } = await scheduleTaskRun(knownRegistry, request, ports);
  await startRun({ registry: knownRegistry.name, runId }, ports);
  const run = (await ports.store.run(knownRegistry.name, runId))?.value;
  assert.equal(run?.status, 'Failed');
  assert.match(run?.runErrorMessage ?? '', /line 2: the secret key: .*keeps the app's own secrets/);
});

test('a run whose context is at a private address ends at once, and says why', async () => {
  const { knownRegistry, ports } = laidOut();
  ports.source.fetch = async () => {
    throw new SourceError('Refused', 'https://x.example.com/a.git: x.example.com is at a private address');
  };
  await putTask(knownRegistry, 'app', taskWith({}), ports);
  const request = TaskRunRequest.parse({ type: 'TaskRunRequest', taskId: 'app' });
  const { runId } = await scheduleTaskRun(knownRegistry, request, ports);
  await startRun({ registry: knownRegistry.name, runId }, ports);
  const run: Run | undefined = (await ports.store.run(knownRegistry.name, runId))?.value;
  assert.equal(run?.status, 'Failed');
  assert.match(run?.runErrorMessage ?? '', /private address/);
});

test.run();
