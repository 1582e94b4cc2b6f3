import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { startEasyAuth } from '../../../local/easyAuth.ts';
import { type Stack, startStack } from '../../../local/stack.ts';
import { closeBrowser, closeTabs, openTab } from './browser.ts';

interface World {
  stack: Stack;
  easyAuth: Awaited<ReturnType<typeof startEasyAuth>>;
}

const bicep = readFileSync(join(import.meta.dirname, '../../../infra/modules/functionApp.bicep'), 'utf8');
const excludedPaths = [.../excludedPaths: \[([\s\S]*?)\]/.exec(bicep)![1]!.matchAll(/^\s*'([^']+)'/gm)].map(
  ([, path]) => path!,
);
const reader = { name: 'ada@example.com', roles: ['Tasks.Read'] };

const test = suite<World>('the page behind the sign-in of App Service');
test.before(async (world) => {
  world.stack = await startStack({
    settings: { PLINTH_API_CLIENT_ID: '00000000-0000-0000-0000-000000000001' },
  });
  world.easyAuth = await startEasyAuth({ port: world.stack.app.port }, reader, excludedPaths);
});
test.before.each(({ easyAuth }) => {
  easyAuth.user = reader;
});
test.after.each(closeTabs);
test.after(async ({ stack, easyAuth }) => {
  await closeBrowser();
  await easyAuth?.stop();
  await stack?.stop();
});

async function signedIn({ easyAuth }: World, path: string) {
  const tab = await openTab();
  await tab.page.goto(easyAuth.url + path);
  await tab.page.getByRole('link', { name: 'Sign in with Entra' }).click();
  return tab;
}

test('without a session nothing is shown but the sign-in, which leads back to the same address', async (world) => {
  const { page, complaints } = await signedIn(world, '/page/what-if?image=a.b%2Fc');
  await page.getByRole('heading', { name: 'What if' }).waitFor();
  assert.equal(page.url(), `${world.easyAuth.url}/page/what-if?image=a.b%2Fc`);
  await page.getByText('ada@example.com').waitFor();
  assert.equal(await page.evaluate('sessionStorage.length'), 0);
  assert.deepEqual(complaints, []);
});

test('who has no role is told which is missing', async (world) => {
  world.easyAuth.user = { name: 'eve@example.com', roles: [] };
  const { page } = await signedIn(world, '/page');
  await page.getByText(/This needs the app role Tasks\.Read.*register-api\.sh --grant/).waitFor();
});

test('a session that ends leaves what is shown, and says so', async (world) => {
  const { page } = await signedIn(world, '/page');
  await page.getByText('No tasks yet').waitFor();
  world.easyAuth.endSessions();
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText(/Your sign-in has ended\. Sign in again\. This page stays as it is\./).waitFor();
  await page.getByText('No tasks yet').waitFor();
  await page.getByRole('link', { name: 'Sign in again.' }).click();
  await page.getByText('No tasks yet').waitFor();
});

test('signing out ends the session', async (world) => {
  const { page } = await signedIn(world, '/page');
  await page.getByText('No tasks yet').waitFor();
  await page.getByRole('link', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in with Entra' }).waitFor();
});

const paths: [path: string, headers: Record<string, string>, status: number][] = [
  ['/page', {}, 200],
  ['/page/runs', {}, 200],
  ['/registries', {}, 401],
  ['/graph?registry=appacr', {}, 401],
  ['/live', {}, 401],
  ['/pagex', {}, 401],
  [
    '/registries',
    {
      'x-ms-client-principal': Buffer.from('{"claims":[{"typ":"roles","val":"Tasks.Read"}]}').toString(
        'base64',
      ),
    },
    401,
  ],
];
for (const [path, headers, status] of paths)
  test(`GET ${path} without a session${headers['x-ms-client-principal'] ? ', with a principal of the client’s own,' : ''} answers ${status}`, async ({
    easyAuth,
  }) => {
    assert.equal((await fetch(easyAuth.url + path, { headers })).status, status);
  });

test('a session changes nothing for a page of another origin, whatever that sends', async (world) => {
  world.easyAuth.user = { ...reader, roles: ['Tasks.Read', 'Tasks.Write'] };
  const { page, context } = await signedIn(world, '/page');
  await page.getByText('No tasks yet').waitFor();
  const [session] = await context.cookies();
  const cookie = `${session!.name}=${session!.value}`;
  assert.equal(session!.httpOnly, true);
  const send = async (method: string, headers: Record<string, string>) =>
    (
      await fetch(`${world.easyAuth.url}/registries/appacr/runs/none/cancel`, {
        method,
        headers: { cookie, ...headers },
      })
    ).status;
  const { host } = new URL(world.easyAuth.url);
  assert.equal(await send('POST', { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), 404);
  assert.equal(await send('POST', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await send('POST', { 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await send('POST', { 'sec-fetch-site': 'same-site' }), 403);
});

test.run();
