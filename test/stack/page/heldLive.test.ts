// Tier: long, pushes and builds are watched in a browser.
import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { suite } from 'uvu';
import { startEasyAuth } from '../../../local/easyAuth.ts';
import { type Stack, startStack } from '../../../local/stack.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { pushImage } from '../whole/pushImage.ts';
import { taskBody } from '../whole/world.ts';
import { closeBrowser, closeTabs, openTab } from './browser.ts';

interface World {
  stack: Stack;
  easyAuth: Awaited<ReturnType<typeof startEasyAuth>>;
  /** A request of somebody who may all. @returns the answer's body */
  send(method: string, path: string, body?: object): Promise<any>;
  /** By the name of the base image: what was there first, and what was pushed over it. */
  pushed: Record<'young' | 'stolen', { first: string; second: string }>;
}

const everybody = ['Tasks.Read', 'Tasks.Write', 'Bases.Judge'];
const policies = [{ images: 'baseacr.azurecr.io/base/young:*', minimumAge: '1d' }];
const test = suite<World>('held base images, over the app as it is deployed and its sign-in');
test.before(async (world) => {
  world.stack = await startStack({
    registries: ['baseacr', 'appacr'],
    pull: ['baseacr', 'appacr'],
    queueLeaseSeconds: 3,
    eventTimeScale: 0.05,
    settings: {
      PLINTH_API_CLIENT_ID: '00000000-0000-0000-0000-000000000001',
      PLINTH_BASE_IMAGE_POLICIES: JSON.stringify(policies),
    },
  });
  const { stack } = world;
  const ada = { name: 'ada@example.com', roles: everybody };
  world.easyAuth = await startEasyAuth({ port: stack.app.port }, ada, ['/page', '/page/*']);
  const signedIn = await fetch(`${world.easyAuth.url}/.auth/login/aad`, { redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
  world.send = async (method, path, body) => {
    const answer = await fetch(world.easyAuth.url + path, {
      method,
      headers: { cookie, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  world.pushed = { young: await built(world, 'young'), stolen: await built(world, 'stolen') };
});
test.after.each(closeTabs);
test.after(async ({ stack, easyAuth }) => {
  await closeBrowser();
  await easyAuth?.stop();
  await stack?.stop();
});

/** A task that is built on a base image, over which another digest is pushed then. */
async function built(world: World, name: string) {
  const { stack, send } = world;
  const first = await pushImage(stack, 'baseacr', `base/${name}:1`, 'first');
  const dockerfile = `FROM baseacr.azurecr.io/base/${name}:1\nCOPY Dockerfile /\n`;
  await stack.git.createRepository(name, { Dockerfile: dockerfile });
  const body = taskBody(`${stack.git.url}/${name}.git#main`, `${name}:{{.Run.ID}}`);
  await send('PUT', `/registries/appacr/tasks/${name}`, body);
  const taskId = `${stack.registries.appacr!.resourceId}/tasks/${name}`;
  await send('POST', '/registries/appacr/scheduleRun', { type: 'TaskRunRequest', taskId });
  await builtOn(world, name, first);
  return { first, second: await pushImage(stack, 'baseacr', `base/${name}:1`, 'second') };
}

/** Until the newest run of a task has succeeded on a digest. */
const builtOn = ({ send }: World, task: string, digest: string) =>
  eventually(`${task} on ${digest}`, 180, async () => {
    const filter = encodeURIComponent(`TaskName eq '${task}'`);
    const { value } = await send('GET', `/registries/appacr/runs?$filter=${filter}&$top=1`);
    const { status, plinth } = value[0].properties;
    return status === 'Succeeded' && plinth.baseImageDependencies[0].digest === digest;
  });

/** The page, opened by somebody with roles. */
async function openedBy({ easyAuth }: World, roles: string[], path = '/page') {
  easyAuth.user = { name: 'grace@example.com', roles };
  const { page, complaints } = await openTab();
  await page.goto(easyAuth.url + path);
  await page.getByRole('link', { name: 'Sign in with Entra' }).click();
  await page.getByText('As of').waitFor();
  return { page, complaints };
}

/** What is shown after the page has read all again. */
const shows = (page: Page, text: RegExp) =>
  eventually(`${text}`, 60, async () => {
    await page.getByRole('button', { name: 'Refresh' }).click();
    return page.getByText(text).first().isVisible();
  });

const short = (digest: string) => digest.slice('sha256:'.length).slice(0, 12);

/** Says something of a digest by the form, after it was shown what it comes to. */
async function judged(page: Page, title: string, reason: string): Promise<void> {
  await page
    .getByRole('button', { name: new RegExp(`^${title} of `) })
    .first()
    .click();
  const form = page.getByRole('form', { name: title });
  await form.getByLabel('Reason').fill(reason);
  await form.getByRole('button', { name: 'What would be rebuilt' }).click();
  await form.getByText(/^1 image in 1 wave would be rebuilt/).waitFor();
  await form.getByRole('button', { name: title.split(' ')[0]!, exact: true }).click();
  await page.getByText(/^1 started/).waitFor();
}

test('who reads sees what is held and why, and has no button for it', async (world) => {
  const { page, complaints } = await openedBy(world, ['Tasks.Read']);
  await shows(page, /held until .*, for 24 h/);
  const { second } = world.pushed.young;
  await page.getByText(new RegExp(`${short(second)} is held until .* a minimum age of 1d;`)).waitFor();
  assert.equal(await page.getByRole('button', { name: / of baseacr/ }).count(), 0);
  assert.deepEqual(complaints, []);
});

test('who judges admits it before its age: it is built on, and held no more', async (world) => {
  const { page, complaints } = await openedBy(world, ['Tasks.Read', 'Bases.Judge']);
  const { second } = world.pushed.young;
  await shows(page, /held until .*, for 24 h/);
  await judged(page, `Admit ${short(second)}`, 'it mends CVE-2026-1');
  await builtOn(world, 'young', second);
  await shows(page, /1 digest is quarantined or admitted/);
  assert.equal(await page.getByText(/held until/).count(), 0);
  assert.deepEqual(complaints, []);
});

test('a digest is quarantined where its image is looked at: what is built on it goes back', async (world) => {
  const { first, second } = world.pushed.stolen;
  await builtOn(world, 'stolen', second);
  const path = '/page/image/baseacr.azurecr.io/base/stolen:1';
  const { page, complaints } = await openedBy(world, ['Tasks.Read', 'Bases.Judge'], path);
  await page.getByText('Digests that').click();
  await judged(page, `Quarantine ${short(second)}`, 'it steals tokens <b>');
  await builtOn(world, 'stolen', first);
  await shows(page, /is quarantined: it steals tokens <b>; meanwhile/);
  assert.equal(await page.getByRole('button', { name: /^Release / }).count(), 0, 'that needs Tasks.Write');
  assert.deepEqual(complaints, []);
});

test('who writes releases it: it is built on again, and nothing of it is held', async (world) => {
  const { second } = world.pushed.stolen;
  const { page, complaints } = await openedBy(world, ['Tasks.Read', 'Tasks.Write']);
  await shows(page, /is quarantined: it steals tokens/);
  assert.equal(await page.getByRole('button', { name: /^Quarantine / }).count(), 0, 'that needs Bases.Judge');
  await judged(page, `Release ${short(second)}`, 'a false alarm');
  await builtOn(world, 'stolen', second);
  await shows(page, /Nothing needs you/);
  assert.equal(await page.getByText(/is quarantined/).count(), 0);
  assert.deepEqual(complaints, []);
});

test.run();
