import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { ContainerRegistryClient, ContainerRegistryContentClient } from '@azure/container-registry';
import { suite } from 'uvu';
import { startIdentityEndpoint } from '../../../local/identity/identityEndpoint.ts';
import { runCommand } from '../../../local/machine/command.ts';
import { close, listen } from '../../../local/machine/listening.ts';
import { programArguments } from '../../../local/machine/program.ts';
import type { Registry } from '../../../local/registry/registry.ts';
import {
  credentialOf,
  type Ground,
  identity,
  layGround,
  prepareBuildah,
  resourceGroup,
  until,
} from './registries.ts';
import type { Attempt, Outcome } from './registryClient.ts';

interface RegistryEvent {
  action: string;
  target: { repository: string; tag?: string; mediaType: string };
  request: { host: string };
}
interface World {
  ground: Ground;
  base: Registry;
  hook: Server;
  events: Array<{ authorization: string | undefined; event: RegistryEvent }>;
}

const [writer, reader, stranger, system] = ['writer', 'reader', 'stranger', 'system'].map(identity);

const test = suite<World>('a registry on this machine');

test.before(async (world) => {
  world.ground = await layGround();
  world.events = [];
  world.hook = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      for (const event of JSON.parse(body).events)
        world.events.push({ authorization: request.headers.authorization, event });
      response.end();
    });
  });
  const notifications = { url: `http://127.0.0.1:${await listen(world.hook)}/`, secret: 'hook-secret' };
  world.base = await world.ground.start('baseacr', { notifications });
  const { roles } = world.ground;
  roles.assign({ scope: world.base.resourceId, principalId: writer!.principalId, role: 'AcrPush' });
  roles.assign({ scope: world.base.resourceId, principalId: reader!.principalId, role: 'AcrPull' });
  roles.assign({ scope: resourceGroup, principalId: system!.principalId, role: 'Reader' });
});
test.after(async ({ ground, hook }) => {
  await ground.stop();
  await close(hook);
});

const contentClient = ({ ground, base }: World, who = reader!, repository = 'library/one') =>
  new ContainerRegistryContentClient(base.endpoint, repository, credentialOf(ground.entra, who), {
    tlsOptions: { ca: ground.tls.ca },
    retryOptions: { maxRetries: 0 },
  });

const status = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error) => error.statusCode ?? error,
  );

const attempts: Array<[title: string, attempt: Partial<Attempt>, outcome: Outcome]> = [
  ['AcrPush pushes', { does: 'push', clientId: writer!.clientId }, 'done'],
  ['AcrPush pulls', { clientId: writer!.clientId }, 'done'],
  ['AcrPull pulls', { clientId: reader!.clientId }, 'done'],
  ['AcrPull may not push', { does: 'push', clientId: reader!.clientId }, 401],
  ['an inherited Reader, the system-assigned identity, pulls', {}, 'done'],
  ['who has no role may not pull', { clientId: stranger!.clientId }, 401],
  ['nobody pulls anonymously', { anonymous: true }, 401],
  [
    'a token for Resource Manager is taken',
    { clientId: reader!.clientId, audience: 'https://management.azure.com' },
    'done',
  ],
  [
    'a token for another audience is refused',
    { clientId: reader!.clientId, audience: 'https://storage.azure.com' },
    401,
  ],
  ['an identity that is not assigned gets no token', { clientId: 'nobody' }, 'AggregateAuthenticationError'],
  ['a tag that is not there is not found', { clientId: reader!.clientId, tag: 'missing' }, 404],
];

test('does for @azure/container-registry and DefaultAzureCredential, as they are, what the roles say', async ({
  ground,
  base,
}) => {
  const endpoint = await startIdentityEndpoint({
    entra: ground.entra,
    systemAssigned: system!,
    userAssigned: [writer!, reader!],
  });
  endpoint.add(stranger!);
  try {
    const input = attempts.map(([, attempt]) => ({
      ...{ endpoint: base.endpoint, does: 'pull', repository: 'library/one', tag: '1' },
      ...attempt,
    }));
    const { stdout } = await runCommand(
      process.execPath,
      programArguments(join(import.meta.dirname, 'registryClient.ts')),
      {
        env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: ground.tls.caFile, ...endpoint.environment },
        input: JSON.stringify(input),
        limit: 60_000,
      },
    );
    const outcomes: Outcome[] = JSON.parse(stdout);
    assert.deepEqual(
      attempts.map(([title], row) => [title, outcomes[row]]),
      attempts.map(([title, , outcome]) => [title, outcome]),
    );
  } finally {
    await endpoint.stop();
  }
});

