// Tier: long, each fault of each answer in a browser; page.test.ts has one of each kind.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { openTab, violationsOf } from '../browser.ts';
import { type Api, type ApiAnswer, key } from '../fixtureServer.ts';
import { apiOver, everyMark } from '../fixtures.ts';
import { fixedNow } from '../heldFixtures.ts';
import { type Served, suiteOver } from '../suiteOver.ts';

const states = everyMark();
const usual = apiOver({ states });
const test = suiteOver('what the page says when something fails', usual);

async function opened({ server }: Served, path: string) {
  const tab = await openTab({ now: fixedNow });
  await tab.page.goto(`${server.url}${path}#key=${key}`);
  await tab.page.locator('header').waitFor();
  return tab;
}
const says = (page: Page, text: RegExp) => page.getByText(text).first().waitFor({ timeout: 20_000 });
const refresh = (page: Page) => page.getByRole('button', { name: 'Refresh' }).click();

/** With all answers again, a press of the button shows all. */
async function recovers({ server }: Served, page: Page): Promise<void> {
  server.world.api = usual;
  await refresh(page);
  await page.locator('.trouble').waitFor({ state: 'detached' });
  await says(page, /18 of 18/);
}

/** The usual answers, but for what begins with a path. */
const instead = (path: string, answer: ApiAnswer): Api => apiOver({ states, instead: { [path]: answer } });
const refused = (status: number, code: string, message: string): ApiAnswer => ({ status, code, message });

const troubles: [title: string, answer: ApiAnswer | 'nothing', text: RegExp][] = [
  ['is cut off', 'nothing', /Plinth does not answer\./],
  [
    'answers 503 in words',
    refused(503, 'NotConfigured', 'PLINTH_REGISTRIES is not set.'),
    /PLINTH_REGISTRIES is not set\./,
  ],
  ['answers 500', refused(500, 'InternalServerError', 'Something failed.'), /Something failed\./],
  ['answers 502 without words', { raw: '', status: 502 }, /Plinth does not answer \(502\)\./],
  [
    'answers 503 with a page of its host',
    { raw: '<!doctype html><h1>Service Unavailable</h1>', status: 503 },
    /Plinth does not answer \(503\)\./,
  ],
  [
    'answers what is not JSON',
    { raw: '<!doctype html><title>proxy</title>', status: 200 },
    /Plinth does not answer as expected\./,
  ],
  [
    'answers half of it',
    { raw: '{"registries":[{"name":"te', status: 200 },
    /Plinth does not answer as expected\./,
  ],
  [
    'asks for a role',
    refused(403, 'AuthorizationFailed', 'This needs the app role Tasks.Read.'),
    /This needs the app role Tasks\.Read\..*register-api\.sh --grant/,
  ],
];
for (const [title, answer, text] of troubles) {
  const api: Api = (...asked) => {
    if (answer === 'nothing') throw new Error('cut off');
    return asked[1].pathname === '/registries' ? answer : usual(...asked);
  };
  test(`an app that ${title} when the page is opened is said so, and tried again`, async (world) => {
    world.server.world.api = api;
    const { page, complaints } = await opened(world, '/page');
    await says(page, text);
    assert.deepEqual(await violationsOf(page), []);
    await recovers(world, page);
    assert.deepEqual(complaints, []);
  });
  test(`an app that ${title} later is said so, and what was loaded stays`, async (world) => {
    const { page, complaints } = await opened(world, '/page/task/teamacr/off');
    await says(page, /stale since/);
    world.server.world.api = api;
    await refresh(page);
    await says(page, text);
    await says(page, /stale since/);
    assert.deepEqual(await violationsOf(page), []);
    assert.deepEqual(complaints, []);
  });
}

const alone: [title: string, path: string, answer: ApiAnswer, text: RegExp][] = [
  [
    'a registry',
    '/graph?registry=baseacr',
    refused(500, 'StoredRowUnreadable', 'Row 7 is damaged.'),
    /baseacr could not be read: Row 7 is damaged\. The other 1 are shown\./,
  ],
  [
    'a registry that is cut off',
    '/graph?registry=baseacr',
    { raw: '{"reg', status: 200 },
    /baseacr could not be read: Plinth does not answer as expected\./,
  ],
  [
    'what is held',
    '/held',
    refused(500, 'StoredRowUnreadable', 'Row 8 is damaged.'),
    /What is held could not be read: Row 8 is damaged\./,
  ],
  [
    'what is held, for which no app answers',
    '/held',
    { raw: '', status: 503 },
    /What is held could not be read: Plinth does not answer \(503\)\./,
  ],
  [
    'what runs in a registry',
    '/live',
    {
      json: {
        registries: [
          {
            name: 'teamacr',
            fault: 'The runs of teamacr cannot be read.',
            running: [],
            queued: [],
            runs: [],
          },
        ],
      },
    },
    /The runs of teamacr cannot be read\./,
  ],
  [
    'a task',
    '/graph?registry=teamacr&$top',
    {
      json: {
        registry: 'teamacr',
        images: [],
        tasks: [],
        unread: ['Task x cannot be read: row 9 is damaged.'],
      },
    },
    /Task x cannot be read: row 9 is damaged\./,
  ],
];
for (const [title, path, answer, text] of alone)
  test(`${title} that fails alone is said so, and all else is shown`, async (world) => {
    world.server.world.api = instead(path, answer);
    const { page, complaints } = await opened(world, '/page');
    await says(page, text);
    await says(page, /\d+ of \d+ · all that need it|Nothing needs you/);
    await says(page, /As of/);
    assert.deepEqual(await violationsOf(page), []);
    await recovers(world, page);
    assert.deepEqual(complaints, []);
  });

