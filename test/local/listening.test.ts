import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import { close, freePort, listen } from '../../local/machine/listening.ts';

const servers: Server[] = [];
const open = async (port = 0): Promise<number> => {
  const server = createServer();
  servers.push(server);
  return listen(server, port);
};
test.after(async () => {
  await Promise.all(servers.map(close));
});

test('a port that is kept for later is none that a server without a wish is given', async () => {
  const kept = await freePort();
  const others = await Promise.all(Array.from({ length: 200 }, () => open()));
  assert.ok(kept < Math.min(...others), `${kept} below ${Math.min(...others)}`);
  assert.equal(await open(kept), kept);
});

test('a port that is kept for later is none that a connection goes out from', async () => {
  const kept = await freePort();
  const to = await open();
  const out = createConnection(to, '127.0.0.1');
  await new Promise((resolve) => out.once('connect', resolve));
  assert.ok(kept < out.localPort!);
  out.destroy();
});

test('no port is kept twice, nor one that is taken', async () => {
  const kept = await Promise.all(Array.from({ length: 50 }, freePort));
  assert.equal(new Set(kept).size, 50);
  for (const port of kept) await open(port);
});

test('a port that is taken is named', async () => {
  const port = await open();
  await assert.rejects(open(port), new RegExp(`Cannot listen on 127.0.0.1:${port} \\(EADDRINUSE\\)`));
});

test('an idle connection is kept for minutes, as by Azure, and the client is told', async () => {
  const server = createServer((_, response) => response.end());
  servers.push(server);
  const answer = await fetch(`http://127.0.0.1:${await listen(server)}`);
  assert.match(answer.headers.get('keep-alive') ?? '', /^timeout=240\b/);
});

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const connected: [what: string, sends: string][] = [
  ['has sent nothing', ''],
  ['is idle after an answer', get('/')],
  ['waits for an answer', get('/never')],
  ['sends a body', 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf'],
  ['does not read a large answer', get('/large')],
  ['does not read a large answer, the last of its connection', get('/large', 'Connection: close\r\n')],
  ['was given over to the server by CONNECT', 'CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n'],
];
for (const [what, sends] of connected)
  test(`a server that stops cuts a connection that ${what}`, async () => {
    const server = createServer((request, response) => {
      if (request.url === '/large') response.end(Buffer.alloc(64 * 2 ** 20));
      else if (request.url !== '/never') response.end();
    });
    server.on('connect', (_, socket) => socket.on('error', () => {}));
    const port = await listen(server);
    const client = createConnection(port, '127.0.0.1').pause();
    client.on('error', () => {});
    await new Promise((resolve) => client.once('connect', resolve));
    const isHeard = ['request', 'connect'].map(
      (name) => new Promise((resolve) => server.once(name, resolve)),
    );
    client.write(sends);
    if (sends) await Promise.race(isHeard);
    const cut = new Promise((resolve) => client.once('close', resolve));
    await close(server);
    client.resume();
    await cut;
  });

const root = join(import.meta.dirname, '../..');
const serving = ['local', 'test/doubles', 'test/stack']
  .flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((f) => join(top, f)),
  )
  .filter((file) => file.endsWith('.ts') && !/node_modules|machine\/listening/.test(file))
  .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
  .filter(
    ({ file, text }) => /import .*createServer/.test(text) || file.startsWith('local/runEngine/api/server'),
  );

for (const { file, text } of serving)
  test(`${file} listens as every server here does`, () => {
    assert.match(text, /import \{[^}]*\blisten\b[^}]*\} from '[./]+\/(local\/)?(machine\/)?listening\.ts'/);
    assert.doesNotMatch(text, /\.(listen|keepAliveTimeout)\b/);
  });

test('servers are found', () => assert.ok(serving.length >= 20, `${serving.length} files`));

test.run();
