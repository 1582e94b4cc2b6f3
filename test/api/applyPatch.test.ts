import assert from 'node:assert/strict';
import { test } from 'uvu';
import { applyPatch } from '../../shared/api/applyPatch.ts';

const inVault = { type: 'Vaultsecret', value: 'https://v.vault.azure.net/secrets/x' };
const rows: [title: string, task: object, patch: object, merged: object][] = [
  ['what is absent stays', { a: 1, b: { c: 2, d: 3 } }, { b: { c: 4 } }, { a: 1, b: { c: 4, d: 3 } }],
  [
    'an empty object changes nothing',
    { platform: { os: 'Linux' } },
    { platform: {} },
    { platform: { os: 'Linux' } },
  ],
  [
    'null takes a registry away',
    { customRegistries: { a: { x: 1 }, b: {} } },
    { customRegistries: { a: null } },
    { customRegistries: { b: {} } },
  ],
  [
    'an identity takes the place of a password',
    { customRegistries: { a: { userName: { value: 'u' }, password: { value: 'p' } }, b: { identity: 'i' } } },
    { customRegistries: { a: { identity: '[system]' } } },
    { customRegistries: { a: { identity: '[system]' }, b: { identity: 'i' } } },
  ],
  [
    'a password takes the place of an identity, and one part of it may change alone',
    {
      customRegistries: {
        a: { identity: '[system]' },
        b: { userName: { value: 'u' }, password: { value: 'p' } },
      },
    },
    { customRegistries: { a: { userName: { value: 'u' } }, b: { password: { value: 'q' } } } },
    {
      customRegistries: {
        a: { userName: { value: 'u' } },
        b: { userName: { value: 'u' }, password: { value: 'q' } },
      },
    },
  ],
  [
    'a vault secret and the identity that reads it come together and stay together',
    { customRegistries: { a: { identity: '[system]', password: { value: 'x' } } } },
    { customRegistries: { a: { identity: 'i', password: { value: 'y' } } } },
    { customRegistries: { a: { identity: 'i', password: { value: 'y' } } } },
  ],
  ...[
    'quay.io',
    'ghcr.io:443',
    'docker.io',
    'harbor.example.com',
    'azurecr.io.example.com',
    'localhost:5000',
  ].map((server): [string, object, object, object] => [
    `another identity for ${server} reads the vault instead of the one before: there it gives no login`,
    { customRegistries: { [server]: { identity: 'a', userName: inVault, password: inVault } } },
    { customRegistries: { [server]: { identity: 'b' } } },
    { customRegistries: { [server]: { identity: 'b', userName: inVault, password: inVault } } },
  ]),
  ...[
    'x.azurecr.io',
    'X.AZURECR.IO:443',
    'x.azurecr.cn',
    'x.azurecr.us',
    'x.data.azurecr.io',
    'myreg.westeurope.data.azurecr.io',
  ].map((server): [string, object, object, object] => [
    `an identity for ${server} takes the place of a login from a vault`,
    { customRegistries: { [server]: { identity: 'a', userName: inVault, password: inVault } } },
    { customRegistries: { [server]: { identity: 'b' } } },
    { customRegistries: { [server]: { identity: 'b' } } },
  ]),
  ['a list is replaced', { imageNames: ['a', 'b'] }, { imageNames: ['c'] }, { imageNames: ['c'] }],
  [
    'a timer is added beside another',
    { timerTriggers: [{ name: 't1', schedule: '0 1 * * *' }] },
    { timerTriggers: [{ name: 't2', schedule: '0 2 * * *' }] },
    {
      timerTriggers: [
        { name: 't1', schedule: '0 1 * * *' },
        { name: 't2', schedule: '0 2 * * *' },
      ],
    },
  ],
  [
    'a timer is changed by its name',
    { timerTriggers: [{ name: 't1', schedule: '0 1 * * *', status: 'Enabled' }] },
    { timerTriggers: [{ name: 't1', status: 'Disabled' }] },
    { timerTriggers: [{ name: 't1', schedule: '0 1 * * *', status: 'Disabled' }] },
  ],
  [
    'what was not there is added',
    {},
    { trigger: { baseImageTrigger: { name: 'd' } } },
    { trigger: { baseImageTrigger: { name: 'd' } } },
  ],
];
for (const [title, task, patch, merged] of rows) {
  test(title, () => {
    const before = structuredClone(task);
    assert.deepEqual(applyPatch(task as never, patch as never), merged);
    assert.deepEqual(task, before, 'the task itself is left as it was');
  });
}

test.run();
