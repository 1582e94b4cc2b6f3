import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';

const scripts = join(import.meta.dirname, '../infra/scripts');

/** Runs a script with a stand-in for az: a shell text that sees its arguments. */
async function run(script: string, args: string[], az: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-scripts-'));
  try {
    const log = join(folder, 'log');
    writeFileSync(log, '');
    writeFileSync(
      join(folder, 'az'),
      `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nfor last; do :; done\ncase "$*" in *--body*) cat "\${last#@}" >> '${log}.bodies';; esac\n${az}\n`,
    );
    chmodSync(join(folder, 'az'), 0o755);
    const PATH = `${folder}${delimiter}${process.env.PATH}`;
    const done = await promisify(execFile)(join(scripts, script), args, { env: { ...env, PATH } }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error) => ({
        code: error.code as number,
        stdout: error.stdout as string,
        stderr: error.stderr as string,
      }),
    );
    let bodies = '';
    try {
      bodies = readFileSync(`${log}.bodies`, 'utf8');
    } catch {
      // no call had a body
    }
    return { ...done, calls: readFileSync(log, 'utf8').trim().split('\n').filter(Boolean), bodies };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const environment = {
  AZURE_SUBSCRIPTION_ID: 'sub',
  AZURE_ENV_NAME: 'prod',
  AZURE_LOCATION: 'westeurope',
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
    'deployment sub create',
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

test('the API is registered with its three roles, and only who has one comes in', async () => {
  const { code, stdout, calls, bodies } = await run('register-api.sh', [], entra);
  assert.equal(code, 0);
  assert.equal(stdout.trim(), 'client-1');
  const body = JSON.parse(bodies);
  assert.deepEqual(
    body.appRoles.map(({ value }: { value: string }) => value),
    ['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets'],
  );
  assert.deepEqual(body.identifierUris, ['api://client-1']);
  assert.match(calls.join('\n'), /appRoleAssignmentRequired=true/);
});

test('the roles are those that the code asks for', async () => {
  const { bodies } = await run('register-api.sh', [], entra);
  const access = readFileSync(join(scripts, '../../shared/edge/access.ts'), 'utf8');
  const asked = [...access.matchAll(/'(Tasks\.\w+)'/g)].map(([, role]) => role);
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
