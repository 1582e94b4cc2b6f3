import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { suite } from 'uvu';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import { waitFor } from '../../doubles/waitFor.ts';

const test = suite('what a fetch leaves behind');
let server: Server;
let answer: Answer;
/** Answers that have neither ended nor lost their reader. */
let open = 0;

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** Sent again and again, without an end. */
  more?: Buffer;
  first?: Buffer;
}

test.before(async () => {
  const listener: RequestListener = (request, response) => {
    const { status = 200, headers, first, more } = answer;
    open++;
    response.on('close', () => open--);
    request.resume();
    response.writeHead(status, headers);
    if (first) response.write(first);
    const send = () => {
      while (more && !response.destroyed) if (!response.write(more)) return void response.once('drain', send);
      if (!more) response.end();
    };
    send();
  };
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
test.after(() => {
  server.closeAllConnections();
  server.close();
});

const zeros = Buffer.alloc(64 * 1024);
const letters = Buffer.alloc(64 * 1024, 'a');
const entry = (path: string) => {
  const header = new Header({ path, type: 'File', mode: 0o644, size: 0, mtime: new Date(0) });
  header.encode();
  return header.block!;
};
const tar = (path: string) => Buffer.concat([entry(path), Buffer.alloc(1024)]);
const refs = { 'content-type': 'application/x-git-upload-pack-advertisement' };

const rows: [title: string, path: string, answer: Answer, says: RegExp | undefined][] = [
  ['an archive', 'a.tar', { first: tar('a') }, undefined],
  ['a compressed archive', 'a.tar', { first: gzipSync(tar('a')) }, undefined],
  ['no archive, without an end', 'a.tar', { more: letters }, /is not a tar/],
  [
    'a damaged gzip, without an end',
    'a.tar',
    { first: Buffer.from([0x1f, 0x8b]), more: letters },
    /is damaged/,
  ],
  [
    'a path that leads out, and more without an end',
    'a.tar',
    { first: entry('../x'), more: zeros },
    /climbs out/,
  ],
  ['an empty archive', 'a.tar', {}, /is not a tar|without files/],
  ['a refusal without an end', 'a.tar', { status: 403, more: letters }, /may not be read/],
  [
    'a redirect to nowhere',
    'a.tar',
    { status: 302, headers: { location: 'http://' }, more: letters },
    /to no URL/,
  ],
  ['a page in place of refs', 'a.git', { more: letters }, /is a page/],
  [
    'refs that are none, without an end',
    'a.git',
    { headers: refs, more: letters },
    /could not be fetched|larger/,
  ],
  ['refs that are missing', 'a.git', { status: 404, more: letters }, /does not exist/],
];
for (const [title, path, given, says] of rows)
  test(`${title}: no timer and no open answer is left of the fetch`, async () => {
    answer = given;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
    const before = timers();
    const error = await createSourceContext({ fetch })
      .fetch(parseSourceLocation(url), { maxBytes: 2 ** 20 })
      .then(
        (fetched) => fetched.dispose(),
        (reason: Error) => reason,
      );
    if (says) assert.match(error?.message ?? 'no fault', says);
    else assert.equal(error, undefined);
    await waitFor('the answer to end', async () => (open === 0 ? true : undefined), 2000);
    assert.equal(timers(), before);
  });

/** Those that keep the process alive. */
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

test.run();