const notThere = refused(404, 'NotFound', 'There is no such thing.');
const inViews: [view: string, path: string, broken: string, answer: ApiAnswer, text: RegExp][] = [
  [
    'a run that is gone',
    '/page/run/teamacr/cr1',
    '/registries/teamacr/runs/cr1',
    notThere,
    /There is no such thing/,
  ],
  [
    'a push that is gone',
    '/page/push/push-1',
    '/registries/baseacr/pushes',
    notThere,
    /No decision is recorded/,
  ],
  [
    'a push without decisions',
    '/page/push/push-1',
    '/registries/baseacr/pushes',
    { json: { value: [] } },
    /No decision is recorded/,
  ],
  [
    'decisions that cannot be read',
    '/page/task/teamacr/off',
    '/registries/teamacr/tasks/off/decisions',
    refused(500, 'X', 'Row 3 is damaged.'),
    /Row 3 is damaged/,
  ],
  [
    'pushes of a day that cannot be read',
    '/page/pushes',
    '/pushes',
    refused(400, 'X', 'day is no day.'),
    /day is no day/,
  ],
  ['a log that is gone', '/page/run/teamacr/ca1', '/logs/', notThere, /There is no such thing/],
  [
    'the log of a run that goes on, and is gone',
    '/page/run/teamacr/cr1',
    '/logs/',
    notThere,
    /There is no such thing/,
  ],
  [
    'a log at an address that is none',
    '/page/run/teamacr/ca1',
    '/registries/teamacr/runs/ca1/listLogSasUrl',
    { json: { logLink: 'nowhere' } },
    /The log's address cannot be used/,
  ],
];
for (const [view, path, broken, answer, text] of inViews)
  test(`${view} is said where it would be, and all else is there`, async (world) => {
    world.server.world.api = instead(broken, answer);
    const { page, complaints } = await opened(world, path);
    await says(page, text);
    await says(page, /As of/);
    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await says(page, /18 of 18/);
    assert.deepEqual(complaints, []);
  });

test('a log that cannot be read for a while goes on where it was, and nothing of the fault is left', async (world) => {
  const text = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}\n`).join('');
  world.server.world.api = instead('/logs/', { text: text(100_000), grows: true });
  const { page } = await opened(world, '/page/run/teamacr/cr1');
  await says(page, /100,000 lines/);
  world.server.world.api = instead('/logs/', refused(500, 'X', 'The log is away.'));
  await says(page, /The log is away\./);
  await says(page, /100,000 lines/);
  world.server.world.api = instead('/logs/', { text: text(100_010), grows: true });
  await says(page, /100,010 lines/);
  assert.equal(await page.locator('.trouble').count(), 0);
});

test('a key that is revoked meanwhile is asked for again, beside what is shown', async (world) => {
  const { page } = await opened(world, '/page');
  await says(page, /18 of 18/);
  const none: Api = () => refused(401, '401', '');
  world.server.world.api = none;
  await refresh(page);
  await says(page, /Your sign-in has ended/);
  await page.getByRole('button', { name: 'Give the key again' }).click();
  await page.getByLabel('Function key').fill('another');
  assert.deepEqual(await violationsOf(page), []);
  await page.getByRole('button', { name: 'Open' }).click();
  await says(page, /This key was not accepted/);
  world.server.world.api = usual;
  await page.getByLabel('Function key').fill(key);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('Your sign-in has ended').waitFor({ state: 'detached' });
  await says(page, /18 of 18/);
});

test('a tab that is hidden and shown again and again asks once at a time', async (world) => {
  const { page } = await opened(world, '/page');
  await says(page, /18 of 18/);
  world.server.world.calls.length = 0;
  await page.evaluate(
    `for (let turn = 0; turn < 20; turn++) document.dispatchEvent(new Event('visibilitychange'))`,
  );
  // Requests of a tab are answered in their order, those to a host six at a time.
  for (let turn = 0; turn < 6; turn++) await page.evaluate(`fetch('/last').then(() => {})`);
  const { calls } = world.server.world;
  assert.equal(calls.filter((call) => call === 'GET /live').length, 1, calls.join('\n'));
});

test.run();
