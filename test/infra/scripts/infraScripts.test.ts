// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import { text } from '../infraFiles.ts';
import { run } from './standInAz.ts';

const environment = {
  AZURE_SUBSCRIPTION_ID: 'sub',
  AZURE_ENV_NAME: 'prod',
  AZURE_RESOURCE_GROUP: 'rg-plinth-prod',
  AZURE_FUNCTION_APP_ID: '/subscriptions/sub/sites/app',
  PLINTH_DATA_ACCOUNT_ID: '/subscriptions/sub/storageAccounts/data',
  PLINTH_REGISTRIES: '[{"id":"/subscriptions/sub/registries/team 1"}]',
  PLINTH_RETRY_SECONDS: '0',
};

test('the events are applied with what the template gave out', async () => {
  const { code, calls } = await run('apply-events.sh', [], 'exit 0', environment);
  assert.equal(code, 0);
  assert.equal(calls.length, 1);
  for (const wanted of [
    'deployment group create',
    '--resource-group rg-plinth-prod',
    '--template-file infra/events.bicep',
    'functionAppId=/subscriptions/sub/sites/app',
    'registries=[{"id":"/subscriptions/sub/registries/team 1"}]',
  ])
    assert.ok(calls[0]!.includes(wanted), wanted);
});

test('the events are tried again until Azure lists the function', async () => {
  const az = `[ "$(grep -c . "$0.n" 2>/dev/null || true)" = 2 ] || { echo x >> "$0.n"; exit 1; }`;
  const { code, calls } = await run('apply-events.sh', [], az, environment);
  assert.equal(code, 0);
  assert.equal(calls.length, 3);
});

test('the events are given up after six tries, with the likely reasons', async () => {
  const { code, calls, stderr } = await run('apply-events.sh', [], 'exit 1', environment);
  assert.equal(code, 1);
  assert.equal(calls.length, 6);
  assert.match(stderr, /Is az signed in/);
});

test('a right that is missing is said at once, with what to do', async () => {
  const refused = "echo 'ERROR: (AuthorizationFailed) The client does not have authorization' >&2; exit 1";
  const { code, calls, stderr } = await run('apply-events.sh', [], refused, environment);
  assert.equal(code, 1);
  assert.equal(calls.length, 1);
  assert.match(stderr, /AuthorizationFailed[\s\S]*azd env set PLINTH_APPLY_EVENTS false/);
});

test('who may deploy the code alone leaves the events as they are', async () => {
  const env = { PLINTH_APPLY_EVENTS: 'false' };
  const { code, calls, stdout } = await run('apply-events.sh', [], 'exit 1', env);
  assert.equal(code, 0);
  assert.equal(calls.length, 0);
  assert.match(stdout, /stay as they are/);
});

test('a variable that is missing is named', async () => {
  const { AZURE_FUNCTION_APP_ID: _, ...rest } = environment;
  const { code, stderr, calls } = await run('apply-events.sh', [], 'exit 0', rest);
  assert.notEqual(code, 0);
  assert.match(stderr, /AZURE_FUNCTION_APP_ID/);
  assert.equal(calls.length, 0);
});

const entra = `case "$*" in
  'ad app list'*|'ad sp list'*) ;;
  'ad app create'*) echo client-1 ;;
  'ad app show'*) echo object-1 ;;
  'ad sp create'*) echo principal-1 ;;
esac`;

test('the API is registered with its four roles, and only who has one comes in', async () => {
  const { code, stdout, calls, bodies } = await run('register-api.sh', [], entra);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), 'client-1');
  const body = JSON.parse(bodies);
  assert.deepEqual(
    body.appRoles.map(({ value }: { value: string }) => value),
    ['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge'],
  );
  assert.deepEqual(body.identifierUris, ['api://client-1']);
  assert.match(calls.join('\n'), /appRoleAssignmentRequired=true/);
});

test('the roles are those that the code asks for', async () => {
  const { bodies } = await run('register-api.sh', [], entra);
  const access = text('shared/api/operations.ts');
  const asked = [...new Set([...access.matchAll(/'((?:Tasks|Bases)\.\w+)'/g)].map(([, role]) => role))];
  const made = JSON.parse(bodies).appRoles.map(({ value }: { value: string }) => value);
  assert.deepEqual(made, asked);
});

