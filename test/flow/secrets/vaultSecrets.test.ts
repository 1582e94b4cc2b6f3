import assert from 'node:assert/strict';
import { test } from 'uvu';
import { runOwner, taskOwner, webhookOwner } from '../../../shared/flow/secrets/owners.ts';
import { withVaultSecrets } from '../../../shared/flow/secrets/readVaultSecrets.ts';
import { unsealReadable, unsealRun, unsealTask } from '../../../shared/flow/secrets/sealedSecrets.ts';
import { taskLogin } from '../../../shared/flow/secrets/taskLogin.ts';
import { changeTaskSecrets } from '../../../shared/model/mapSecrets.ts';
import type { CustomRegistry, Task } from '../../../shared/model/task.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { SealError } from '../../../shared/ports/seal.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const opaque = (value: string) => ({ type: 'Opaque' as const, value });
const inVault = (name: string) => ({
  ...{ type: 'Vaultsecret' as const, value: `https://v.vault.azure.net/secrets/${name}` },
});
/** A vault that has every secret but `away`. */
function vaultOf(asked: unknown[] = []) {
  const vault = {
    async secret(uri: string, clientId: string | undefined) {
      asked.push([uri.split('/').at(-1), clientId]);
      if (uri.endsWith('/broken')) throw new TypeError('broken');
      if (uri.endsWith('/role')) throw new VaultError('no role', { isRoleMissing: true });
      if (uri.endsWith('/busy')) throw new VaultError('busy', { transient: true, retryAfter: 7 });
      return `${uri.split('/').at(-1)} opened`;
    },
  };
  return { vault };
}

interface Row {
  title: string;
  custom: CustomRegistry;
  opened?: CustomRegistry;
  asked?: [name: string, clientId: string | undefined][];
  fails?: object;
}
const rows: Row[] = [
  { title: 'an identity', custom: { identity: 'client' } },
  { title: 'a user name and a password', custom: { userName: opaque('u'), password: opaque('w') } },
  {
    title: 'both in a vault',
    custom: { userName: inVault('user'), password: inVault('word'), identity: 'client' },
    opened: { userName: opaque('user opened'), password: opaque('word opened'), identity: 'client' },
    asked: [
      ['user', 'client'],
      ['word', 'client'],
    ],
  },
  {
    title: 'a password in a vault that the app reads',
    custom: { userName: opaque('u'), password: inVault('word'), identity: '[system]' },
    opened: { userName: opaque('u'), password: opaque('word opened'), identity: '[system]' },
    asked: [['word', undefined]],
  },
  {
    title: 'a password in a vault without an address',
    custom: { userName: opaque('u'), password: { type: 'Vaultsecret' }, identity: 'client' },
  },
  {
    title: 'a password in a vault, and no identity',
    custom: { userName: opaque('u'), password: inVault('word') },
    fails: {
      message:
        'The credentials for other.io are in a key vault, and no identity is named to read it with. Add one (--use-identity).',
      transient: false,
    },
  },
  {
    title: 'a password in a vault for which a role is missing',
    custom: { password: inVault('role'), identity: 'client' },
    asked: [['role', 'client']],
    fails: { message: 'Credentials for other.io: no role', isRoleMissing: true, retryAfter: undefined },
  },
  {
    title: 'a password in a vault that is busy',
    custom: { password: inVault('busy'), identity: 'client' },
    asked: [['busy', 'client']],
    fails: { message: 'Credentials for other.io: busy', transient: true, retryAfter: 7 },
  },
  {
    title: 'a password in a vault at which the app fails',
    custom: { password: inVault('broken'), identity: 'client' },
    asked: [['broken', 'client']],
    fails: { message: 'broken' },
  },
];
for (const { title, custom, opened = custom, asked = [], fails } of rows)
  test(`credentials that are ${title} ${fails ? 'cannot be read' : 'are read'}`, async () => {
    const questions: unknown[] = [];
    const reading = withVaultSecrets({ customRegistries: { 'other.io': custom } }, vaultOf(questions));
    if (fails) {
      const error = await reading.then(
        () => undefined,
        (reason: VaultError) => reason,
      );
      for (const [key, value] of Object.entries(fails)) assert.equal(error?.[key as keyof VaultError], value);
    } else assert.deepEqual(await reading, { customRegistries: { 'other.io': opened } });
    assert.deepEqual(questions, asked);
  });

