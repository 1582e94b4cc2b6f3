// Tier: long, pushes and builds are watched in a browser.
import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { startWorld, type World } from '../whole/world.ts';
import { closeBrowser, closeTabs, openTab } from './browser.ts';

const test = suite<World>('the page, over the app as it is deployed');
test.before(async (world) => {
  Object.assign(world, await startWorld({ queueLeaseSeconds: 3, eventTimeScale: 0.05 }));
});
test.after.each(closeTabs);
test.after(async ({ stack }) => {
  await closeBrowser();
  await stack?.stop();
});

const opened = async ({ stack }: World, path: string) => {
  const tab = await openTab();
  await tab.page.goto(`${stack.url}${path}#key=${stack.keys.function}`);
  await tab.page.getByText('As of').waitFor();
  return tab;
};

test('before there is a task the page says how one is made', async (world) => {
  const { page } = await opened(world, '/page');
  await page.getByText('No tasks yet. Make one:').waitFor();
});

test('a push is seen as it starts a run, with the log as it grows, until all is fresh: without a reload', async (world) => {
  await world.pushBase('base/one:1', 'old');
  await world.task('app-one', 'ARG REGISTRY\nFROM $REGISTRY/base/one:1\nCOPY Dockerfile /\n', {
    step: { arguments: [{ name: 'REGISTRY', value: 'baseacr.azurecr.io' }] },
  });
  await world.run('app-one');
  const { page, complaints } = await opened(world, '/page/task/appacr/app-one');
  await page.getByRole('heading', { name: /app-one in appacr/ }).waitFor();
  await page.locator('h1 .mark.fresh').waitFor();
  await page.evaluate('globalThis.sameDocument = true');

  await world.pushBase('base/one:1', 'new');
  // Its run takes two seconds, and at rest the page asks every thirty: here it is asked to at once.
  await eventually('the run is seen', 40, async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    return page.locator('h1 .mark.queued, h1 .mark.running').isVisible();
  });
  await page.locator('#runs + ul li', { hasText: 'Image Update' }).getByRole('link').first().click();
  await page.getByText('Image Update').waitFor();
  await page.locator('.log', { hasText: /FROM /i }).waitFor({ timeout: 40_000 });
  await page.getByText(/^Succeeded$/).waitFor({ timeout: 40_000 });
  await page.getByRole('link', { name: 'app-one' }).click();
  await page.locator('h1 .mark.fresh').waitFor({ timeout: 40_000 });
  await page.getByText(/started .*: built on \w+/).waitFor();

  await page
    .getByRole('link', { name: /push of baseacr/ })
    .first()
    .click();
  await page.getByText(/1 of 1 built\. It is over\./).waitFor();
  await page.getByRole('link', { name: 'Pushes', exact: true }).click();
  await page.getByText(/1 started/).waitFor();
  await page.getByRole('link', { name: 'What if', exact: true }).click();
  await page.getByLabel('If I pushed').fill('base/one:1');
  await page.getByText(/1 image in 1 wave, about \d+ s/).waitFor();
  assert.equal(await page.evaluate('globalThis.sameDocument'), true);
  assert.deepEqual(complaints, []);
});

test('a task whose trigger is disabled says why it was not rebuilt', async (world) => {
  await world.api.call('PATCH', '/registries/appacr/tasks/app-one', {
    properties: { trigger: { baseImageTrigger: { name: 'default', status: 'Disabled' } } },
  });
  await world.pushBase('base/one:1', 'newest');
  await world.stack.eventGrid.settled();
  const { page } = await opened(world, '/page');
  await page.getByText(/▲ stale for .*app-one.* its base image trigger is disabled/).waitFor();
  await page.getByRole('link', { name: 'appacr/app-one' }).first().click();
  await page.getByText(/skipped: the base image trigger of app-one is disabled/).waitFor();
});

test('storage that is away is said, what was loaded stays, and all goes on when it is back', async (world) => {
  const { page } = await opened(world, '/page');
  world.stack.app.kill('SIGKILL');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText(/Not updated since .*: Plinth does not answer\./).waitFor();
  await page.getByRole('link', { name: 'appacr/app-one' }).first().waitFor();
  await world.stack.restartApp();
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByText(/Not updated since/).waitFor({ state: 'detached' });
});

test.run();