test('registering again makes nothing anew', async () => {
  const there = `case "$*" in
  'ad app list'*) echo client-1 ;; 'ad app show'*) echo object-1 ;; 'ad sp list'*) echo principal-1 ;;
esac`;
  const { code, calls } = await run('register-api.sh', ['Plinth'], there);
  assert.equal(code, 0);
  assert.equal(calls.filter((call) => call.includes('create')).length, 0);
});

test('a role is granted with --grant, and another word is refused', async () => {
  const { code, bodies } = await run('register-api.sh', ['--grant', 'Tasks.Write', 'user-1'], entra);
  assert.equal(code, 0);
  assert.match(bodies, /"principalId": "user-1", "resourceId": "principal-1", "appRoleId": "[0-9a-f-]+02"/);
  assert.equal((await run('register-api.sh', ['--grant', 'Owner', 'user-1'], entra)).code, 2);
});

test('--page lets App Service sign people in without a secret, and takes no other address than https', async () => {
  const { code, bodies } = await run('register-api.sh', ['--page', 'https://p.azurewebsites.net/'], entra);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(bodies).web, {
    redirectUris: ['https://p.azurewebsites.net/.auth/login/aad/callback'],
    implicitGrantSettings: { enableIdTokenIssuance: true },
  });
  for (const wrong of ['http://p.example', 'p.example', 'https://', 'https://p"x', 'https://p x', ''])
    assert.notEqual((await run('register-api.sh', ['--page', wrong], entra)).code, 0, wrong);
});

for (const page of ['docs/operations.md', 'infra/scripts/replay-dead-letters.sh'])
  test(`what azd knows reaches a script by the command of ${page}`, async () => {
    const [command] = /(?:set -a; )?eval "\$\(azd env get-values\)"(?:; set \+a)?/.exec(text(page))!;
    const azd = `azd() { echo 'PLINTH_REGISTRIES="[{\\"id\\":\\"/a b\\"}]"'; }`;
    const { stdout } = await run(
      '/bin/bash',
      ['-c', `${azd}; ${command}; sh -c 'echo "$PLINTH_REGISTRIES"'`],
      '',
    );
    assert.equal(stdout, '[{"id":"/a b"}]\n');
  });

/** A function app that answers the webhook with one status after the other. */
async function webhook(statuses: number[]) {
  const posts: { url: string; key: unknown; type: unknown; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { 'x-functions-key': key, 'aeg-event-type': type } = request.headers;
    posts.push({ url: request.url!, key, type, body });
    response.writeHead(statuses.shift() ?? 202).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    posts,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

const deadLetters = `case "$*" in
  'functionapp keys list'*) echo system-key ;;
  'storage blob list'*) printf 'topic/one.json\\ntopic/two.json\\n' ;;
  'storage blob download'*)
    while [ "$1" != --name ]; do shift; done; name=$2
    while [ "$1" != --file ]; do shift; done; printf '[{"id":"%s"}]' "$name" > "$2" ;;
esac`;

async function replay(statuses: number[]) {
  const app = await webhook(statuses);
  try {
    const done = await run('replay-dead-letters.sh', [], deadLetters, {
      AZURE_FUNCTION_NAME: 'func',
      AZURE_FUNCTION_URL: app.url,
      AZURE_RESOURCE_GROUP: 'rg',
      PLINTH_DATA_ACCOUNT: 'stdata',
    });
    const deleted = done.calls.filter((call) => call.startsWith('storage blob delete'));
    return { ...done, posts: app.posts, deleted };
  } finally {
    app.close();
  }
}

test('dead letters are handed in as Event Grid does, oldest first, and deleted', async () => {
  const { code, posts, deleted, stdout } = await replay([]);
  assert.equal(code, 0);
  assert.deepEqual(posts, [
    ...['one', 'two'].map((name) => ({
      url: '/runtime/webhooks/eventgrid?functionName=imagePushed',
      key: 'system-key',
      type: 'Notification',
      body: `[{"id":"topic/${name}.json"}]`,
    })),
  ]);
  assert.equal(deleted.length, 2);
  assert.match(stdout, /2 dead letters were taken/);
});

test('a dead letter that is not taken stays, and so do those after it', async () => {
  const { code, posts, deleted, stderr } = await replay([202, 500]);
  assert.equal(code, 1);
  assert.equal(posts.length, 2);
  assert.equal(deleted.length, 1);
  assert.match(stderr, /topic\/two\.json was not taken: 500/);
});

test.run();
