import assert from 'node:assert/strict';
import { test } from 'uvu';
import { checkCredentials, checkTaskCredentials } from '../../../shared/flow/api/checkCredentials.ts';
import { checkTriggers } from '../../../shared/flow/api/checkTriggers.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Credentials, CustomRegistry, TaskIdentity, Triggers } from '../../../shared/model/task.ts';

/** What a check refuses with, after its status and code; undefined where it refuses nothing. */
function refused(check: () => void): [code: string, message: string] | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    assert.equal(error.status, 400);
    return [error.code, error.message];
  }
}

const settings = {
  registries: [
    {
      ...{ name: 'appacr', id: '', endpoint: '' },
      loginServer: 'own.example.com',
    },
  ],
  vaults: { own: ['app.vault.azure.net'] },
};
const opaque = (value: string) => ({ type: 'Opaque' as const, value });
const inVault = (value?: string) => ({ type: 'Vaultsecret' as const, ...(value && { value }) });
const secret = 'https://team.vault.azure.net/secrets/word';
const of = (server: string, custom: CustomRegistry): Credentials => ({
  customRegistries: { [server]: custom },
});

/** Each: credentials, and what is refused of them. */
const credentials: [title: string, credentials: Credentials | undefined, says?: RegExp][] = [
  ['none', undefined],
  ['a login mode alone', { sourceRegistry: { loginMode: 'None' } }],
  ['the identity of the app', { sourceRegistry: { identity: '[system]' } }],
  ['the identity of the app, in capitals', { sourceRegistry: { identity: '[SYSTEM]' } }],
  ['the identity of the caller', { sourceRegistry: { identity: '[caller]' } }],
  ['a client id', { sourceRegistry: { identity: '0000-1111' } }],
  ['a client id with a bracket before it', { sourceRegistry: { identity: '[0000' } }],
  ['a client id with a bracket behind it', { sourceRegistry: { identity: '0000]' } }],
  ['a client id that ends in brackets', { sourceRegistry: { identity: 'a[0]' } }],
  ['a client id that begins with brackets', { sourceRegistry: { identity: '[0]b' } }],
  ['a client id with brackets in it', { sourceRegistry: { identity: 'a[0]b' } }],
  [
    'an identity that is misspelt',
    { sourceRegistry: { identity: '[sytem]' } },
    /^The credentials for the task's registry: there is no identity \[sytem\]\. Did you mean \[system\]\? Else give a client id\.$/,
  ],
  ['the caller, misspelt', { sourceRegistry: { identity: '[calller]' } }, /Did you mean \[caller\]\?/],
  ['an identity like none', { sourceRegistry: { identity: '[x]' } }, /Did you mean \[system\]\?/],
  [
    'an identity of another registry that is misspelt',
    of('a.azurecr.io', { identity: '[sytem]' }),
    /^The credentials for a\.azurecr\.io: there is no identity \[sytem\]\. Did you mean \[system\]\?/,
  ],
  ['a user name and a password', of('any.io', { userName: opaque('u'), password: opaque('w') })],
  ['an identity for a registry of Azure', of('a.azurecr.io', { identity: 'client' })],
  ['an identity for a registry of the settings', of('own.example.com', { identity: 'client' })],
  [
    'an identity for any registry',
    of('any.io', { identity: 'client' }),
    /^The credentials for any\.io: any\.io is no registry of Azure .* so it gets no token/,
  ],
  [
    'an identity and a user name for any registry',
    of('any.io', { identity: 'client', userName: opaque('u') }),
    /is no registry of Azure/,
  ],
  [
    'an identity and a password for any registry',
    of('any.io', { identity: 'client', password: opaque('w') }),
    /is no registry of Azure/,
  ],
  [
    'an identity for the vault that keeps both',
    of('any.io', { identity: 'client', userName: inVault(secret), password: inVault(secret) }),
  ],
  [
    'a password in a vault',
    of('any.io', { userName: opaque('u'), password: inVault(secret), identity: 'client' }),
  ],
  [
    'a password in no vault',
    of('any.io', {
      userName: opaque('u'),
      password: inVault('https://any.io/secrets/word'),
      identity: 'client',
    }),
    /^The credentials for any\.io: A key vault secret is named https/,
  ],
  [
    'a user name without an address of it',
    of('any.io', { userName: inVault(), password: opaque('w'), identity: 'client' }),
    /A key vault secret is named https/,
  ],
  [
    'a user name in the vault of the app',
    of('any.io', { userName: inVault('https://app.vault.azure.net/secrets/word'), password: opaque('w') }),
    /keeps the app's own secrets/,
  ],
  [
    'a password that looks like an address',
    of('any.io', { userName: opaque('u'), password: opaque('https://any.io') }),
  ],
  [
    'a good registry and a bad one',
    { customRegistries: { 'a.azurecr.io': { identity: 'c' }, 'any.io': { identity: 'c' } } },
    /credentials for any\.io/,
  ],
];
for (const [title, given, says] of credentials)
  test(`credentials that are ${title} ${says ? 'are refused' : 'may be given'}`, () => {
    const told = refused(() => checkCredentials(given, settings));
    if (!says) return assert.equal(told, undefined);
    assert.equal(told?.[0], 'InvalidCredentials');
    assert.match(told![1], says);
  });

