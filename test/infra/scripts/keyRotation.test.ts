// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { root, text } from '../infraFiles.ts';
import { run } from './standInAz.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-keys-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/**
 * A vault, and App Service before it: a reference is read at a refresh and kept, a restart hands the app what was kept.
 * In files of a folder: `secret` and `version` are the vault's, `status`, `active` and `cached` App Service's, `app` is
 * what the app runs with, `denied` counts the refreshes until the app's role is effective.
 */
const az = `cd "$STATE"
case "$*" in
  'keyvault secret show'*'--query value'*) cat secret ;;
  'keyvault secret show'*) echo "https://kv/secrets/sealing-key/v$(cat version)" ;;
  'keyvault secret set'*)
    while [ "$1" != --file ]; do shift; done
    cp "$2" secret
    echo $(($(cat version) + 1)) > version
    echo "https://kv/secrets/sealing-key/v$(cat version)" ;;
  *configreferences/appsettings/refresh*)
    if [ "$(cat denied)" -gt 0 ]; then echo $(($(cat denied) - 1)) > denied
    else cp secret cached; echo "v$(cat version)" > active; echo Resolved > status; fi ;;
  *'--query properties.activeVersion'*) cat active ;;
  *configreferences*) echo "$(cat status) $(cat active)" ;;
  *restart*) cp cached app ;;
esac`;

const reference = '@Microsoft.KeyVault(SecretUri=https://kv/secrets/sealing-key)';
/** The app has the first key. */
const running = {
  secret: 'key1',
  version: '1',
  status: 'Resolved',
  active: 'v1',
  cached: 'key1',
  app: 'key1',
  denied: '0',
};
/** The first deployment, before the role of the app's identity is effective. */
const unresolved = {
  ...running,
  status: 'AccessToKeyVaultDenied',
  active: '',
  cached: reference,
  app: reference,
};

async function during(given: Record<string, string>, ...commands: [script: string, ...args: string[]][]) {
  const STATE = mkdtempSync(join(folder, 'state-'));
  for (const [name, value] of Object.entries(given)) writeFileSync(join(STATE, name), value);
  const env = {
    STATE,
    HOME: STATE,
    AZURE_FUNCTION_APP_ID: '/subscriptions/sub/sites/app',
    AZURE_FUNCTION_NAME: 'app',
    AZURE_RESOURCE_GROUP: 'rg',
    PLINTH_KEY_VAULT: 'kv',
    PLINTH_RETRY_SECONDS: '0',
  };
  const ended = [];
  for (const [script, ...args] of commands) ended.push(await run(script, args, az, env));
  const state = (name: string) => readFileSync(join(STATE, name), 'utf8').trim();
  return {
    last: ended.at(-1)!,
    state,
    posts: ended.flatMap(({ calls }) => calls.filter((call) => / post /.test(call))),
  };
}

test('a restart alone leaves the app with the key of before', async () => {
  const { state } = await during({ ...running, secret: 'key2,key1', version: '2' }, [
    '/bin/sh',
    '-c',
    'az functionapp restart --name app',
  ]);
  assert.equal(state('app'), 'key1');
});

const page = text('docs/operations.md').split('## Rotate the sealing key')[1]!.split('\n## ')[0]!;
const blocks = [...page.matchAll(/```(?:bash|sh)(?: azure| machine)?\n([\s\S]*?)```/g)]
  .map(([, block]) => block!)
  .filter((block) => !/^api\(\)/.test(block));

test('after the first commands of the page the app seals with the new key and opens with both', async () => {
  const { last, state } = await during(running, ['/bin/bash', '-c', `cd ${root} && ${blocks[0]}`]);
  assert.equal(last.code, 0, last.stderr);
  assert.match(state('app'), /^[A-Za-z0-9+/]{43}=,key1$/);
  assert.equal(state('app'), state('secret'));
});

test('after the last ones it has the new key alone', async () => {
  const { last, state } = await during(
    running,
    ['/bin/bash', '-c', `cd ${root} && ${blocks[0]}`],
    ['/bin/bash', '-c', `cd ${root} && ${blocks.at(-1)}`],
  );
  assert.equal(last.code, 0, last.stderr);
  assert.match(state('app'), /^[A-Za-z0-9+/]{43}=$/);
  assert.equal(state('app'), state('secret'));
});

const refresh = 'refresh-key.sh';
const rotate = 'rotate-sealing-key.sh';

/** What is given, the command, its exit code, what the app has then, and what is said. */
const cases: [
  title: string,
  given: Record<string, string>,
  command: [string, ...string[]],
  code: number,
  app: RegExp,
  said: RegExp,
][] = [
  [
    'a new key is waited for',
    { ...running, denied: '2' },
    [rotate, 'add'],
    0,
    /^\S{44},key1$/,
    /starts again/,
  ],
  [
    'a third key comes before both',
    { ...running, secret: 'key2,key1' },
    [rotate, 'add'],
    0,
    /^\S{44},key2,key1$/,
    /./,
  ],
  [
    'keys are not dropped that the app still seals with',
    { ...running, secret: 'key2,key1', version: '2' },
    [rotate, 'drop'],
    1,
    /^key1$/,
    /refresh-key\.sh v2, and write each task once/,
  ],
  ['one key stays', running, [rotate, 'drop'], 0, /^key1$/, /starts again/],
  ['another word is refused', running, [rotate, 'all'], 2, /^key1$/, /usage/],
  [
    'a first deployment waits until the app may read',
    { ...unresolved, denied: '3' },
    [refresh],
    0,
    /^key1$/,
    /AccessToKeyVaultDenied[\s\S]*starts again/,
  ],
  [
    'a first deployment that may not read says so',
    { ...unresolved, denied: '99' },
    [refresh],
    1,
    /^@Microsoft/,
    /AccessToKeyVaultDenied[\s\S]*Key Vault Secrets User/,
  ],
  [
    'a key that App Service has already is left',
    running,
    [refresh],
    0,
    /^key1$/,
    /^The app has the sealing key\.\s*$/,
  ],
];

for (const [title, given, command, code, app, said] of cases)
  test(title, async () => {
    const { last, state, posts } = await during(given, command);
    assert.equal(last.code, code, last.stderr);
    assert.match(state('app'), app);
    assert.match(last.stdout + last.stderr, said);
    if (code === 0 && command.length === 1 && given === running) assert.deepEqual(posts, []);
    if (code !== 0) assert.equal(state('secret'), given.secret);
  });

test('no key is in an argument', async () => {
  const { last } = await during(running, [rotate, 'add']);
  assert.ok(last.calls.length > 3);
  assert.doesNotMatch(last.calls.join('\n'), /key1/);
});

test.run();
