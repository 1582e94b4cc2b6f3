import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import { startDeployedFront } from '../../local/az/deployed.ts';
import { nextThroughFront } from '../../local/az/pages.ts';
import { serveArm } from '../../local/az/serve.ts';
import { close, listen } from '../../local/machine/listening.ts';
import { makeTls } from '../../local/machine/tls.ts';

const front = 'https://127.0.0.1:7443';
const path = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr/runs';
const query = '?api-version=2019-04-01&%24skipToken=ca7';

const links: [what: string, given: unknown, next: string | undefined][] = [
  ['the app', `https://plinth.azurewebsites.net${path}${query}`, `${front}${path}${query}`],
  ['the front itself', `${front}${path}${query}`, `${front}${path}${query}`],
  ['another host', `https://evil.example${path}${query}`, `${front}${path}${query}`],
  ['a host with a user', `https://127.0.0.1:7443@evil.example${path}`, `${front}${path}`],
  ['a host without a scheme', `//evil.example${path}`, `${front}${path}`],
  ['no host', `${path}${query}`, `${front}${path}${query}`],
  ['plain http', `http://127.0.0.1:7443${path}`, `${front}${path}`],
  ['nothing that is an address', 'http://', undefined],
  ['nothing that is a text', { href: 'https://evil.example' }, undefined],
  ['nothing', null, undefined],
];
for (const [what, nextLink, next] of links)
  test(`a page whose next one is said to be at ${what} leads to the front, or nowhere`, () => {
    const page = JSON.parse(nextThroughFront(JSON.stringify({ value: [1], nextLink }), front));
    assert.deepEqual(page, { value: [1], ...(next && { nextLink: next }) });
  });

for (const body of ['{"value":[]}', '[]', 'null', 'no JSON', '{"properties":{"nextLink":"https://a"}}'])
  test(`${body} is no page, and stays as it is`, () => assert.equal(nextThroughFront(body, front), body));

/** A Plinth in Azure behind the front, and what it was sent. */
async function startWorld() {
  const dir = await mkdtemp(join(tmpdir(), 'clients-'));
  const tls = await makeTls(dir);
  const asked: IncomingMessage['headers'][] = [];
  let base = '';
  const app = createServer((request, response) => {
    asked.push(request.headers);
    const url = new URL(request.url!, base);
    const last = url.searchParams.has('$skipToken');
    url.searchParams.set('$skipToken', 'ca7');
    const page = { value: [last ? 2 : 1], ...(!last && { nextLink: url.href }) };
    // As the app does with what is large.
    const packs = request.headers['accept-encoding']?.includes('gzip');
    const coding = packs ? { 'content-encoding': 'gzip' } : {};
    const text = JSON.stringify(page);
    response
      .writeHead(200, { 'content-type': 'application/json', ...coding })
      .end(packs ? gzipSync(text) : text);
  });
  base = `http://127.0.0.1:${await listen(app)}`;
  const arm = await serveArm(tls, undefined, async (_, response) => {
    response.end(JSON.stringify({ value: [{ actions: ['*'], notActions: [] }] }));
  });
  const deployed = await startDeployedFront({
    ...{ tls, ca: tls.ca, arm: arm.origin },
    plinth: { url: base, functionKey: 'key' },
  });
  const read = (address: string) =>
    new Promise<any>((resolve, reject) => {
      const headers = { authorization: 'Bearer arm', 'accept-encoding': 'gzip, deflate' };
      get(address, { ca: tls.ca, headers }, (answer) => resolve(json(answer))).on('error', reject);
    });
  const stop = async () => {
    await Promise.all([deployed.stop(), arm.stop(), close(app)]);
    await rm(dir, { recursive: true });
  };
  return { origin: deployed.origin, asked, read, stop };
}

test('all pages are read through the front of a deployed Plinth, and the caller’s token stays there', async () => {
  const world = await startWorld();
  try {
    const first = await world.read(`${world.origin}${path}?api-version=2019-04-01`);
    assert.equal(new URL(first.nextLink).origin, world.origin);
    assert.deepEqual((await world.read(first.nextLink)).value, [2]);
    assert.deepEqual(
      world.asked.map((headers) => [headers.authorization, headers['x-functions-key']]),
      [
        [undefined, 'key'],
        [undefined, 'key'],
      ],
    );
  } finally {
    await world.stop();
  }
});

test.run();
