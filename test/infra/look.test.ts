// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import { programArguments } from '../../local/machine/program.ts';
import { type Operation, operations } from '../../shared/api/operations.ts';
import { routesOf } from '../../shared/api/routes.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';
import { runInThread } from '../doubles/programThread.ts';
import { sampleState } from '../doubles/storeContract.ts';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const time = '2026-11-23T10:00:00.000Z';
const routes = Object.values<Operation>(operations).flatMap((operation) => {
  const { suffix, route } = routesOf(operation).at(-1)!;
  const names = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const path = new RegExp(`^/${route.replaceAll(/\{\w+\}/g, '([^/]+)')}$`);
  return [{ name: operation.name + suffix, method: operation.method, names, path }];
});

/** The app behind an address, as far as a request needs it. */
async function serveWorld({ call }: Pick<ReturnType<typeof createApiWorld>, 'call'>): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://localhost');
    const route = routes.find(({ method, path }) => method === request.method && path.test(pathname));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const values = route?.path.exec(pathname)?.slice(1).map(decodeURIComponent) ?? [];
    const params = Object.fromEntries((route?.names ?? []).map((name, at) => [name, values[at]!]));
    const body = chunks.length > 0 ? Buffer.concat(chunks).toString() : undefined;
    if (request.headers['x-functions-key'] !== 'the-key') response.writeHead(401).end();
    else if (!route) response.writeHead(404).end();
    else {
      const answer = await call(route.name + search, params, body);
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(JSON.stringify(answer.body));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

const stateOf = (task: string, image: string, newer: boolean) => ({
  ...sampleState('appacr', task),
  bases: [
    {
      image,
      type: 'RunTime' as const,
      digest: digestOf(newer ? 'b' : 'a'),
      pinnedAt: time,
      ...(newer && { newer: { digest: digestOf('b'), since: time, at: time, push: 'event-1' } }),
    },
  ],
  built: { runId: 'ca1', pins: [{ image, type: 'RunTime' as const, digest: digestOf('a') }], seconds: 40 },
  outputs: [`appacr.azurecr.io/${task}:1`],
});

let server: Server;
let url: string;
test.before(async () => {
  const api = createApiWorld();
  const { store } = api.ports;
  const failed = {
    runId: 'ca2',
    status: 'Failed' as const,
    inputs: '',
    failures: 3,
    automatic: true,
    endedAt: time,
  };
  const base = 'baseacr.azurecr.io/base:1';
  await store.commit('appacr', [
    { put: 'state', value: { ...stateOf('maker', base, true), last: failed } },
    { put: 'state', value: stateOf('below', 'appacr.azurecr.io/maker:1', false) },
    { put: 'state', value: stateOf('fresh', 'baseacr.azurecr.io/other:1', false) },
  ]);
  const none = { bases: [], outputs: [] };
  for (const [task, image] of [
    ['maker', base],
    ['below', 'appacr.azurecr.io/maker:1'],
  ] as const)
    await store.changeEdges({ registry: 'appacr', task }, { bases: [image], outputs: [] }, none);
  const decision = {
    push: { id: 'event-1', image: base, digest: digestOf('b'), timestamp: time },
    registry: 'appacr',
    task: 'maker',
    verdict: 'started' as const,
    reason: 'built on a\u001b[31m\u202E, now b',
    runId: 'ca2',
    time,
  };
  await store.commit('appacr', [{ put: 'decision', value: decision }]);
  await store.recordPush('event-1', [decision]);
  server = await serveWorld(api);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
test.after(() => void server.close());

const script = join(import.meta.dirname, '../../infra/scripts/look.ts');
const settings = (env: Record<string, string>) => ({
  ...process.env,
  PLINTH_KEY: 'the-key',
  AZURE_FUNCTION_URL: url,
  ...env,
});
async function look(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runInThread(script, args, settings(env));
  return { code, out: stdout + stderr };
}
const lookAsProcess = (args: string[], env: Record<string, string>) =>
  new Promise<{ code: number; out: string }>((ended) => {
    execFile(
      process.execPath,
      [...programArguments(script), ...args],
      { env: settings(env) },
      (error, stdout, stderr) => ended({ code: Number(error?.code ?? 0), out: stdout + stderr }),
    );
  });

const rows: [title: string, args: string[], code: number, says: RegExp][] = [
  [
    'what is stale, the first cause before what is built on it',
    ['stale', 'appacr'],
    1,
    /^stopped {9}maker is stale on baseacr.*: run ca2 ended Failed, 3 times in a row.*\nmaker {11}below is built on .*whose maker appacr\/maker is stale itself\. See why appacr maker\.\n$/,
  ],
  ['that nothing is', ['stale', 'baseacr'], 0, /^Every task is built on the newest base images/],
  [
    'why, up to the cause',
    ['why', 'appacr', 'below'],
    1,
    /^maker .*\nstopped .*az acr task logs --run-id ca2\.\n$/,
  ],
  [
    'that a task is fresh',
    ['why', 'appacr', 'fresh'],
    0,
    /^fresh is built on the newest base images.*run ca1\.\n$/,
  ],
  [
    'decisions, without the controls in them',
    ['decisions', 'appacr', 'maker'],
    0,
    /^2026.* started baseacr.*: built on a\?\[31m\?, now b \(push event-1\)\n$/,
  ],
  ['that nothing was decided', ['decisions', 'appacr', 'fresh'], 0, /^No push of a base image of fresh/],
  [
    'the pushes of a day',
    ['pushes', '2026-11-23'],
    0,
    /^2026-11-23T10.* baseacr.azurecr.io\/base:1 1 started \(push event-1\)\n$/,
  ],
  ['a day without', ['pushes', '2026-11-22'], 0, /^No push of an image/],
  [
    'a plan by a short name',
    ['plan', 'baseacr', 'base:1'],
    0,
    /^wave 1: appacr\/maker, about 40 s\nwave 2: appacr\/below, about 40 s\n2 tasks in 2 waves, about 80 s\. Nothing was started\.\n$/,
  ],
  [
    'a plan of nothing',
    ['plan', 'baseacr', 'other:2'],
    0,
    /^No task is known to be built from baseacr.azurecr.io\/other:2/,
  ],
  ['what is live', ['live'], 0, /^appacr: 0 run, 0 wait\nbaseacr: 0 run, 0 wait\n$/],
  ['the answer itself', ['stale', 'appacr', '--json'], 1, /^\{\n {2}"value": \[/],
  [
    'a task that is not there',
    ['why', 'appacr', 'nothing'],
    2,
    /^Could not look: Plinth answered 404: There is no task 'nothing'/,
  ],
  ['a registry that is none', ['stale', '../health'], 2, /^Could not look: Plinth answered 404/],
  [
    'a day that is none',
    ['pushes', 'yesterday'],
    2,
    /^Could not look: Plinth answered 400: day is a day in UTC/,
  ],
  ['an unknown command', ['toString', 'appacr'], 2, /^Could not look: usage: npm run look -- stale/],
  ['a command without its task', ['why', 'appacr'], 2, /^Could not look: usage/],
  ['no command', [], 2, /^Could not look: usage/],
  ['an option that is none', ['live', '--yaml'], 2, /^Could not look: Unknown option '--yaml'/],
];
for (const [title, args, code, says] of rows)
  test(`look ${args.join(' ')} shows ${title}`, async () => {
    const ended = await look(args);
    assert.match(ended.out, says);
    assert.equal(ended.code, code);
  });

test('without a key it says what to set, and where there is no app that it does not answer', async () => {
  const keyless = await lookAsProcess(['live'], { PLINTH_KEY: '' });
  assert.match(keyless.out, /^Could not look: Plinth answered 401: set PLINTH_KEY to a function key/);
  const nowhere = await look(['live', '--url', 'http://127.0.0.1:9']);
  assert.match(nowhere.out, /^Could not look: fetch failed \(.+\)\n$/);
  assert.deepEqual([keyless.code, nowhere.code], [2, 2]);
});

test.run();
