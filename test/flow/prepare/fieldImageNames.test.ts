import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readConfig } from '../../../shared/edge/config.ts';
import { parseAcrEvent } from '../../../shared/events/acrEvent.ts';
import { checkBuild } from '../../../shared/flow/api/checkBuild.ts';
import { knownOutputs } from '../../../shared/flow/api/checkStep.ts';
import type { Job } from '../../../shared/flow/prepare/buildPlan.ts';
import { planDockerfile } from '../../../shared/flow/prepare/planDockerfile.ts';
import { tagReference } from '../../../shared/flow/prepare/taskFileBases.ts';
import { buildLogins, loginFor } from '../../../shared/flow/secrets/registryLogin.ts';
import type { Credentials, DockerStep } from '../../../shared/model/task.ts';
import { storageConnection } from '../../../shared/names/azureNames.ts';
import { formatImageRef, parseImageRef } from '../../../shared/names/imageRef.ts';
import type { Registry, RegistryLogin } from '../../../shared/ports/registry.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';

const id = (name: string) =>
  `/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/${name}`;
const own = {
  name: 'appacr',
  id: id('appacr'),
  loginServer: 'appacr.azurecr.io',
  endpoint: 'https://appacr.azurecr.io',
};
const digest = `sha256:${'a'.repeat(64)}`;
const password = { type: 'Opaque', value: 'hush' } as const;
const credentialsFor = (...servers: string[]): Credentials => ({
  customRegistries: Object.fromEntries(
    servers.map((server) => [server, { userName: { type: 'Opaque', value: server }, password }]),
  ),
});

/** What a Docker step that names one image comes to. */
function planOf(
  imageName: string,
  {
    credentials,
    dockerfile = 'FROM scratch\n',
    args = {},
    isPushEnabled = true,
  }: {
    credentials?: Credentials;
    dockerfile?: string;
    args?: Record<string, string>;
    isPushEnabled?: boolean;
  } = {},
) {
  const step: DockerStep = {
    type: 'Docker',
    contextPath: 'https://git.example.com/app.git',
    dockerFilePath: 'Dockerfile',
    imageNames: [imageName],
    isPushEnabled,
    noCache: false,
    arguments: Object.entries(args).map(([name, value]) => ({ name, value, isSecret: false })),
  };
  const asked: { image: string; login: RegistryLogin }[] = [];
  const job = {
    task: {
      name: 'app',
      properties: { step, platform: { os: 'Linux', architecture: 'amd64' }, credentials },
    },
    run: { runId: 'ca1', createTime: '2026-01-01T00:00:00Z' },
    registry: own,
    ports: {
      files: { read: async () => dockerfile },
      clock: { now: () => new Date() },
      settings: { policies: [] },
      store: createMemoryStore(),
      registry: {
        digestOf: async (image: Parameters<Registry['digestOf']>[0], login: RegistryLogin) => {
          asked.push({ image: formatImageRef(image), login });
          return digest;
        },
      },
    },
  } as unknown as Job;
  return { step, plan: planDockerfile(step, job, { dir: '/context' }), asked };
}

