// Tier: long, ten thousand images in a browser.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { toGraph } from '../../../shared/graph/compact.ts';
import { openTab, violationsOf } from './browser.ts';
import { key } from './fixtureServer.ts';
import { registriesOf } from './fixtures.ts';
import { fixedNow } from './heldFixtures.ts';
import { type Served, suiteOver } from './suiteOver.ts';
import { popular, tenThousand } from './tenThousand.ts';

const { states, api } = tenThousand();
const kb = 1024;
const test = suiteOver('the page with ten thousand images: counts, and no times', api);

async function opened({ server }: Served, path: string, look = {}) {
  const tab = await openTab({ now: fixedNow, ...look });
  tab.page.setDefaultTimeout(60_000);
  await tab.page.goto(`${server.url}${path}#key=${key}`);
  await tab.page.getByText('As of').waitFor();
  return tab;
}
const count = (page: Page, selector: string) => page.locator(selector).count();

test('the files are 60 KB at most as they are sent, and the answers of ten thousand tasks 350 KB', ({
  server,
}) => {
  const files = [...server.sizes].filter(([name]) => name.startsWith('page/'));
  assert.equal(files.length, 4);
  assert.ok(files.reduce((sum, [, size]) => sum + size, 0) <= 60 * kb);
  const answers = registriesOf(states).map((name) =>
    gzipSync(
      JSON.stringify(
        toGraph(
          name,
          states.filter(({ registry }) => registry === name),
        ),
      ),
    ),
  );
  assert.ok(answers.reduce((sum, { length }) => sum + length, 0) <= 350 * kb);
});

test('the start is 16 requests: three files, a page of tasks for each thousand, and three more', async (world) => {
  const { page, asked, complaints } = await opened(world, '/page');
  await page.getByText('10001 of 10001', { exact: true }).waitFor();
  assert.equal(asked.length, 16, asked.map(({ url }) => url).join('\n'));
  assert.deepEqual(complaints, []);
  // The list holds what is seen of it and six rows on either side, at its start, its end and after a search.
  const rows = () => count(page, '.list [role=row]');
  assert.equal(await rows(), 26);
  await page.evaluate(`document.querySelector('.list').scrollTop = 5000 * 36`);
  await page.locator('[aria-rowindex="5001"]').waitFor();
  assert.equal(await rows(), 26);
  await page.getByRole('searchbox').fill('app-7 team3acr');
  await page.locator('[aria-rowcount="111"]').waitFor();
  // It was scrolled far beyond: it shows the end.
  assert.equal(await rows(), 20);
  assert.ok((await count(page, 'body *')) <= 600, String(await count(page, 'body *')));
  assert.equal(asked.length, 16, 'a search asks nothing');
});

test('what a push would set off among them is worked out without a request', async (world) => {
  const { page, asked } = await opened(world, '/page/what-if');
  const before = asked.length;
  await page.getByLabel('If I pushed').fill('docker.io/library/node:22');
  await page
    .getByText(/10000 images in 3 waves|10,000 images in 3 waves|\d+ images in \d waves/)
    .first()
    .waitFor();
  assert.equal(asked.length, before);
  assert.ok((await count(page, 'body *')) <= 600, String(await count(page, 'body *')));
});

test('the neighbourhood of the one on which most are built is a drawing of 200 boxes at most, and one tab stop', async (world) => {
  const { page, asked } = await opened(world, popular);
  await page.locator('.box.center').waitFor();
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  await page.waitForLoadState('networkidle');
  // The worker, and what was decided on the task and its runs.
  assert.deepEqual(
    asked
      .slice(16)
      .map(({ url }) => new URL(url).pathname.replace(/-[A-Z0-9]+\.js$/, '.js'))
      .sort(),
    ['/page/layout.worker.js', '/registries/team0acr/runs', '/registries/team0acr/tasks/app-0/decisions'],
  );
  const boxes = await count(page, '.box');
  assert.ok(boxes > 20 && boxes <= 200, String(boxes));
  assert.equal(await count(page, '.box[tabindex="0"]'), 1);
  assert.ok((await count(page, 'body *')) <= 1200, String(await count(page, 'body *')));
  await page.locator('.boxes polyline').first().waitFor({ state: 'attached' });
  await page.locator('.box.center').focus();
  for (const press of [
    'ArrowRight',
    ...Array(10).fill('ArrowDown'),
    'ArrowRight',
    'End',
    'ArrowLeft',
    'ArrowLeft',
    'Home',
  ]) {
    await page.keyboard.press(press);
    assert.equal(await page.evaluate(isSeen), true, `the focus stays in view after ${press}`);
  }
});

const isSeen = `(() => {
  const [box, view] = [document.activeElement, document.querySelector('.boxes')].map((one) => one.getBoundingClientRect());
  return document.activeElement.matches('.box') && box.left >= view.left - 1 && box.right <= view.right + 1 && box.top >= view.top - 1 && box.bottom <= view.bottom + 1;
})()`;

const looks = [
  { dark: false, width: 1440 },
  { dark: true, width: 320 },
];
for (const look of looks)
  test(`axe finds nothing among ten thousand, ${look.dark ? 'dark' : 'light'}, ${look.width} px wide`, async (world) => {
    const { page } = await opened(world, '/page', look);
    for (const path of ['/page', '/page?show=held', '/page?find=onerror', popular]) {
      await page.goto(world.server.url + path);
      await page.getByText('As of').waitFor();
      await page.locator('main h1').first().waitFor({ state: 'attached' });
      assert.deepEqual(await violationsOf(page), [], path);
    }
  });

test.run();