const system: TaskIdentity = { type: 'SystemAssigned' };
const user: TaskIdentity = { type: 'UserAssigned' };
const both: TaskIdentity = { type: 'SystemAssigned, UserAssigned' };

/** Each: an entry for a registry, the task's identity, and what is refused. */
const lacking: [
  title: string,
  custom: CustomRegistry | undefined,
  identity: TaskIdentity | undefined,
  refusal?: [code: string, says: RegExp],
][] = [
  ['no entry', undefined, undefined],
  ["the task's own identity", { identity: '[system]' }, system],
  ["the task's own identity beside others", { identity: '[System]' }, both],
  [
    "the task's own identity, and none",
    { identity: '[system]' },
    undefined,
    [
      'TaskIdentityMissing',
      /^The credentials for any\.io use the task's system-assigned identity, but the task has none/,
    ],
  ],
  [
    "the task's own identity in capitals, and none",
    { identity: '[SYSTEM]' },
    user,
    ['TaskIdentityMissing', /any\.io/],
  ],
  ['a client id', { identity: 'client' }, undefined],
  ['a user name and a password', { userName: opaque('u'), password: opaque('w') }, undefined],
  [
    'a user name alone',
    { userName: opaque('u') },
    undefined,
    ['InvalidCredentials', /^The credentials for any\.io need an identity, or a user name and a password\.$/],
  ],
  ['a password alone', { password: opaque('w') }, undefined, ['InvalidCredentials', /need an identity/]],
  ['nothing', {}, undefined, ['InvalidCredentials', /need an identity/]],
  ['a user name and an identity', { userName: opaque('u'), identity: 'client' }, undefined],
  [
    'a user name without a value',
    { userName: opaque(''), password: opaque('w') },
    undefined,
    ['InvalidCredentials', /: userName has no value\. Give it, or leave the registry out of a PATCH/],
  ],
  [
    'a password without a value',
    { userName: opaque('u'), password: { type: 'Opaque' } },
    undefined,
    ['InvalidCredentials', /: password has no value/],
  ],
  [
    'a password in a vault',
    { userName: opaque('u'), password: inVault(secret), identity: 'client' },
    undefined,
  ],
  [
    'a password in a vault without its address',
    { userName: opaque('u'), password: inVault(), identity: 'c' },
    undefined,
  ],
  [
    'a password in a vault, and no identity',
    { userName: opaque('u'), password: inVault(secret) },
    undefined,
    ['InvalidCredentials', /^The credentials for any\.io are in a key vault: name the identity of the task/],
  ],
  [
    'a user name in a vault, and no identity',
    { userName: inVault(secret), password: opaque('w') },
    system,
    ['InvalidCredentials', /are in a key vault/],
  ],
];
for (const [title, custom, identity, refusal] of lacking)
  test(`an entry with ${title} ${refusal ? 'lacks something' : 'is whole'}`, () => {
    const told = refused(() => checkTaskCredentials(custom && of('any.io', custom), identity));
    assert.equal(told?.[0], refusal?.[0]);
    if (refusal) assert.match(told![1], refusal[1]);
  });

const timer = (name: string, schedule = '0 1 * * *') => ({ name, schedule, status: 'Enabled' as const });
const source = (name: string, repositoryUrl = 'https://github.com/contoso/app') => ({
  ...{ name, status: 'Enabled' as const, sourceTriggerEvents: ['commit' as const] },
  sourceRepository: { sourceControlType: 'Github' as const, repositoryUrl },
});
const many = Array.from({ length: 21 }, (_, at) => `t${at}`);

const triggers: [title: string, triggers: Triggers, says?: RegExp][] = [
  ['none', {}],
  ['one of each kind by one name', { timerTriggers: [timer('one')], sourceTriggers: [source('one')] }],
  ['twenty timers', { timerTriggers: many.slice(1).map((name) => timer(name)) }],
  [
    'twenty-one timers',
    { timerTriggers: many.map((name) => timer(name)) },
    /^A task has at most 20 timer triggers\.$/,
  ],
  [
    'twenty-one repositories',
    { sourceTriggers: many.map((name) => source(name)) },
    /^A task has at most 20 source/,
  ],
  [
    'two timers of one name',
    { timerTriggers: [timer('one'), timer('two'), timer('one')] },
    /^Two timer triggers have the name 'one'\.$/,
  ],
  [
    'two repositories of one name',
    { sourceTriggers: [source('a'), source('a')] },
    /^Two source triggers have the name 'a'/,
  ],
  [
    'a schedule that is none',
    { timerTriggers: [timer('one'), timer('two', 'daily')] },
    /^The timer trigger 'two' is not valid\. .+/,
  ],
  [
    'a repository that is none',
    { sourceTriggers: [source('one', 'ftp://x')] },
    /^The source trigger 'one' is not valid\. .+/,
  ],
];
for (const [title, given, says] of triggers)
  test(`triggers that are ${title} ${says ? 'are refused' : 'may be given'}`, () => {
    const told = refused(() => checkTriggers(given));
    assert.equal(told?.[0], says && 'InvalidTrigger');
    if (says) assert.match(told![1], says);
  });

test.run();
