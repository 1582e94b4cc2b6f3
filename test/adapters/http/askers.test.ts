import assert from 'node:assert/strict';
import type { RequestListener, ServerResponse } from 'node:http';
import { suite } from 'uvu';
import { createAddressGuard } from '../../../shared/adapters/http/addressGuard.ts';
import { PlinthError } from '../../../shared/names/plinthError.ts';
import { answerMs } from '../../../shared/rules/timing.ts';
import { adaptersAt, image, prompt, startTestServers, type TestServers } from './testServers.ts';

const test = suite<{ servers: TestServers }>('whoever asks over HTTP');
const limits = { ...answerMs };
/** In a token of a task, of an identity, or in the path: no message may hold it. */
const secret = 'hush';
const password = { kind: 'password', userName: 'u', password: secret } as const;

test.before(async (world) => {
  world.servers = await startTestServers();
});
test.after(async ({ servers }) => {
  await servers.stop();
});

type Adapters = ReturnType<typeof adaptersAt>;
interface Row {
  title: string;
  error: string;
  ask: (adapters: Adapters) => Promise<unknown>;
  /** The settings name the server: its address may be private. */
  isOwn?: true;
  /** The token is in no header of its own, so that it fits into HTTP whatever it is. */
  isCoded?: true;
}
const rows: Row[] = [
  {
    title: 'the reader of registries, as nobody',
    error: 'RegistryError',
    ask: ({ registry }) => registry.digestOf(image, { kind: 'anonymous' }),
    isCoded: true,
  },
  {
    title: 'the reader of registries, with a password',
    error: 'RegistryError',
    ask: ({ layers }) => layers(password),
    isCoded: true,
  },
  {
    title: 'the SDK of registries',
    error: 'RegistryError',
    ask: ({ layers }) => layers({ kind: 'identity' }),
    isCoded: true,
  },
  {
    title: 'the token exchange of a registry',
    error: 'RegistryError',
    ask: ({ registry }) => registry.pullPassword(image.registry, { kind: 'identity' }),
    isCoded: true,
  },
  {
    title: 'Azure Resource Manager',
    error: 'RunEngineError',
    ask: ({ arm }) => arm().run('appacr', 'ca1'),
    isOwn: true,
  },
  { title: 'the key vault', error: 'VaultError', ask: (adapters) => adapters.secret() },
  { title: 'webhooks of GitHub', error: 'SourceControlError', ask: ({ hook }) => hook('Github') },
  {
    title: 'webhooks of Azure DevOps',
    error: 'SourceControlError',
    ask: ({ hook }) => hook('VisualStudioTeamService'),
    isCoded: true,
  },
  {
    title: 'an archive',
    error: 'SourceError',
    ask: ({ context }) => context(`a.tar.gz?sig=${secret}`),
    isCoded: true,
  },
  {
    title: 'a git repository',
    error: 'SourceError',
    ask: ({ context }) => context('a.git'),
    isCoded: true,
  },
];

/** The error of a question to a server that does this. */
async function faultOf(
  { ask, error, title, isOwn }: Row,
  servers: TestServers,
  listener: RequestListener,
  ways: Partial<Parameters<typeof adaptersAt>[1]> = {},
): Promise<PlinthError> {
  const address = await (isOwn ? servers.http(listener) : servers.https(listener));
  const given = { credential: prompt(secret), token: secret, ...ways };
  const thrown = await ask(adaptersAt(address, { way: servers.way, ...given })).then(
    () => assert.fail(`${title} was taken for an answer`),
    (reason: unknown) => reason,
  );
  assert.ok(thrown instanceof PlinthError, String((thrown as Error).stack));
  assert.equal(thrown.name, error);
  assert.ok(!thrown.message.includes(secret), thrown.message);
  return thrown;
}

const answer = (status: number, headers: Record<string, string>) => (_: unknown, response: ServerResponse) =>
  response.writeHead(status, headers).end('{}');
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();

for (const row of rows) {
  test(`${row.title}: a server that never answers is given up in time, and asked again later`, async ({
    servers,
  }) => {
    Object.assign(answerMs, { registry: 300, keyVault: 300, resourceManager: 300, sourceControl: 300 });
    const fault = await faultOf(row, servers, () => {}, { timeoutSeconds: 0.3 }).finally(() =>
      Object.assign(answerMs, limits),
    );
    assert.match(fault.message, /given up after 0.3 s|within 0.3 s/);
    assert.ok(fault.transient);
  });

  test(`${row.title}: the reason of a connection that breaks is told`, async ({ servers }) => {
    const fault = await faultOf(row, servers, (request) => void request.socket.destroy());
    assert.match(fault.message, /(127\.0\.0\.1:\d+ did not|does not) answer.*\(\S.*\S\)/);
    assert.ok(fault.transient);
  });

  for (const status of [429, 503])
    for (const [form, header] of [
      ['seconds', () => '77'],
      ['a date', () => inSeconds(77)],
    ] as const)
      test(`${row.title}: ${status} with Retry-After as ${form} is kept to`, async ({ servers }) => {
        const fault = await faultOf(row, servers, answer(status, { 'retry-after': header() }));
        const { retryAfter = 0 } = fault;
        assert.ok(retryAfter > 70 && retryAfter <= 77, `${fault.message}: ${retryAfter} s`);
        assert.ok(fault.transient);
      });

  if (!row.isOwn)
    test(`${row.title}: a private address is not reached`, async ({ servers }) => {
      const asked: unknown[] = [];
      const way = createAddressGuard([]);
      const fault = await faultOf(row, servers, (request) => void asked.push(request.url), { way });
      assert.match(fault.message, /private address/);
      assert.ok(!fault.transient);
      assert.deepEqual(asked, []);
    });

  test(`${row.title}: of an answer that is too long no more is read than may be`, async ({ servers }) => {
    let sent = 0;
    await faultOf(row, servers, ({ method }, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      if (method === 'HEAD') return void response.end();
      const piece = Buffer.alloc(64 * 1024, 'a');
      const more = () => {
        while (!response.destroyed && sent < 256 * 2 ** 20) {
          sent += piece.length;
          if (!response.write(piece)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    assert.ok(sent < 128 * 2 ** 20, `${sent} bytes were sent`);
  });

  if (!row.isCoded)
    test(`${row.title}: a token that is not allowed in a header is in no message`, async ({ servers }) => {
      const broken = `${secret}\n${secret}`;
      const ways = { credential: prompt(broken), token: broken };
      const fault = await faultOf(row, servers, answer(200, {}), ways);
      assert.match(fault.message, /not allowed in HTTP/);
      assert.ok(!fault.transient);
      assert.ok(!`${fault.stack}${(fault.cause as Error)?.stack}`.includes(secret));
    });
}

test.run();
