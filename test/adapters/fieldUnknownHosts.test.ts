import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAddressGuard } from '../../shared/adapters/http/addressGuard.ts';
import { createAcrRegistry } from '../../shared/adapters/registry/acrRegistry.ts';
import { createKeyVault } from '../../shared/adapters/secrets/keyVault.ts';
import { createSourceContext } from '../../shared/adapters/source/sourceContext.ts';
import { isTransient, isUnknownHost } from '../../shared/flow/transient.ts';
import { parseImageRef } from '../../shared/names/imageRef.ts';
import { parseSourceLocation } from '../../shared/names/sourceLocation.ts';
import { RegistryError } from '../../shared/ports/registry.ts';

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

for (const host of ['docker.example.com:99999', '1.2.3.4.5'])
  test(`a registry that is no host of a URL is refused at once: ${host}`, () => {
    const guard = createAddressGuard([]);
    const credential = () => ({ getToken: async () => null });
    const registry = createAcrRegistry({ registries: [], credential, guard });
    const { registry: server, repository } = parseImageRef(`${host}/a:1`);
    return registry.digestOf({ registry: server, repository, tag: '1' }, { kind: 'anonymous' }).then(
      () => assert.fail('it was asked'),
      (error) => {
        assert.match(error.message, /its host and port are none of a URL/);
        assert.ok(error instanceof RegistryError && !isTransient(error));
      },
    );
  });

test.run();
