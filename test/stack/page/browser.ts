import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { prepareMachine } from '../../../local/machine/machine.mjs';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let running: Promise<Browser> | undefined;
const open = new Set<BrowserContext>();

/** Debian's Chromium, one for all tests of a process. */
export async function openBrowser(): Promise<Browser> {
  running ??= prepareMachine(['chromium']).then(() =>
    chromium.launch({
      executablePath: '/usr/bin/chromium',
      // Root has no sandbox in a container; nothing here is fetched from elsewhere.
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
    }),
  );
  return running;
}

export async function closeBrowser(): Promise<void> {
  await closeTabs();
  await (await running)?.close();
  running = undefined;
}

/** Those too that a test which failed left open: they go on asking. */
export async function closeTabs(): Promise<void> {
  await Promise.all([...open].map((context) => context.close()));
  open.clear();
}

interface Wishes {
  dark?: boolean;
  width?: number;
  height?: number;
  /** What its clock says, and goes on saying. */
  now?: number;
}

/** A tab with a profile of its own, and all that it asked and complained of. */
export async function openTab({ dark = false, width = 1440, height = 900, now }: Wishes = {}) {
  const browser = await openBrowser();
  const context: BrowserContext = await browser.newContext({
    colorScheme: dark ? 'dark' : 'light',
    viewport: { width, height },
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  open.add(context);
  const page: Page = await context.newPage();
  // To draw 6 MB of a log took more than 20 s while other work kept both cores busy.
  page.setDefaultTimeout(60_000);
  if (now) await page.clock.setFixedTime(now);
  const asked: { method: string; url: string; headers: Record<string, string> }[] = [];
  const complaints: string[] = [];
  page.on('request', (request) =>
    asked.push({ method: request.method(), url: request.url(), headers: request.headers() }),
  );
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A refusal of the API is part of what is tested.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, context, asked, complaints };
}

/** What axe finds against WCAG 2.2 AA and best practice, in words; the CSP refuses a script tag. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await (globalThis as any).axe.run({ runOnly: tags });
    return violations.flatMap(({ id, nodes }: any) =>
      nodes.map(({ target, failureSummary }: any) => `${id} ${target}: ${failureSummary}`),
    );
  });
}
