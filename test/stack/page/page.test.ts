import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { longTest, somePairs, someRows } from '../../tier.ts';
import { openTab, violationsOf } from './browser.ts';
import { type Api, key } from './fixtureServer.ts';
import { apiOver, everyMark, hostile } from './fixtures.ts';
import { fixedNow } from './heldFixtures.ts';
import { type Served, suiteOver } from './suiteOver.ts';

const log = `${Array.from({ length: 1204 }, (_, at) => `2026/11/23 15:01:02 Step ${at} \x1b[32mok\x1b[0m <b>\u202Etxt</b>`).join('\n')}\n`;
const usual = apiOver({ states: everyMark(), log });
const test = suiteOver('the page in a browser', usual);

/** As it is laid out, on one line. */
const textOf = async (page: Page, element = 'main') =>
  String(await page.evaluate(`document.querySelector('${element}').innerText`)).replace(/\s+/g, ' ');

/** A tab with the key, at an address below /page. */
async function opened({ server }: Served, path: string, wishes = {}) {
  const tab = await openTab({ now: fixedNow, ...wishes });
  await tab.page.goto(`${server.url}${path}#key=${key}`);
  await tab.page.getByText('As of').waitFor();
  return tab;
}

const views: [path: string, says: RegExp[]][] = [
  [
    '/page',
    [
      /5 of 5/,
      /‖ stopped, stale for 4 h teamacr\/stopped:main The same base images failed 3 times/,
      /▲ stale for 52 min teamacr\/off:main its base image trigger is disabled/,
      /\? not seen teamacr\/not-seen:main quay\.io\/gone\/away:1: it answers 404/,
      /Waves now baseacr\.azurecr\.io\/node:main, pushed 14:57: Wave 1 of 2\. 0 of 7 built, 1 running, 1 queued/,
      /18 of 18/,
    ],
  ],
  [
    '/page/task/teamacr/off',
    [
      /off:main in teamacr ▲ stale for 52 min/,
      /stale since \d\d:\d\d \(52 min\): built on a{12}, now b{12}/,
      /push of baseacr\.azurecr\.io\/node:main → ▶ started cr1: built on aaaa, now bbbb/,
      /ca1 Succeeded .* 1:00 Image Update/,
      /Stand on it 1, and 1 with those further down/,
    ],
  ],
  [
    '/page/push/push-1',
    [
      /Push baseacr\.azurecr\.io\/node:main → b{12}/,
      /Wave 1 of 2\. 0 of 7 built, 1 running, 1 queued\. Done about 15:03 \(1 min\)/,
      /teamacr\/running:main ▶ started cr1: built on aaaa, now bbbb/,
      /Held 1 that stay on a digest before it teamacr\/held:main ◧ held: bbbb is held until tomorrow/,
      /Not rebuilt 1\s+teamacr\/off:main – skipped: off is disabled/,
    ],
  ],
  [
    '/page/what-if?image=library/node:22',
    [
      /8 images in 3 waves, about 3 min/,
      /1 would not: why/,
      /Nothing has been started/,
      /its? base image trigger of off|the base image trigger of off is disabled/,
    ],
  ],
  [
    '/page/what-if?image=young:1',
    [
      /1 image in 1 wave/,
      /Would be held 1 image Until 26 Nov 15:02, for 3 days, when the waves begin: a new digest is held until/,
    ],
  ],
  [
    '/page/what-if?image=bad/base:1',
    [/0 images/, /Would be held 1 image teamacr\/bad-base: quay\.io\/\*\* is paused: the release is frozen/],
  ],
  [
    '/page/what-if?image=node:99',
    [/Nothing stands on this image\. Known are:/, /docker\.io\/library\/node:22/],
  ],
  [
    '/page/run/teamacr/cr1',
    [
      /Running .* of about 1:00 Image Update: baseacr\.azurecr\.io\/node:main@b{12}/,
      /Pinned baseacr/,
      /1,204 lines/,
    ],
  ],
  ['/page/run/teamacr/cq1', [/No log yet: 3rd in the queue of teamacr, waits for run cr1/]],
  ['/page/runs', [/Queued cq1 in teamacr queued .* waits for a place/, /Running cr1 in teamacr running/]],
  ['/page/pushes', [/Pushes of today/, /baseacr\.azurecr\.io\/node:main → b{12} 2 started, 1 skipped/]],
  ['/page/image/none.example/x:1', [/Nothing here is called none\.example\/x:1\. All images/]],
  ['/page/nowhere', [/There is no such view/]],
];
for (const [path, says] of someRows(views, ([path]) => path.split(/[/?]/)[2]))
  test(`${path} says what is so`, async (world) => {
    const tab = await opened(world, path);
    const text = () => textOf(tab.page);
    for (const one of says) {
      const end = Date.now() + 10_000;
      while (!one.test(await text()) && Date.now() < end) await tab.page.waitForTimeout(50);
      assert.match(await text(), one);
    }
    assert.deepEqual(tab.complaints, []);
  });

const isWide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth';
const looks = [
  { dark: false, width: 1440 },
  { dark: true, width: 1440 },
  { dark: false, width: 320 },
  { dark: true, width: 320 },
];
const seen = somePairs(looks, views);
for (const look of looks)
  test(`axe finds nothing in the views, ${look.dark ? 'dark' : 'light'}, ${look.width} px wide`, async (world) => {
    const tab = await opened(world, '/page', look);
    const wide: string[] = [];
    for (const [, [path]] of seen.filter(([one]) => one === look)) {
      await tab.page.goto(world.server.url + path);
      await tab.page.getByText('As of').waitFor();
      await tab.page.locator('main h1, main p').first().waitFor();
      assert.deepEqual(await violationsOf(tab.page), [], path);
      if (await tab.page.evaluate(isWide)) wide.push(path);
    }
    assert.deepEqual(wide, [], 'no view scrolls sideways as a whole');
  });

test('the key is taken out of the address, kept in this tab, and sent as a header only', async (world) => {
  const tab = await opened(world, '/page');
  assert.equal(tab.page.url(), `${world.server.url}/page`);
  assert.deepEqual(
    tab.asked.filter(({ url }) => url.includes(key)),
    [],
  );
  const signed = tab.asked.filter(({ headers }) => headers['x-functions-key'] === key);
  assert.ok(signed.length > 3 && signed.every(({ url }) => !url.includes('/page')));
  assert.deepEqual(await tab.context.cookies(), []);
  assert.equal(await tab.page.evaluate('localStorage.length'), 0);
  await tab.page.getByRole('button', { name: 'Forget the key' }).click();
  await tab.page.getByLabel('Function key').waitFor();
  assert.equal(await tab.page.evaluate('sessionStorage.length'), 0);
});

test('without a key nothing is shown, a wrong one is refused in words, and the right one opens the same view', async (world) => {
  const tab = await openTab();
  await tab.page.goto(`${world.server.url}/page/task/teamacr/off`);
  await tab.page.getByLabel('Function key').fill('wrong');
  assert.ok(!(await textOf(tab.page, 'body')).includes('teamacr'));
  assert.deepEqual(await violationsOf(tab.page), []);
  await tab.page.getByRole('button', { name: 'Open' }).click();
  await tab.page.getByText('This key was not accepted.').waitFor();
  await tab.page.getByLabel('Function key').fill(key);
  await tab.page.getByRole('button', { name: 'Open' }).click();
  await tab.page.getByRole('heading', { name: 'off:main' }).waitFor();
});

const troubles: [title: string, api: Api, says: RegExp][] = [
  [
    'an app that does not answer',
    () => ({ status: 503, code: 'x', message: 'Storage does not answer.' }),
    /Not updated since .*: Storage does not answer\. Trying again in \d+ s\./,
  ],
  [
    'an app that is not configured',
    () => ({ status: 503, code: 'NotConfigured', message: 'Missing: PLINTH_REGISTRIES.' }),
    /Missing: PLINTH_REGISTRIES\./,
  ],
  [
    'a role that is missing',
    () => ({ status: 403, code: 'AuthorizationFailed', message: 'This needs the app role Tasks.Read.' }),
    /This needs the app role Tasks\.Read\. .*register-api\.sh --grant/,
  ],
  ['a session that has ended', () => ({ status: 401, code: 'x', message: 'x' }), /Your sign-in has ended\./],
  [
    'a registry that fails alone',
    apiOver({
      states: everyMark(),
      instead: { '/graph?registry=teamacr': { status: 500, code: 'x', message: 'Its rows cannot be read.' } },
    }),
    /teamacr could not be read: Its rows cannot be read\. The other 1 are shown\./,
  ],
];
for (const [title, api, says] of someRows(troubles, ([title]) => title.split(' ')[1]))
  test(`${title} is said, and what was loaded stays`, async (world) => {
    const tab = await opened(world, '/page');
    world.server.world.api = api;
    await tab.page.getByRole('button', { name: 'Refresh' }).click();
    await tab.page.getByText(says).waitFor();
    assert.match(await textOf(tab.page), /teamacr\/off:main/);
    world.server.world.api = usual;
    await tab.page.getByRole('button', { name: 'Refresh' }).click();
    await tab.page.getByText(says).waitFor({ state: 'detached' });
  });

test('who may only read sees no button that changes anything', async (world) => {
  world.server.world.api = apiOver({ states: everyMark(), roles: ['Tasks.Read'] });
  const tab = await opened(world, '/page');
  assert.equal(await tab.page.getByRole('button', { name: /^Run/ }).count(), 0);
});

test('a run is started from the page, and where more would follow it is asked first', async (world) => {
  const tab = await opened(world, '/page/task/baseacr/node');
  await tab.page.getByRole('button', { name: 'Run: node:main' }).click();
  await tab.page.getByText('What stands on it follows, up to 7 more runs.').waitFor();
  assert.equal(world.server.world.calls.filter((call) => call.startsWith('POST')).length, 0);
  await tab.page.getByRole('button', { name: 'Run', exact: true }).click();
  await tab.page.getByText('Run cn1 is queued.').waitFor();
  assert.deepEqual(
    world.server.world.calls.filter((call) => call.startsWith('POST')),
    ['POST /registries/baseacr/scheduleRun'],
  );
});

test('a name that means harm is text: its controls are shown, and nothing of it runs', async (world) => {
  const tab = await opened(world, '/page?find=onerror');
  await tab.page.getByText('⟨U+202E⟩gnp.exe<img src=x onerror=alert(1)>').waitFor();
  assert.equal(await tab.page.locator('main img').count(), 0);
  assert.ok(!(await tab.page.content()).includes(hostile));
});

test('the policy bites: markup, inline script, a foreign address and a form are refused', async (world) => {
  const tab = await opened(world, '/page');
  const tried = await tab.page.evaluate(`(async () => {
    const refused = [];
    const attempt = (name, act) => { try { act(); } catch { refused.push(name); } };
    attempt('markup', () => { document.createElement('div').innerHTML = '<b>x</b>'; });
    attempt('worker', () => new Worker('/page/x.js'));
    await fetch('https://elsewhere.example/').catch(() => refused.push('fetch'));
    attempt('script', () => { document.createElement('script').text = 'globalThis.ran = true'; });
    return { refused, ran: globalThis.ran };
  })()`);
  assert.deepEqual(tried, { refused: ['markup', 'worker', 'fetch', 'script'], ran: undefined });
});

test('the graph is one tab stop; arrows move in it, Enter makes a box the centre, Escape goes back', async (world) => {
  const tab = await opened(world, '/page/task/baseacr/node');
  const focused = () =>
    tab.page.evaluate('document.activeElement.dataset.key ?? document.activeElement.tagName');
  await tab.page.locator('.box.center').waitFor();
  assert.equal(await tab.page.locator('.box[tabindex="0"]').count(), 1);
  await tab.page.locator('.box.center').focus();
  const steps: [key: string, at: string][] = [
    ['ArrowLeft', 'image docker.io/library/node:22'],
    ['ArrowRight', 'task baseacr/node'],
    ['Home', 'task baseacr/node'],
  ];
  for (const [press, at] of steps) {
    await tab.page.keyboard.press(press);
    assert.equal(await focused(), at, press);
  }
  await tab.page.keyboard.press('ArrowRight');
  await tab.page.keyboard.press('Home');
  assert.equal(await focused(), 'task teamacr/stopped');
  await tab.page.keyboard.press('Enter');
  await tab.page.getByRole('heading', { name: 'stopped:main in teamacr' }).waitFor();
  await tab.page.locator('.box.center').focus();
  await tab.page.keyboard.press('Escape');
  await tab.page.getByRole('heading', { name: 'node:main in baseacr' }).waitFor();
  await tab.page.locator('.box.center').focus();
  await tab.page.keyboard.press('Escape');
  await tab.page.getByRole('heading', { name: 'Attention' }).waitFor();
  assert.equal(
    new URL(tab.page.url()).pathname,
    '/page',
    'the view that a tab began with has none before it',
  );
});

longTest(
  test,
  'a log of 100,000 lines is there to be searched, follows to its end, and stops following when one scrolls up',
  async (world) => {
    const count = 100_000;
    const long = `${Array.from({ length: count }, (_, at) => `line ${at}`).join('\n')}\n`;
    world.server.world.api = apiOver({ states: everyMark(), log: long });
    const tab = await opened(world, '/page/run/teamacr/cr1');
    await tab.page.getByText('100,000 lines').waitFor();
    await tab.page
      .getByText(`line ${count - 1}`, { exact: false })
      .last()
      .waitFor();
    const left =
      'document.querySelector(".log").scrollHeight - document.querySelector(".log").scrollTop - document.querySelector(".log").clientHeight';
    assert.ok(Number(await tab.page.evaluate(left)) < 30, 'it is followed to its end');
    assert.equal(
      await tab.page.evaluate(
        `['line 0', 'line 50000', 'line 99999'].every((one) => document.querySelector('.log').textContent.includes(one))`,
      ),
      true,
    );
    await tab.page.locator('.log').hover();
    await tab.page.mouse.wheel(0, -2000);
    await tab.page.getByLabel('Follow').and(tab.page.locator(':not(:checked)')).waitFor();
  },
);

longTest(test, 'a log of more than 5 MB begins near its end until all of it is asked for', async (world) => {
  world.server.world.api = apiOver({ states: everyMark(), log: `${'x'.repeat(99)}\n`.repeat(60_000) });
  const tab = await opened(world, '/page/run/teamacr/ca1');
  await tab.page.getByText('10,486 lines').waitFor();
  await tab.page.getByRole('button', { name: 'Show all 6 MB' }).click();
  await tab.page.getByText('60,000 lines').waitFor();
});

longTest(test, 'a hidden tab asks nothing', async (world) => {
  const tab = await opened(world, '/page/run/teamacr/cr1');
  await tab.page.getByText('1,204 lines').waitFor();
  const front = await tab.context.newPage();
  await front.bringToFront();
  await tab.page.evaluate(`Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })`);
  // What was asked before comes to an end.
  for (let seen = -1; seen !== world.server.world.calls.length; await front.waitForTimeout(1000))
    seen = world.server.world.calls.length;
  world.server.world.calls.length = 0;
  await front.waitForTimeout(4500);
  assert.deepEqual(world.server.world.calls, []);
});

test.run();
