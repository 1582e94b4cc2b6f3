import assert from 'node:assert/strict';
import { request as ask, createServer } from 'node:http';
import { suite } from 'uvu';
import { close, listen } from '../../local/machine/listening.ts';
import { readBody } from '../../local/machine/readBody.ts';

const test = suite('bodies of requests');
const limit = 1000;
/** A connection that ends with its answer loses the answer where bytes of the body were not received. */
const cut = { connection: 'close' };
const server = createServer(async (request, response) => {
  if (request.url === '/unread') return response.writeHead(401, cut).end();
  const body = await readBody(request, limit).catch(() => undefined);
  response.writeHead(body ? 200 : 413, cut).end(String(body?.length ?? ''));
});
const port = await listen(server);
test.after(() => close(server));

/** Sends so many pieces of so many bytes, one after the other, and looks at the answer only then. */
function send(path: string, pieces: number, size: number, isLengthSaid: boolean) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = isLengthSaid ? { 'content-length': pieces * size } : {};
    const sent = ask({ port, host: '127.0.0.1', path, method: 'PUT', headers }, (response) => {
      let text = '';
      response
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject);
    const piece = Buffer.alloc(size, 'x');
    const next = (left: number): void => {
      if (left === 0) sent.end();
      else sent.write(piece, () => setImmediate(next, left - 1));
    };
    next(pieces);
  });
}

const rows: Array<[what: string, path: string, pieces: number, size: number, status: number, text: string]> =
  [
    ['an empty body is whole', '/', 0, 0, 200, '0'],
    ['a body at the limit is whole', '/', 1, limit, 200, String(limit)],
    ['a body in pieces up to the limit is whole', '/', 10, limit / 10, 200, String(limit)],
    ['a body one byte over the limit is refused', '/', 1, limit + 1, 413, ''],
    ['a body that goes on long after the limit is refused', '/', 400, 65_536, 413, ''],
    ['a body of one large piece is refused', '/', 1, 30_000_000, 413, ''],
    ['a request that is refused before its body is read has its answer', '/unread', 400, 65_536, 401, ''],
  ];
for (const isLengthSaid of [true, false])
  for (const [what, path, pieces, size, status, text] of rows)
    test(`${what}, ${isLengthSaid ? 'its length said' : 'in chunks'}`, async () => {
      assert.deepEqual(await send(path, pieces, size, isLengthSaid), { status, text });
    });

test('a client that goes away before its body is complete ends the reading', async () => {
  const ended = new Promise<Error>((resolve) => {
    server.once('request', (request) => readBody(request).catch(resolve));
  });
  const sent = ask({ port, host: '127.0.0.1', method: 'PUT', headers: { 'content-length': 100 } });
  sent.on('error', () => {});
  sent.write('x', () => sent.destroy());
  assert.ok((await ended) instanceof Error);
});

test.run();
