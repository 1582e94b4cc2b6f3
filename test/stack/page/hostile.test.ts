import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { closeBrowser, closeTabs, openTab, violationsOf } from './browser.ts';
import { key, startFixtureServer } from './fixtureServer.ts';
import { apiOver, everyMark } from './fixtures.ts';
import { fixedNow } from './heldFixtures.ts';
import { tainted } from './tainted.ts';

interface World {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
}

const mixed =
  '\u202Egnp.exe\u2066\u0000\u0007\x1b[31m\r\n\u200B<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>&lt;b&gt; javascript:globalThis.ran=1 https://evil.example';
const long = 'x'.repeat(10_000);
const log = `${mixed}\n${long}\n\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\n`.repeat(300);

const test = suite<World>('every view with texts that mean harm, in every field that others choose');
test.before(async (world) => {
  world.server = await startFixtureServer(() => ({ json: {} }));
});
test.after.each(closeTabs);
test.after(async ({ server }) => {
  await closeBrowser();
  await server.stop();
});

type View = [name: string, path: (text: string) => string, prepare?: (page: Page) => Promise<void>];
const name = encodeURIComponent;
const taskOf = (text: string) => name(text.slice(0, 2000));

/** Opens the form in which a digest is judged, and what that would come to. */
async function judging(page: Page): Promise<void> {
  await page.getByText('quarantined or admitted').click();
  await page.getByRole('button', { name: /^Admit/ }).click();
  await page.getByRole('button', { name: 'What would be rebuilt' }).click();
  await page.getByText('1 image would be held').waitFor();
}

const views: View[] = [
  ['Images', () => '/page'],
  ['the form that judges a digest', () => '/page', judging],
  ['Images without a hit', (text) => `/page?find=${name(text.slice(0, 5000))}`],
  ['Image of a task', (text) => `/page/task/teamacr/off${taskOf(text)}`],
  ['Image that fails, with what stands on it', (text) => `/page/task/teamacr/failed${taskOf(text)}`],
  [
    'Image from outside, with its digests',
    (text) => `/page/image/docker.io/library/young:1${name(text)}`,
    (page) => page.getByText('Digests that').first().click(),
  ],
  ['Image that is not known', (text) => `/page/image/none${name(text)}`],
  ['Push', (text) => `/page/push/push-1${name(text)}`],
  ['Pushes', () => '/page/pushes'],
  ['What if', (text) => `/page/what-if?image=${name(`docker.io/library/node:22${text}`)}`],
  ['What if of a paused image', (text) => `/page/what-if?image=${name(`quay.io/bad/base:1${text}`)}`],
  ['What if without a hit', (text) => `/page/what-if?image=${name(text.slice(0, 5000))}`],
  ['Run that goes on', () => '/page/run/teamacr/cr1'],
  ['Run that waits', () => '/page/run/teamacr/cq1'],
  ['Runs', () => '/page/runs'],
];

/** What is wrong with what the document shows: raw controls, elements that no view makes, addresses that lead away. */
const wrongIn = `(() => {
  const wrong = [];
  const raw = /[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}]/u;
  const shown = (text, where) => raw.test(text) && wrong.push(where + ' has raw ' + JSON.stringify(text.slice(0, 200)));
  const walker = document.createTreeWalker(document.getElementById('page'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { parentElement } = node;
    shown(parentElement.closest('.log') ? node.data.replaceAll('\\n', '') : node.data, parentElement.tagName);
  }
  for (const element of document.querySelectorAll('#page *'))
    for (const attribute of ['title', 'aria-label', 'placeholder', 'alt', 'label'])
      shown(element.getAttribute(attribute) ?? '', element.tagName + ' ' + attribute);
  shown(document.title, 'the title');
  for (const one of document.querySelectorAll('img, iframe, object, base, body script, [onerror], [srcdoc]'))
    wrong.push('an element ' + one.tagName);
  for (const link of document.querySelectorAll('a[href]'))
    if (new URL(link.href).origin !== location.origin) wrong.push('a link to ' + link.href);
  if (globalThis.ran !== undefined) wrong.push('a script has run');
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    const wide = [...document.querySelectorAll('#page *')].filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
    wrong.push('it scrolls sideways: ' + wide.map((one) => one.tagName + '.' + one.className).slice(0, 5).join(' '));
  }
  return wrong;
})()`;

const go = (address: string) =>
  `history.pushState(undefined, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`;

const looks = [
  { dark: false, width: 1440 },
  { dark: true, width: 320 },
];
for (const look of looks)
  test(`10,000 characters, ${look.dark ? 'dark' : 'light'}, ${look.width} px wide: shown as text, and axe finds nothing`, async ({
    server,
  }) => {
    server.world.api = tainted(apiOver({ states: everyMark(), log }), long);
    const { page, complaints } = await openTab({ now: fixedNow, ...look });
    await page.goto(`${server.url}/page#key=${key}`);
    await page.getByText('As of').waitFor();
    const found: Record<string, string[]> = {};
    for (const [title, path, prepare] of views) {
      await page.evaluate(go('/page/runs'));
      await page.evaluate(go(path(long)));
      await page.locator('main h1').first().waitFor({ state: 'attached' });
      await prepare?.(page);
      const isShown = `document.querySelector('main').textContent.includes('xxxxxxxxxx') || [...document.querySelectorAll('input')].some((one) => one.value !== '')`;
      const end = Date.now() + 20_000;
      while (!(await page.evaluate(isShown)) && Date.now() < end) await page.waitForTimeout(50);
      const wrong = [
        ...((await page.evaluate(wrongIn)) as string[]),
        ...(await violationsOf(page)),
        ...((await page.evaluate(isShown)) ? [] : ['the text is not shown']),
      ];
      if (wrong.length > 0) found[title] = wrong;
    }
    assert.deepEqual(found, {});
    assert.deepEqual(complaints, []);
  });

test.run();
