// Tier: long, each hostile text in each view; page.test.ts has a name that means harm.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { closeBrowser, closeTabs, openTab, violationsOf } from '../browser.ts';
import { key, startFixtureServer } from '../fixtureServer.ts';
import { apiOver, everyMark } from '../fixtures.ts';
import { fixedNow } from '../heldFixtures.ts';
import { tainted } from './tainted.ts';

interface World {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
}

const test = suite<World>('every view with texts that mean harm, in every field that others choose');
test.before(async (world) => {
  world.server = await startFixtureServer(() => ({ json: {} }));
});
test.after(async ({ server }) => {
  await closeBrowser();
  await server.stop();
});

const texts: [title: string, text: string][] = [
  [
    'markup',
    `"><img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script><svg/onload=globalThis.ran=1>&lt;b&gt; javascript:globalThis.ran=1 https://evil.example {{7*7}}`,
  ],
  ['controls', '\u0000\u0001\u0007\b\x1b[31m\x1b]8;;https://evil.example\x07\u007F\u0085\r\n\v\f.'],
  ['bidi', '\u202Egnp.exe\u202D\u2066\u2067\u2068\u2069\u202A\u202B\u202C\u200E\u200F\u061C אבג'],
  ['lone surrogates', '\uD800 \uDC00\uDFFF\uD83D'],
  ['blanks', '\u200B\u2060\uFEFF\u00AD\u3164\uFFA0\u115F\u034F\u180E\u2028\u2029\u{E0041}\uE000\uFFF9.'],
  ['stacked marks', `Z${'\u0301\u0336\u0489'.repeat(40)}`],
  ['5,000 characters', 'x'.repeat(5000)],
];

type Look = { dark: boolean; width: number };
type View = [name: string, path: (text: string) => string, prepare?: (page: Page) => Promise<unknown>];

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
  ['Images without a hit', (text) => `/page?find=none${text}`],
  ['Image of a task', (text) => `/page/task/teamacr/off${text}`],
  ['Image that fails, with what stands on it', (text) => `/page/task/teamacr/failed${text}`],
  [
    'Image from outside, with its digests',
    (text) => `/page/image/docker.io/library/young:1${text}`,
    (page) =>
      page
        .getByText('Digests that')
        .first()
        .click({ timeout: 2000 })
        .catch(() => {}),
  ],
  ['Image that is not known', (text) => `/page/image/none${text}`],
  ['Push', (text) => `/page/push/push-1${text}`],
  ['Push whose wave failed', (text) => `/page/push/push-0${text}`],
  ['Pushes', () => '/page/pushes'],
  ['What if', (text) => `/page/what-if?image=docker.io/library/node:22${text}`],
  ['What if of a paused image', (text) => `/page/what-if?image=quay.io/bad/base:1${text}`],
  ['What if without a hit', (text) => `/page/what-if?image=none${text}`],
  ['Run that goes on', () => '/page/run/teamacr/cr1'],
  ['Run that waits', () => '/page/run/teamacr/cq1'],
  ['Run that is not there', (text) => `/page/run/teamacr/cr1${text}/none`],
  ['Runs', () => '/page/runs'],
];

/** What the document shows and should not: raw controls, elements that no view makes, what is painted beside it. */
const wrongIn = `(() => {
  const wrong = [];
  const raw = /(?![\\uFE0E\\uFE0F])[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Co}\\p{Cs}\\p{Default_Ignorable_Code_Point}]|\\p{M}{5}/u;
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
  for (const one of document.querySelectorAll('img, iframe, object, base, body script, [onerror], [onload], [srcdoc]'))
    wrong.push('an element ' + one.tagName);
  for (const link of document.querySelectorAll('a[href]'))
    if (new URL(link.href).origin !== location.origin) wrong.push('a link to ' + link.href);
  const width = document.documentElement.clientWidth;
  const scrolled = '.wide, .list, .boxes, .log, .spoken, .skip';
  for (const one of document.querySelectorAll('#page *'))
    if (!one.closest(scrolled) && one.getBoundingClientRect().right > width + 1)
      wrong.push('beyond the window: ' + one.tagName + '.' + one.className);
  if (document.documentElement.scrollWidth > width) wrong.push('it scrolls sideways');
  return [...new Set([...wrong, ...globalThis.harm])].slice(0, 8);
})()`;

/** What the policy has refused, and whether anything has run. */
const watch = `globalThis.harm = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => harm.push('refused ' + violatedDirective + ' ' + blockedURI));
Object.defineProperty(globalThis, 'ran', { set() { harm.push('a script has run'); } });`;

const go = (address: string) =>
  `history.pushState(undefined, '', ${JSON.stringify(address)}); dispatchEvent(new PopStateEvent('popstate'))`;
/** As a part of an address. */
const escaped = (text: string) => encodeURIComponent(text.toWellFormed());

/** One tab for all views of a text. */
let open: { title: string; tab: ReturnType<typeof opened> } | undefined;
async function opened({ server }: World, text: string, look: Look) {
  await closeTabs();
  const log = `${text}\n`.repeat(300);
  server.world.api = tainted(apiOver({ states: everyMark(), log }), text);
  const tab = await openTab({ now: fixedNow, ...look });
  await tab.page.addInitScript(watch);
  tab.page.on('dialog', (dialog) => {
    tab.complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await tab.page.goto(`${server.url}/page#key=${key}`);
  await tab.page.getByText('As of').waitFor();
  return tab;
}

async function shown(world: World, [title, text]: [string, string], [, path, prepare]: View, look: Look) {
  const of = `${title} ${JSON.stringify(look)}`;
  if (open?.title !== of) open = { title: of, tab: opened(world, text, look) };
  const { page, complaints } = await open.tab;
  complaints.length = 0;
  await page.evaluate(go('/page/nowhere'));
  await page.getByRole('heading', { name: 'No such view' }).waitFor();
  await page.evaluate(go(path(escaped(text))));
  await page.getByRole('heading', { name: 'No such view' }).waitFor({ state: 'detached' });
  await page.waitForLoadState('networkidle');
  await prepare?.(page);
  return { page, complaints };
}

/** Each with each, ordered by the first. */
const pairs = <One, Other>(ones: One[], others: Other[]) =>
  ones.flatMap((one) => others.map((other): [One, Other] => [one, other]));
for (const [one, view] of pairs(texts, views))
  test(`${one[0]} in ${view[0]}, 320 px wide: shown as text, nothing runs, nothing is refused, nothing is too wide`, async (world) => {
    const { page, complaints } = await shown(world, one, view, { dark: false, width: 320 });
    assert.deepEqual(await page.evaluate(wrongIn), []);
    assert.deepEqual(complaints, []);
    assert.match(String(await page.evaluate(`document.getElementById('view').textContent`)), /\w{3}/);
  });

/** All of it in one. */
const mixed: [string, string] = [
  'all at once',
  texts
    .map(([, text]) => text.slice(0, 200))
    .join('')
    .replaceAll('\n', ' '),
];
const looks: Look[] = [
  { dark: false, width: 1440 },
  { dark: true, width: 1440 },
  { dark: false, width: 320 },
  { dark: true, width: 320 },
];
for (const [look, view] of pairs(looks, views))
  test(`axe finds nothing in ${view[0]} with every mark and hostile names, ${look.dark ? 'dark' : 'light'}, ${look.width} px wide`, async (world) => {
    const { page, complaints } = await shown(world, mixed, view, look);
    assert.deepEqual(await violationsOf(page), []);
    assert.deepEqual(await page.evaluate(wrongIn), []);
    assert.deepEqual(complaints, []);
  });

test.run();