test('of the credentials those that are wanted are read, by any name of their registry', async () => {
  const [a, b] = [{ userName: opaque('a') }, { userName: opaque('b') }];
  const credentials = {
    ...{ sourceRegistry: { loginMode: 'None' as const } },
    customRegistries: { 'A.io:443': a, 'b.io': b },
  };
  assert.deepEqual(await withVaultSecrets(credentials, vaultOf(), 'a.io'), {
    ...credentials,
    customRegistries: { 'A.io:443': a },
  });
  assert.deepEqual(await withVaultSecrets(credentials, vaultOf()), credentials);
  for (const none of [undefined, { sourceRegistry: { identity: 'client' } }])
    assert.equal(await withVaultSecrets(none, vaultOf()), none);
});

/** A task whose credentials are sealed as another's, or as its own. */
function sealedTask(world: World, isOwn: boolean): Task {
  const { properties } = world.task('app', [], 'app:1') as never as Task;
  const task = {
    ...{ registry: 'appacr', name: 'app', identity: undefined },
    properties: {
      ...properties,
      credentials: { customRegistries: { 'other.io': { userName: opaque('u'), password: opaque('w') } } },
    },
  } as unknown as Task;
  const owner = isOwn ? taskOwner('appacr', 'app') : taskOwner('appacr', 'other');
  const { seal } = world.ports;
  return {
    ...task,
    properties: changeTaskSecrets(task.properties, (secret) => seal.seal(secret, owner)),
  };
}
for (const isOwn of [true, false])
  test(`secrets that were sealed for ${isOwn ? 'a task' : 'another task'} ${isOwn ? 'open' : 'stay sealed'}`, () => {
    const world = createWorld({ registries: ['appacr'] });
    const sealed = sealedTask(world, isOwn);
    const { task, unopened } = unsealReadable(sealed, world.ports);
    assert.equal(unopened.size, isOwn ? 0 : 2);
    assert.deepEqual(task, isOwn ? unsealTask(sealed, world.ports) : sealed);
    const broken = { ...world.ports.seal, open: () => assert.fail('broken') };
    assert.throws(() => unsealReadable(sealed, { seal: broken }), /broken/);
    if (!isOwn) assert.throws(() => unsealTask(sealed, world.ports), SealError);
  });

for (const [title, registry, isStored] of [
  ['that is stored', 'appacr', true],
  ['that is gone', 'appacr', false],
  ['of a registry that is gone', 'otheracr', true],
] as const)
  test(`a task ${title} ${isStored && registry === 'appacr' ? 'signs in' : 'cannot sign in'}`, async () => {
    const world = createWorld({ registries: ['appacr'] });
    const stored = isStored ? sealedTask(world, true) : undefined;
    const login = taskLogin('other.io', { registry, task: 'app', stored }, world.ports);
    if (isStored && registry === 'appacr')
      assert.deepEqual(await login, { kind: 'password', userName: 'u', password: 'w' });
    else
      await assert.rejects(login, {
        message: `the credentials of task app of ${registry}, which is built on it, cannot be read`,
      });
  });

const owners: [title: string, owner: string][] = [
  ['a task', taskOwner('appacr', 'app')],
  ['another task', taskOwner('appacr', 'app2')],
  ['a task of another registry', taskOwner('otheracr', 'app')],
  ['a webhook of the task', webhookOwner('appacr', 'app', 'default')],
  ['another webhook of it', webhookOwner('appacr', 'app', 'second')],
  ['a run', runOwner('appacr', 'ca1')],
  ['another run', runOwner('appacr', 'ca2')],
];
for (const [title, owner] of owners)
  test(`what is sealed for ${title} opens for nothing else`, () => {
    const { seal } = createWorld({ registries: ['appacr'] }).ports;
    const sealed = seal.seal('hunter2', owner);
    for (const [, other] of owners)
      if (other === owner) assert.equal(seal.open(sealed, other), 'hunter2');
      else assert.throws(() => seal.open(sealed, other), SealError);
  });

test('the secrets of a run open for it alone, and a run without any is as it was', () => {
  const { ports } = createWorld({ registries: ['appacr'] });
  const run = sampleRun('appacr', formatRunId('appacr', 1));
  assert.equal(unsealRun(run, ports), run);
  const overrides = (value: string) => ({
    ...{ values: [], arguments: [{ name: 'TOKEN', value, isSecret: true }] },
  });
  const sealed = { ...run, overrides: overrides(ports.seal.seal('hunter2', runOwner('appacr', run.runId))) };
  assert.deepEqual(unsealRun(sealed, ports), { ...run, overrides: overrides('hunter2') });
  assert.throws(() => unsealRun({ ...sealed, runId: formatRunId('appacr', 2) }, ports), SealError);
});

test.run();
