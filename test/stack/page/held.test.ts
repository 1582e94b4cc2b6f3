import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { someRows } from '../../tier.ts';
import { openTab, violationsOf } from './browser.ts';
import { key } from './fixtureServer.ts';
import { apiOver, everyMark } from './fixtures.ts';
import { fixedNow, held } from './heldFixtures.ts';
import { type Served, suiteOver } from './suiteOver.ts';

const test = suiteOver('held base images in a browser', apiOver({ states: everyMark() }));

async function opened({ server }: Served, path: string, roles?: string[]): Promise<Page> {
  server.world.api = apiOver({ states: everyMark(), ...(roles && { roles }) });
  server.world.calls.length = 0;
  const { page } = await openTab({ now: fixedNow });
  await page.goto(`${server.url}${path}#key=${key}`);
  await page.getByText('As of').waitFor();
  return page;
}
const buttons = (page: Page, name: RegExp) => page.getByRole('button', { name }).count();

test('what is held is seen: why, until when, what is built on meanwhile, and for which images', async (world) => {
  const page = await opened(world, '/page');
  for (const says of [
    /held until 24 Nov 17:02, for 26 h/,
    /is held until 2026-11-24T17:02:10.000Z: docker.io\/\*\* has a minimum age of 3d; meanwhile aaaaaaaaaaaa is built on/,
    /is quarantined: CVE-2026-1; there is no other digest to build on/,
    /1 digest is quarantined or admitted/,
    /on a quarantined digest/,
  ])
    await page.getByText(says).first().waitFor();
  await page.getByRole('link', { name: 'images for which they are' }).click();
  await page.getByText('3 of 18').waitFor();
});

test('tasks of which nothing automatic starts are listed with the reason', async ({ server }) => {
  const json = {
    ...held(),
    pausedTasks: [{ tasks: 'teamacr/nightly-*', reason: 'the release is <frozen>' }],
  };
  server.world.api = apiOver({ states: everyMark(), instead: { '/held': { json } } });
  const { page } = await openTab({ now: fixedNow });
  await page.goto(`${server.url}/page#key=${key}`);
  await page
    .getByText('paused tasks teamacr/nightly-* nothing automatic starts them: the release is <frozen>')
    .waitFor();
  assert.deepEqual(await violationsOf(page), []);
});

const roles: [roles: string[], admit: number, quarantine: number, release: number][] = [
  [['Tasks.Read'], 0, 0, 0],
  [['Tasks.Read', 'Tasks.Write'], 0, 0, 1],
  [['Tasks.Read', 'Bases.Judge'], 1, 1, 0],
  [['Tasks.Read', 'Tasks.Write', 'Bases.Judge'], 1, 1, 1],
];
for (const [given, ...counts] of someRows(roles, ([given]) => given.length > 1))
  test(`who has ${given.join(' and ')} gets the buttons of these roles`, async (world) => {
    const page = await opened(world, '/page', given);
    await page.getByText('Held bases').waitFor();
    assert.deepEqual(
      [await buttons(page, /^Admit/), await buttons(page, /^Quarantine/), await buttons(page, /^Release/)],
      counts,
    );
  });

const judged: [title: string, operation: string, path: string][] = [
  ['Admit bbbbbbbbbbbb', 'admit', '/page'],
  ['Quarantine bbbbbbbbbbbb', 'quarantine', '/page'],
  ['Release aaaaaaaaaaaa', 'release', '/page'],
  ['Quarantine cccccccccccc', 'quarantine', '/page/image/docker.io/library/young:1'],
];
for (const [title, operation, path] of someRows(judged, ([, , path]) => path))
  test(`${title} on ${path}: asks for a reason, shows what would be rebuilt, and then does it`, async (world) => {
    const page = await opened(world, path);
    if (path !== '/page') await page.getByText('Digests that').click();
    await page.getByRole('button', { name: title }).first().click();
    const form = page.getByRole('form', { name: title });
    const confirm = form.getByRole('button', { name: title.split(' ')[0]!, exact: true });
    assert.equal(await confirm.isDisabled(), true, 'not before it was shown what it comes to');
    await form.getByRole('button', { name: 'What would be rebuilt' }).click();
    await form.getByText('1 image in 1 wave would be rebuilt, about 60 s; 1 image would be held.').waitFor();
    const posts = () => world.server.world.calls.filter((call) => call.startsWith('POST'));
    assert.deepEqual(posts(), ['POST /registries/baseacr/plan']);
    await confirm.click();
    assert.equal(posts().length, 1, 'not without a reason');
    await form.getByLabel('Reason').fill('CVE-2026-1 <b>');
    assert.deepEqual(await violationsOf(page), []);
    await confirm.click();
    await page.getByText('1 started, 2 held').waitFor();
    assert.deepEqual(posts().slice(1), [`POST /registries/baseacr/${operation}`]);
    await page.getByRole('link', { name: 'What was decided' }).click();
    await page.getByRole('heading', { name: 'Held', exact: false }).first().waitFor();
    await page.getByText(/held: bbbb is held until tomorrow/).waitFor();
  });

test('a refusal is said beside the button, and nothing is lost', async (world) => {
  const page = await opened(world, '/page');
  await page.getByRole('button', { name: 'Release aaaaaaaaaaaa' }).first().click();
  const form = page.getByRole('form');
  await form.getByRole('button', { name: 'What would be rebuilt' }).click();
  await form.getByText('1 image in 1 wave would be rebuilt').waitFor();
  world.server.world.api = () => ({ status: 409, code: 'Conflict', message: 'It is not quarantined.' });
  await form.getByLabel('Reason').fill('a false alarm');
  await form.getByRole('button', { name: 'Release', exact: true }).click();
  await form.getByText('It is not quarantined.').waitFor();
  assert.equal(await form.getByLabel('Reason').inputValue(), 'a false alarm');
});

test.run();
