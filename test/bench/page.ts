/**
 * The page with ten thousand images against the same page with ten, in one browser and in turn: until it is usable, a
 * letter typed in Find, an image that is chosen until its graph is drawn, and a screen that the list is scrolled.
 *
 *   npm run bench -- page
 */
import type { Page } from 'playwright-core';
import { closeBrowser, closeTabs, openTab } from '../stack/page/browser.ts';
import { type Api, key, startFixtureServer } from '../stack/page/fixtureServer.ts';
import { apiOver, manyImages } from '../stack/page/fixtures.ts';
import { fixedNow } from '../stack/page/heldFixtures.ts';
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

async function measured(url: string): Promise<Record<string, number>> {
  const { page } = await openTab({ now: fixedNow });
  page.setDefaultTimeout(120_000);
  const start = performance.now();
  await page.goto(`${url}/page#key=${key}`);
  await page.getByText('As of').waitFor();
  const usable = performance.now() - start;
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
  return { usable, scroll, keystroke, chosen };
}

export default async function run(): Promise<void> {
  const many = tenThousand().api;
  const few = apiOver({ states: manyImages(130) });
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