test('tells of a push once, under its login server and with its tag, and never of a pull or a blob', async (world) => {
  await contentClient(world).getManifest('1');
  await until('an event came', () => world.events.length > 0);
  assert.deepEqual(
    world.events.map(({ authorization, event: { action, target, request } }) => [
      authorization,
      action,
      target.repository,
      target.tag,
      request.host,
    ]),
    [['Bearer hook-secret', 'push', 'library/one', '1', 'baseacr.azurecr.io']],
  );
});

test('refuses in the words of ACR', async ({ ground, base }) => {
  const ask = (path: string) =>
    runCommand('curl', ['--silent', '--include', '--cacert', ground.tls.caFile, `${base.endpoint}${path}`]);
  const { stdout } = await ask('/v2/library/one/manifests/1');
  const realm = `${base.endpoint}/oauth2/token`;
  const [head, body] = stdout.split('\r\n\r\n');
  assert.match(head!, /^HTTP\/1.1 401/);
  assert.ok(
    head!
      .toLowerCase()
      .includes(
        `www-authenticate: bearer realm="${realm}",service="baseacr.azurecr.io",scope="repository:library/one:pull",error="invalid_token"`,
      ),
    head,
  );
  assert.deepEqual(JSON.parse(body!), {
    errors: [
      {
        code: 'UNAUTHORIZED',
        message: 'authentication required, visit https://aka.ms/acr/authorization for more information.',
        detail: [{ Type: 'repository', Name: 'library/one', Action: 'pull' }],
      },
    ],
  });
  const asked = await ask(`/oauth2/token?service=${base.loginServer}&scope=repository:library/one:pull`);
  assert.match(asked.stdout, /^HTTP\/1.1 401/);
});

test('lets go of a role when it is taken away', async (world) => {
  const { roles } = world.ground;
  const late = identity('late');
  const { id } = roles.assign({
    scope: world.base.resourceId,
    principalId: late.principalId,
    role: 'AcrPull',
  });
  assert.equal(await status(contentClient(world, late).getManifest('1')), 'done');
  roles.remove(id);
  assert.equal(await status(contentClient(world, late).getManifest('1')), 401);
});

test('answers the reads that only ACR has', async ({ ground, base }) => {
  const client = new ContainerRegistryClient(base.endpoint, credentialOf(ground.entra, reader!), {
    tlsOptions: { ca: ground.tls.ca },
    retryOptions: { maxRetries: 0 },
  });
  const repositories: string[] = [];
  for await (const name of client.listRepositoryNames()) repositories.push(name);
  assert.deepEqual(repositories, ['library/one']);
  const [manifests, tags] = [[] as unknown[], [] as unknown[]];
  for await (const { digest, tags: names, architecture } of client
    .getRepository('library/one')
    .listManifestProperties())
    manifests.push([digest, names, architecture]);
  for await (const { name, digest } of client.getArtifact('library/one', '1').listTagProperties())
    tags.push([digest, [name], 'amd64']);
  assert.deepEqual(manifests, tags);
  assert.equal(manifests.length, 1);
  const tag = await client.getArtifact('library/one', '1').getTagProperties('1');
  assert.ok(Math.abs(Date.now() - Number(tag.createdOn)) < 60_000);
  const { tagCount, manifestCount } = await client.getRepository('library/one').getProperties();
  assert.deepEqual([tagCount, manifestCount], [1, 1]);
  assert.equal(await status(client.getRepository('library/none').getProperties()), 404);
  assert.equal(await status(client.deleteRepository('library/one')), 401, 'AcrPull deleted a repository');
});

test('fails on request, so often and so as it is told', async (world) => {
  const client = contentClient(world);
  await client.getManifest('1');
  const before = world.base.requests()['GET manifest']!;
  world.base.fail({ status: 429, headers: { 'retry-after': '7' }, times: 2, kind: 'manifest' });
  const retried = await client.getManifest('1').catch((error) => error);
  assert.deepEqual([retried.statusCode, retried.response.headers.get('retry-after')], [429, '7']);
  assert.equal(await status(client.getManifest('1')), 429);
  assert.equal(await status(client.getManifest('1')), 'done');
  assert.equal(world.base.requests()['GET manifest'], before + 3);
});

const authfiles: Array<[title: string, name: (base: Registry) => string, outcome: string]> = [
  ['the name that is connected to', ({ port }) => `localhost:${port}`, 'pulled'],
  ['the login server, which is mapped to it', ({ loginServer }) => loginServer, 'refused'],
];
for (const [title, name, outcome] of authfiles)
  test(`buildah, with a refresh token under ${title}, is ${outcome}`, async ({ ground, base }) => {
    const token = await base.refreshTokenFor(reader!.principalId);
    const buildah = await prepareBuildah(ground, [base], { [name(base)]: token });
    const pulled = buildah('pull', 'baseacr.azurecr.io/library/one:1');
    assert.match(
      await pulled.then(() => 'pulled', String),
      outcome === 'pulled' ? /^pulled$/ : /unauthorized/,
    );
  });

test.run();
