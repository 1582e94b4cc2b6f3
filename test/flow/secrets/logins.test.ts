import assert from 'node:assert/strict';
import { test } from 'uvu';
import { buildLogins, loginFor } from '../../../shared/flow/secrets/registryLogin.ts';
import type { KnownRegistry } from '../../../shared/model/registry.ts';
import type { Credentials } from '../../../shared/model/task.ts';
import type { RegistryLogin } from '../../../shared/ports/registry.ts';

const own = 'appacr.azurecr.io';
const known = { name: 'appacr', loginServer: own } as KnownRegistry;
const opaque = (value: string) => ({ type: 'Opaque' as const, value });
const userAndWord = { userName: opaque('u'), password: opaque('w') };
const password: RegistryLogin = { kind: 'password', userName: 'u', password: 'w' };
const custom = (server: string, one: object): Credentials => ({ customRegistries: { [server]: one } });

const logins: [title: string, server: string, credentials: Credentials | undefined, login: RegistryLogin][] =
  [
    ['to its own registry without credentials', own, undefined, { kind: 'identity' }],
    ['to its own registry with none', own, { sourceRegistry: { loginMode: 'None' } }, { kind: 'anonymous' }],
    ['to its own registry as usual', own, { sourceRegistry: { loginMode: 'Default' } }, { kind: 'identity' }],
    [
      'to its own registry as another identity',
      ...([own, { sourceRegistry: { identity: 'client' } }] as const),
      { kind: 'identity', clientId: 'client' },
    ],
    [
      'to its own registry as the app, in capitals',
      ...([own, { sourceRegistry: { identity: '[SYSTEM]' } }] as const),
      { kind: 'identity' },
    ],
    ['to its own registry with those of another', own, custom('other.io', userAndWord), { kind: 'identity' }],
    ['to another without credentials', 'other.io', undefined, { kind: 'anonymous' }],
    ['to another with those of a third', 'other.io', custom('third.io', userAndWord), { kind: 'anonymous' }],
    ['with a user name and a password', 'other.io', custom('other.io', userAndWord), password],
    ['to its own registry with a user name', own, custom(own, userAndWord), password],
    [
      'with an empty password',
      'other.io',
      custom('other.io', { userName: opaque('u'), password: opaque('') }),
      {
        ...password,
        password: '',
      },
    ],
    ['by another name of the same registry', 'docker.io', custom('index.docker.io', userAndWord), password],
    [
      'with a user name, a password and the identity of their vault',
      ...(['other.io', custom('other.io', { ...userAndWord, identity: 'client' })] as const),
      password,
    ],
    [
      'with a user name alone and an identity',
      ...(['other.io', custom('other.io', { userName: opaque('u'), identity: 'client' })] as const),
      { kind: 'identity', clientId: 'client' },
    ],
    [
      'with a password alone and an identity',
      ...(['other.io', custom('other.io', { password: opaque('w'), identity: '[system]' })] as const),
      { kind: 'identity' },
    ],
    [
      'with a user name alone',
      'other.io',
      custom('other.io', { userName: opaque('u') }),
      { kind: 'anonymous' },
    ],
    [
      'with a password that has no value',
      ...(['other.io', custom('other.io', { userName: opaque('u'), password: { type: 'Opaque' } })] as const),
      { kind: 'anonymous' },
    ],
  ];
for (const [title, server, credentials, login] of logins)
  test(`a task signs in ${title}: ${login.kind}`, () =>
    assert.deepEqual(loginFor(server, known, credentials), login));

const hub = custom('Index.Docker.io', userAndWord);
const builds: [
  title: string,
  servers: string[] | undefined,
  credentials: Credentials | undefined,
  names: string[],
  asked: string[],
][] = [
  ['that needs none', [], hub, [], []],
  ['of which it is not known what it needs', undefined, hub, ['docker.io', 'index.docker.io'], ['docker.io']],
  ['of which it is not known, without credentials', undefined, undefined, [], []],
  ['that needs one of two', ['other.io'], hub, ['other.io'], ['other.io']],
  ['that needs its own registry', [own], hub, [], []],
  ['that needs its own, for which it has credentials', [own], custom(own, userAndWord), [own], [own]],
  ['that needs one twice', ['other.io', 'other.io'], undefined, ['other.io'], ['other.io']],
  ['that needs one with no password', ['open.io'], undefined, [], ['open.io']],
];
for (const [title, servers, credentials, names, asked] of builds)
  test(`a build ${title} is given the logins of ${names.length} names`, async () => {
    const questions: [server: string, login: RegistryLogin][] = [];
    const registry = {
      async pullPassword(server: string, login: RegistryLogin) {
        questions.push([server, login]);
        return server === 'open.io' ? undefined : { userName: server, password: 'w' };
      },
    };
    const given = await buildLogins(servers, known, credentials, { registry } as never);
    assert.deepEqual(Object.keys(given).sort(), names);
    for (const { password: word } of Object.values(given)) assert.equal(word, 'w');
    assert.deepEqual(
      questions,
      asked.map((server) => [server, loginFor(server, known, credentials)]),
    );
  });

test.run();
