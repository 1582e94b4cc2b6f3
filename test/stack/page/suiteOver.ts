import { suite } from 'uvu';
import { closeBrowser, closeTabs } from './browser.ts';
import { type Api, startFixtureServer } from './fixtureServer.ts';

export interface Served {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
}

/** A suite on the page before an API, which each test finds as it is usual, its calls not yet counted. */
export function suiteOver(title: string, usual: Api) {
  const test = suite<Served>(title);
  test.before(async (world) => {
    world.server = await startFixtureServer(usual);
  });
  test.before.each(({ server }) => {
    server.world.api = usual;
    server.world.calls.length = 0;
  });
  test.after.each(closeTabs);
  test.after(async ({ server }) => {
    await closeBrowser();
    await server.stop();
  });
  return test;
}
