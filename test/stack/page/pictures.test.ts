// Tier: long, the pictures of the pages are drawn again.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { closeBrowser, closeTabs, openTab } from './browser.ts';
import { key, startFixtureServer } from './fixtureServer.ts';
import { apiOver, everyMark } from './fixtures.ts';
import { fixedNow } from './heldFixtures.ts';

interface World {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
}

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'docs/pictures');
const wordsFile = join(folder, 'words.json');
/** `PLINTH_PICTURES=write npm test -- pictures` makes them again. */
const writes = process.env.PLINTH_PICTURES === 'write';
const words: Record<string, string> = existsSync(wordsFile)
  ? JSON.parse(readFileSync(wordsFile, 'utf8'))
  : {};

/** Names as teams have them, in place of those of the marks. */
const names: Record<string, string> = {
  fresh: 'web/shop',
  running: 'payments/api',
  queued: 'search/tool',
  failed: 'billing/proxy',
  stopped: 'legacy/report',
  off: 'web/cron',
  'on-failed': 'billing/web',
  'on-top': 'web/mail',
  'not-seen': 'tools/lint',
  held: 'web/blog',
  'bad-base': 'legacy/batch',
  'never-built': 'web/next',
  node: 'base/node',
};
const renamed = (text: string) =>
  Object.entries(names).reduce((all, [from, to]) => all.replaceAll(`/${from}:main`, `/${to}:main`), text);
const states = everyMark().filter(({ task }) => task !== 'hostile');

const log = Array.from(
  { length: 60 },
  (_, at) =>
    `2026/11/23 15:01:${String(at).padStart(2, '0')} Step ${Math.floor(at / 7) + 1}/9 : \x1b[32mRUN npm ci\x1b[0m, package ${at}`,
).join('\n');

const test = suite<World>('the pictures of the page in the documentation');
test.before(async (world) => {
  const api = apiOver({ states, log: `${log}\n` });
  world.server = await startFixtureServer((method, url, range) =>
    JSON.parse(renamed(JSON.stringify(api(method, url, range)))),
  );
  mkdirSync(folder, { recursive: true });
});
test.after.each(closeTabs);
test.after(async ({ server }) => {
  await closeBrowser();
  await server.stop();
});

const pictures: [name: string, path: string, ready: string, dark: boolean][] = [
  ['images', '/page', 'of 17', false],
  ['image', '/page/task/baseacr/node', 'Image Update', false],
  ['push', '/page/push/push-1', 'Not rebuilt', true],
  ['what-if', '/page/what-if?image=library/node:22', 'Nothing has been started', false],
  ['run', '/page/run/teamacr/cr1', '60 lines', true],
];
for (const [name, path, ready, dark] of pictures)
  test(`the picture of ${name} shows what the page shows`, async ({ server }) => {
    const { page } = await openTab({ dark, width: 1100, height: 700, now: fixedNow });
    await page.goto(`${server.url}${path}#key=${key}`);
    await page.getByText(ready).first().waitFor();
    await page.waitForLoadState('networkidle');
    const shown = String(await page.evaluate('document.body.innerText'));
    const file = join(folder, `${name}.png`);
    if (writes) {
      await page.screenshot({ path: file });
      words[name] = shown;
      writeFileSync(wordsFile, `${JSON.stringify(words, undefined, 2)}\n`);
    }
    assert.equal(
      words[name],
      shown,
      'the page shows other words: PLINTH_PICTURES=write npm test -- pictures',
    );
    assert.ok(existsSync(file));
  });

test.run();
