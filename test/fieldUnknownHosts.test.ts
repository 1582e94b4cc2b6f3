import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAcrRegistry } from '../shared/adapters/acrRegistry.ts';
import { createAddressGuard } from '../shared/adapters/addressGuard.ts';
import { createKeyVault } from '../shared/adapters/keyVault.ts';
import { createSourceContext } from '../shared/adapters/sourceContext.ts';
import { isTransient, isUnknownHost } from '../shared/flow/transient.ts';
import { parseSourceLocation } from '../shared/sourceLocation.ts';

/** Everything that goes out, with a name server that answers every name with this. */
function outWith(code: string) {
  const guard = createAddressGuard([], (host, answer) =>
    answer(Object.assign(new Error(`getaddrinfo ${code} ${host}`), { code }), []),
  );
  const credential = () => ({
    getToken: async () => ({ token: 't', expiresOnTimestamp: Date.now() + 3_600_000 }),
  });
  const registry = createAcrRegistry({ registries: [], credential, guard });
  const source = createSourceContext({ fetch: guard.fetch });
  const vault = createKeyVault({
    endpoints: {},
    credential,
    rules: { own: [] },
    isOwn: () => false,
    fetch: guard.fetch,
  });
  const fetched = (context: string) => () => source.fetch(parseSourceLocation(context), { maxBytes: 1e6 });
  const ways: [title: string, go: () => Promise<unknown>][] = [
    ['a git repository', fetched('https://git.example.com/app.git#main')],
    ['an archive', fetched('https://files.example.com/app.tar.gz')],
    [
      'a public registry',
      () =>
        registry.digestOf(
          { registry: 'docker.example.com', repository: 'a', tag: '1' },
          { kind: 'anonymous' },
        ),
    ],
    [
      'a registry with a password',
      () =>
        registry.digestOf(
          { registry: 'docker.example.com', repository: 'a', tag: '1' },
          { kind: 'password', userName: 'u', password: 'p' },
        ),
    ],
    [
      'a registry of Azure',
      () =>
        registry.digestOf({ registry: 'noacr.azurecr.io', repository: 'a', tag: '1' }, { kind: 'identity' }),
    ],
    ['the token of a registry', () => registry.pullPassword('noacr.azurecr.io', { kind: 'identity' })],
    ['a key vault', () => vault.secret('https://kv-none.vault.azure.net/secrets/a', undefined)],
  ];
  return ways;
}

for (const [code, isUnknown] of [
  ['ENOTFOUND', true],
  ['EAI_AGAIN', false],
] as const)
  for (const [title, go] of outWith(code))
    test(`${code} from the name server of ${title} ${isUnknown ? 'is a host that does not exist' : 'is waited for'}`, async () => {
      const error = await go().then(
        () => undefined,
        (error: Error) => error,
      );
      assert.ok(isTransient(error), String(error));
      assert.equal(isUnknownHost(error), isUnknown, String(error));
    });

test.run();
