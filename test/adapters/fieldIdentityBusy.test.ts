// Changes its process: the identity is found in its environment.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManagedIdentityCredential } from '@azure/identity';
import { test } from 'uvu';
import { createAddressGuard } from '../../shared/adapters/http/addressGuard.ts';
import { createAcrRegistry } from '../../shared/adapters/registry/acrRegistry.ts';
import { createKeyVault } from '../../shared/adapters/secrets/keyVault.ts';
import { isTransient } from '../../shared/flow/transient.ts';

const nobody = JSON.stringify({
  statusCode: 400,
  message:
    'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
});

/** By client id, what the identity endpoint of App Service answers: a status, a body; 0 breaks the connection off. */
const rows: [clientId: string, status: number, body: string, again: boolean][] = [
  ['busy', 429, '{"message":"slow down"}', true],
  ['out', 503, 'Service Unavailable', true],
  ['broken', 500, '{"message":"x"}', true],
  ['slow', 408, '{"message":"late"}', true],
  ['empty', 502, '', true],
  ['silent', 0, '', true],
  ['nobody', 400, nobody, false],
  ['denied', 403, '{"message":"no"}', false],
];

let server: Server;
test.before(async () => {
  server = createServer((request, response) => {
    const asked = new URL(request.url ?? '/', 'http://localhost').searchParams.get('client_id');
    const [, status, body] = rows.find(([clientId]) => clientId === asked)!;
    if (status === 0) return void request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.IDENTITY_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`;
  process.env.IDENTITY_HEADER = 'header';
});
test.after(() => {
  server?.closeAllConnections();
  server?.close();
});

test('an identity endpoint that is busy is tried again, one that knows no such identity is not', async () => {
  const credential = (clientId?: string) =>
    new ManagedIdentityCredential({ clientId: clientId!, retryOptions: { maxRetries: 0 } });
  const registry = createAcrRegistry({
    registries: [
      {
        name: 'appacr',
        id: '/registries/appacr',
        loginServer: 'appacr.azurecr.io',
        endpoint: 'https://localhost:9',
      },
    ],
    credential,
    guard: createAddressGuard([]),
  });
  const vault = createKeyVault({
    endpoints: {},
    credential,
    rules: { own: [] },
    isOwn: () => false,
    fetch,
  });
  const image = { registry: 'appacr.azurecr.io', repository: 'app', tag: '1' };
  const wrong: string[] = [];
  await Promise.all(
    rows.map(async ([clientId, , , again]) => {
      const login = { kind: 'identity', clientId } as const;
      const tries: [string, () => Promise<unknown>][] = [
        ['pull', () => registry.pullPassword('appacr.azurecr.io', login)],
        ['digest', () => registry.digestOf(image, login)],
        ['vault', () => vault.secret('https://kv.vault.azure.net/secrets/a', clientId)],
      ];
      for (const [what, attempt] of tries) {
        const error = await attempt().then(
          () => undefined,
          (error: Error) => error,
        );
        if (!error || isTransient(error) !== again) wrong.push(`${clientId} ${what}: ${error?.message}`);
        if (error && !again && !/gave no token/.test(error.message))
          wrong.push(`${clientId} ${what}: ${error.message}`);
      }
    }),
  );
  assert.deepEqual(wrong, []);
});

test.run();
