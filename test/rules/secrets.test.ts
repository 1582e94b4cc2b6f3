import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createAesSeal } from '../../shared/adapters/secrets/aesSeal.ts';
import { changeTaskSecrets } from '../../shared/model/mapSecrets.ts';
import type { DockerStep, TaskProperties } from '../../shared/model/task.ts';

const key = Buffer.alloc(32, 1);
const seal = createAesSeal([key]);
const secrets = ['pat-1', 'arg-2', 'hook-3', 'user-4', 'word-5'];
const properties: TaskProperties = {
  status: 'Enabled',
  platform: { os: 'Linux', architecture: 'amd64' },
  timeout: 3600,
  isSystemTask: false,
  step: {
    type: 'Docker',
    dockerFilePath: 'Dockerfile',
    contextAccessToken: 'pat-1',
    imageNames: ['a'],
    isPushEnabled: true,
    noCache: false,
    arguments: [
      { name: 'PLAIN', value: 'seen', isSecret: false },
      { name: 'TOKEN', value: 'arg-2', isSecret: true },
    ],
  },
  trigger: {
    sourceTriggers: [
      {
        name: 'default',
        status: 'Enabled',
        sourceTriggerEvents: ['commit'],
        sourceRepository: {
          sourceControlType: 'Github',
          repositoryUrl: 'https://github.com/a/b',
          sourceControlAuthProperties: { tokenType: 'PAT', token: 'hook-3', scope: 'repo' },
        },
      },
    ],
  },
  credentials: {
    customRegistries: {
      'a.azurecr.io': { identity: '[system]' },
      'b.example.com': {
        userName: { type: 'Opaque', value: 'user-4' },
        password: { type: 'Opaque', value: 'word-5' },
      },
      'c.example.com': { password: { type: 'Vaultsecret', value: 'https://v.vault.azure.net/secrets/p' } },
    },
  },
};

test('a task as it is stored holds none of its secrets, and opens to what it was', () => {
  const sealed = changeTaskSecrets(properties, (secret) => seal.seal(secret, 'appacr/tasks/app-1'));
  const text = JSON.stringify(sealed);
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.ok(text.includes('https://v.vault.azure.net/secrets/p'), 'the address of a vault secret is none');
  assert.deepEqual(
    changeTaskSecrets(sealed, (secret) => seal.open(secret, 'appacr/tasks/app-1')),
    properties,
  );
});

test('a task as it is shown has lost them, and a secret argument altogether, as in ACR', () => {
  const shown = changeTaskSecrets(properties, () => undefined);
  const text = JSON.stringify(shown);
  for (const secret of secrets) assert.ok(!text.includes(secret), secret);
  assert.deepEqual(
    (shown.step as DockerStep).arguments.map(({ name }) => name),
    ['PLAIN'],
  );
  assert.deepEqual(shown.credentials!.customRegistries!['b.example.com'], {
    userName: { type: 'Opaque' },
    password: { type: 'Opaque' },
  });
});

test('a secret that is copied to another task does not open, and the error does not hold it', () => {
  const sealed = seal.seal('pat-1', 'appacr/tasks/app-1');
  assert.throws(
    () => seal.open(sealed, 'appacr/tasks/app-2'),
    (error: Error) => !error.message.includes('pat-1') && /appacr\/tasks\/app-2/.test(error.message),
  );
  assert.throws(() => seal.open('pat-1', 'appacr/tasks/app-1'), /not sealed/);
});

test('a key that was replaced still opens what it sealed, and no longer seals', () => {
  const sealed = seal.seal('pat-1', 'o');
  const rotated = createAesSeal([Buffer.alloc(32, 2), key]);
  assert.equal(rotated.open(sealed, 'o'), 'pat-1');
  assert.throws(() => seal.open(rotated.seal('pat-1', 'o'), 'o'));
  assert.notEqual(seal.seal('same', 'o'), seal.seal('same', 'o'));
});

test('a signature holds for its text and its key only', () => {
  const signature = seal.sign('log of ca1');
  assert.ok(seal.verify('log of ca1', signature));
  assert.ok(!seal.verify('log of ca2', signature));
  assert.ok(!seal.verify('log of ca1', ''));
  assert.ok(!createAesSeal([Buffer.alloc(32, 3)]).verify('log of ca1', signature));
});

test.run();