const names: [title: string, name: string, image: string, sent: string, credentials?: string[]][] = [
  ['a plain name', 'x:1', 'appacr.azurecr.io/x:1', 'x:1'],
  ['a path', 'team/x:1', 'appacr.azurecr.io/team/x:1', 'team/x:1'],
  ['the own login server', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1'],
  ['a run variable', '{{.Run.Registry}}/x:1', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1'],
  ['capitals', 'AppACR.azurecr.io/x:1', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1'],
  ['the port of https', 'appacr.azurecr.io:443/x:1', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1'],
  ['a region', 'appacr.westeurope.geo.azurecr.io/x:1', 'appacr.azurecr.io/x:1', 'appacr.azurecr.io/x:1'],
  ['a server of the credentials', 'ghcr.io/me/x:1', 'ghcr.io/me/x:1', 'ghcr.io/me/x:1', ['ghcr.io']],
  [
    'a server with a port of the credentials',
    'hub.example.com:5000/x:1',
    'hub.example.com:5000/x:1',
    'hub.example.com:5000/x:1',
    ['hub.example.com:5000'],
  ],
  [
    'Docker Hub with credentials',
    'docker.io/me/x:1',
    'docker.io/me/x:1',
    'docker.io/me/x:1',
    ['index.docker.io'],
  ],
  ['an unknown server', 'ghcr.io/me/x:1', 'appacr.azurecr.io/ghcr.io/me/x:1', 'ghcr.io/me/x:1'],
  ["Docker Hub's own images", 'library/x:1', 'docker.io/library/x:1', 'library/x:1'],
  ['no tag', 'appacr.azurecr.io/x', 'appacr.azurecr.io/x:latest', 'appacr.azurecr.io/x'],
];
for (const [title, name, image, sent, servers = []] of names)
  test(`an image name makes, and the engine gets: ${title}`, async () => {
    const credentials = credentialsFor(...servers);
    const { step, plan } = planOf(name, { credentials });
    const { outputs, work, servers: logins } = await plan;
    assert.deepEqual(outputs, [image]);
    assert.deepEqual(work.kind === 'Dockerfile' && work.imageNames, [sent]);
    assert.ok(logins!.includes(parseImageRef(image).registry), 'the engine may push it');
    assert.deepEqual(knownOutputs(step, own, credentials), [image], 'before the first run too');
    checkBuild({ ...step, credentials }, own, 'InvalidTaskStep');
  });

test('what is not pushed is no output', async () => {
  const { step, plan } = planOf('x:1', { isPushEnabled: false });
  assert.deepEqual((await plan).outputs, []);
  assert.deepEqual(knownOutputs(step, own, undefined), []);
});

/** The same registry, by its one name. */
const hosts: [written: string, host: string][] = [
  ['BaseACR.azurecr.io', 'baseacr.azurecr.io'],
  ['baseacr.azurecr.io:443', 'baseacr.azurecr.io'],
  ['baseacr.westeurope.geo.azurecr.io', 'baseacr.azurecr.io'],
  ['baseacr-ab12cd.eastus.geo.azurecr.io', 'baseacr-ab12cd.azurecr.io'],
  ['baseacr.eastus2.data.azurecr.io', 'baseacr.azurecr.io'],
  ['BASEACR.chinaeast2.GEO.azurecr.cn:443', 'baseacr.azurecr.cn'],
  ['baseacr.usgovvirginia.geo.azurecr.us', 'baseacr.azurecr.us'],
  ['index.docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
  ['registry.hub.docker.com:443', 'docker.io'],
  ['GHCR.io', 'ghcr.io'],
  ['hub.example.com:5000', 'hub.example.com:5000'],
  ['geo.azurecr.io', 'geo.azurecr.io'],
];
for (const [written, host] of hosts)
  test(`${written} is ${host} to edges, endpoints, credentials and events`, async () => {
    const image = `${host}/team/node:1`;
    assert.equal(formatImageRef(parseImageRef(`${written}/team/node:1`)), image);
    assert.equal(formatImageRef(parseImageRef(image)), image, 'and stays it');

    for (const [named, inFile] of [
      [written, host],
      [host, written],
    ] as const) {
      const { plan, asked } = planOf('x:1', {
        credentials: credentialsFor(named),
        dockerfile: 'ARG REGISTRY\nFROM ${REGISTRY}/team/node:1\n',
        args: { REGISTRY: inFile },
      });
      const { bases, replace, servers } = await plan;
      assert.deepEqual(bases, [{ image, type: 'RunTime', digest }]);
      assert.ok(replace[0]!.content.includes(`FROM ${host}/team/node@${digest}`), replace[0]!.content);
      assert.ok(servers!.includes(host));
      assert.deepEqual(asked, [{ image, login: { kind: 'password', userName: named, password: 'hush' } }]);
    }

    const name = host.split('.')[0]!;
    const known = [{ name, id: id(name), loginServer: host, endpoint: `https://${host}` }];
    const push = parseAcrEvent(
      {
        id: 'event-1',
        eventType: 'Microsoft.ContainerRegistry.ImagePushed',
        topic: id(name),
        data: {
          timestamp: '2026-01-01T00:00:00Z',
          action: 'push',
          target: { repository: 'team/node', tag: '1', digest },
          request: { host: written },
        },
      },
      known,
    );
    assert.equal('image' in push && push.image, image, JSON.stringify(push));
  });

test('a host that only its capitals mark as one keeps them: without them it would be a path of Docker Hub', () => {
  assert.equal(formatImageRef(parseImageRef('MyReg/app')), 'MyReg/app:latest');
  assert.equal(formatImageRef(parseImageRef('myreg:443/app')), 'myreg:443/app:latest');
});

const registry = {
  pullPassword: async (_, login) =>
    login.kind === 'password' ? { userName: login.userName, password: login.password } : undefined,
} as Registry;

test('the engine gets a login for the one name of a registry, and for the one its owner writes', async () => {
  const credentials = credentialsFor('BaseACR.westeurope.geo.azurecr.io', 'index.docker.io', 'ghcr.io');
  const needed = await buildLogins(['baseacr.azurecr.io', 'docker.io'], own, credentials, { registry });
  assert.deepEqual(Object.keys(needed).sort(), [
    'baseacr.azurecr.io',
    'baseacr.westeurope.geo.azurecr.io',
    'docker.io',
    'index.docker.io',
  ]);
  const all = await buildLogins(undefined, own, credentials, { registry });
  assert.ok('ghcr.io' in all && 'docker.io' in all);
});

test('of two entries for one registry that of its one name counts', () => {
  const login = loginFor('docker.io', own, credentialsFor('index.docker.io', 'docker.io'));
  assert.ok(login.kind === 'password' && login.userName === 'docker.io');
});

const pushes: [name: string, image: string][] = [
  ['hubuser/repo:x', 'docker.io/hubuser/repo:x'],
  ['repo:x', 'docker.io/library/repo:x'],
  ['appacr.azurecr.io/repo:x', 'appacr.azurecr.io/repo:x'],
  ['AppACR.azurecr.io/repo', 'appacr.azurecr.io/repo:latest'],
  ['ghcr.io/me/repo:x', 'ghcr.io/me/repo:x'],
  ['localhost:5000/repo:x', 'localhost:5000/repo:x'],
];
for (const [name, image] of pushes)
  test(`the push of a task file reads ${name} as docker does`, () =>
    assert.equal(tagReference(name, 1), image));

test('a setting that writes a login server otherwise is the same registry', () => {
  const { registries } = readConfig({
    PLINTH_REGISTRIES: JSON.stringify([{ id: id('baseacr'), loginServer: 'BaseACR-AB12.azurecr.io:443' }]),
    PLINTH_SEALING_KEY: Buffer.alloc(32, 1).toString('base64'),
    [storageConnection]: 'UseDevelopmentStorage=true',
  });
  assert.equal(registries[0]!.loginServer, 'baseacr-ab12.azurecr.io');
});

test.run();
