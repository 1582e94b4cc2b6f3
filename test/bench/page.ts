/**
 * The page with ten thousand images against the same page with ten, in one browser and in turn: until it is usable, a
 * letter typed in Find, an image that is chosen until its graph is drawn, and a screen that the list is scrolled.
 *
 *   npm run bench -- page
 */
import type { Page } from 'playwright-core';
import { closeBrowser, closeTabs, openTab } from '../stack/page/browser.ts';
import { type Api, type ApiAnswer, key, startFixtureServer } from '../stack/page/fixtureServer.ts';
import { apiOver, manyImages } from '../stack/page/fixtures.ts';
import { popular, tenThousand } from '../stack/page/tenThousand.ts';
import { line, quantile } from './figures.ts';

const rounds = 9;

/** Milliseconds in the page, from an action until the frame after it is there. */
const timed = (page: Page, action: string, ready: string) =>
  page.evaluate(`(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const start = performance.now();
    ${action};
    do await frame(); while (!(${ready}));
    return performance.now() - start;
  })()`) as Promise<number>;

const typed = `const box = document.querySelector('input[type=search]'); box.value = 'app-7'; box.dispatchEvent(new Event('input', { bubbles: true }))`;
const found = `document.querySelector('.finder span').textContent.match(/^(\\d+) of/)[1] !== globalThis.before`;

/** Tells, in the page and not by asking it from outside, when the frame with the first rows of the list is there. */
const tellsUsable = `new MutationObserver((_, watch) => {
  if (!document.querySelector('.list [role=row]')) return;
  watch.disconnect();
  requestAnimationFrame(() => setTimeout(() => console.log('usable ' + performance.now())));
}).observe(document, { childList: true, subtree: true })`;

async function measured(url: string): Promise<Record<string, number>> {
  // A clock that is set would be that of its measurements too.
  const { page } = await openTab();
  page.setDefaultTimeout(120_000);
  await page.addInitScript(tellsUsable);
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const told = page.waitForEvent('console', (message) => message.text().startsWith('usable'));
  await page.goto(`${url}/page#key=${key}`);
  const usable = Number((await told).text().split(' ')[1]);
  const { metrics } = await devTools.send('Performance.getMetrics');
  const busy = 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  await page.evaluate(
    `globalThis.before = document.querySelector('.finder span').textContent.match(/^(\\d+) of/)[1]`,
  );
  const scroll = await timed(
    page,
    `document.querySelector('.list').scrollTop = 400`,
    `document.querySelector('[aria-rowindex="12"]')`,
  );
  const keystroke = await timed(page, typed, found);
  const chosen = await timed(
    page,
    `history.pushState(undefined, '', '${popular}'); dispatchEvent(new PopStateEvent('popstate'))`,
    `document.querySelector('.boxes polyline')`,
  );
  await closeTabs();
  return { usable, 'of that in the main thread': busy, scroll, keystroke, chosen };
}

/** Each answer is worked out once, as the app keeps the pages of its graph: it is the page that is measured. */
function kept(api: Api): Api {
  const answers = new Map<string, ApiAnswer>();
  return (method, url, range) => {
    const asked = `${method} ${url.pathname}${url.search}`;
    const answer = answers.get(asked) ?? api(method, url, range);
    answers.set(asked, answer);
    return answer;
  };
}

export default async function run(): Promise<void> {
  const many = kept(tenThousand().api);
  const few = kept(apiOver({ states: manyImages(130) }));
  const server = await startFixtureServer(many);
  const measuredOver = (api: Api) => {
    server.world.api = api;
    return measured(server.url);
  };
  const taken: Record<string, { many: number[]; few: number[] }> = {};
  for (let round = 0; round <= rounds; round++) {
    const [large, small] = [await measuredOver(many), await measuredOver(few)];
    // The first one warms the browser and its cache up.
    if (round === 0) continue;
    for (const [name, ms] of Object.entries(large)) {
      taken[name] ??= { many: [], few: [] };
      taken[name].many.push(ms);
      taken[name].few.push(small[name]!);
    }
  }
  for (const [name, { many: large, few: small }] of Object.entries(taken)) {
    const ratio = quantile(large, 0.5) / quantile(small, 0.5);
    console.log(line(`${name}, 10,000 images`, large));
    console.log(line(`${name}, 130 images`, small));
    console.log(`${name}: ratio of the medians ${ratio.toFixed(2)}\n`);
  }
  await closeBrowser();
  await server.stop();
}
