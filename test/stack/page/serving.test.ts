import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { startFixtureServer } from './fixtureServer.ts';
import { apiOver } from './fixtures.ts';

interface World {
  server: Awaited<ReturnType<typeof startFixtureServer>>;
}

const test = suite<World>('the files of the page, as the package serves them');
test.before(async (world) => {
  world.server = await startFixtureServer(apiOver({ states: [] }));
});
test.after(({ server }) => server.stop());

const answers: [
  path: string,
  headers: Record<string, string>,
  status: number,
  says: Record<string, RegExp>,
][] = [
  [
    '/page',
    {},
    200,
    {
      'content-type': /^text\/html/,
      'cache-control': /^no-cache$/,
      'content-security-policy': /default-src 'none'.*trusted-types plinth$/,
    },
  ],
  ['/page/', {}, 200, { 'content-type': /^text\/html/ }],
  ['/page/image/a.azurecr.io/base/node:22.1', {}, 200, { 'content-type': /^text\/html/ }],
  ['/page/none.js', {}, 404, { 'content-security-policy': /./ }],
  ['/page/..%2fpackage.json', {}, 404, { 'x-content-type-options': /^nosniff$/ }],
  ['/page/index.html.gz', {}, 404, {}],
  ['/page/sign-in.json', {}, 200, { 'content-type': /^application\/json/ }],
];
for (const [path, headers, status, says] of answers)
  test(`GET ${path} answers ${status}`, async ({ server }) => {
    const answered = await fetch(server.url + path, { headers });
    assert.equal(answered.status, status);
    for (const [name, value] of Object.entries(says))
      assert.match(answered.headers.get(name) ?? '', value, name);
  });

test('a file with a hashed name stays for a year, is sent compressed where that is understood, and 304 by its tag', async ({
  server,
}) => {
  const html = await (await fetch(`${server.url}/page`)).text();
  const [, script] = /src="([^"]+)"/.exec(html)!;
  const plain = await fetch(server.url + script, { headers: { 'accept-encoding': 'identity' } });
  assert.equal(plain.headers.get('cache-control'), 'public, max-age=31536000, immutable');
  const etag = plain.headers.get('etag')!;
  const again = await fetch(server.url + script, { headers: { 'if-none-match': etag } });
  assert.deepEqual([again.status, (await again.arrayBuffer()).byteLength], [304, 0]);
});

test.run();
