import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { test } from 'uvu';
import { close, listen } from '../../../local/machine/listening.ts';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { SourceError, type SourceErrorCode } from '../../../shared/ports/sourceContext.ts';
import { dockerfile, fetched, leftOvers, MiB, refuses, secret } from '../../doubles/contextWorld.ts';

type TarEntry = {
  path: string;
  type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'Directory';
  linkpath?: string;
  text?: string;
};

/** A tar with whatever is asked for in it: no tool would write these. */
function tarOf(entries: TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath, text = '' }) => {
    const content = type === 'File' ? Buffer.from(text) : Buffer.alloc(0);
    const header = new Header({
      path,
      type,
      mode: 0o644,
      size: content.length,
      mtime: new Date(0),
      ...(linkpath ? { linkpath } : {}),
    });
    header.encode();
    return [header.block!, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const unpack = async (bytes: Uint8Array, maxBytes = 50 * MiB) =>
  createSourceContext({
    fetch,
    readUpload: async () =>
      (async function* () {
        for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
      })(),
  }).fetch({ kind: 'upload', relativePath: 'x.tar.gz' }, { maxBytes });

const hostile: [title: string, entries: TarEntry[], says: RegExp][] = [
  ['a path out of it', [{ path: '../x', text: 'x' }], /climbs out/],
  ['an absolute path', [{ path: '/tmp/x', text: 'x' }], /is absolute/],
  ['a link out of it', [{ path: 'a/l', type: 'SymbolicLink', linkpath: '../../x' }], /climbs out/],
  ['an absolute link', [{ path: 'l', type: 'SymbolicLink', linkpath: '/etc/passwd' }], /is absolute/],
  [
    'a file under a link',
    [
      { path: 'd', type: 'SymbolicLink', linkpath: '.' },
      { path: 'd/x', text: 'x' },
    ],
    /below the symbolic link d/,
  ],
  ['a hard link to a file outside', [{ path: 'h', type: 'Link', linkpath: '/etc/passwd' }], /hard link/],
  [
    'a link out of it over another',
    [
      { path: 'a/b/s', type: 'SymbolicLink', linkpath: '../..' },
      { path: 'l', type: 'SymbolicLink', linkpath: 'a/b/s/..' },
    ],
    /"l" is a symbolic link that leads out/,
  ],
  ['a device', [{ path: 'null', type: 'CharacterDevice' }], /CharacterDevice/],
];

for (const [title, entries, says] of hostile)
  test(`an archive with ${title} is refused`, async () => {
    for (const bytes of [tarOf(entries), gzipSync(tarOf(entries))])
      await assert.rejects(unpack(bytes), (error) => {
        assert.ok(error instanceof SourceError, String(error));
        assert.equal(error.code, 'BadArchive', error.message);
        assert.match(error.message, says);
        return true;
      });
  });

const unreadable: [title: string, bytes: () => Uint8Array, code: SourceErrorCode][] = [
  ['a page of HTML', () => Buffer.from('<html>not found</html>'.repeat(100)), 'BadArchive'],
  ['nothing', () => Buffer.alloc(0), 'BadArchive'],
  [
    'a broken gzip',
    () => gzipSync(tarOf([{ path: 'x', text: 'x'.repeat(5000) }])).subarray(0, 60),
    'BadArchive',
  ],
  ['more than the limit', () => tarOf([{ path: 'x', text: 'x'.repeat(2 * MiB) }]), 'TooLarge'],
  ['a bomb', () => gzipSync(tarOf([{ path: 'x', text: '0'.repeat(20 * MiB) }])), 'TooLarge'],
];
for (const [title, bytes, code] of unreadable)
  test(`an archive that is ${title} is ${code}`, async () => {
    const before = await leftOvers();
    await assert.rejects(
      unpack(bytes(), MiB),
      (error) => error instanceof SourceError && error.code === code,
    );
    assert.deepEqual(await leftOvers(), before);
  });

test('an upload that is not there is told as such', () =>
  assert.rejects(
    createSourceContext({ fetch }).fetch({ kind: 'upload', relativePath: 'x' }, { maxBytes: MiB }),
    (error) => error instanceof SourceError && error.code === 'NotFound',
  ));

test('an archive is downloaded, and its query string told to nobody', async () => {
  const bytes = gzipSync(
    tarOf([
      { path: './Dockerfile', text: 'FROM tar\n' },
      { path: './app/x', text: 'x' },
    ]),
  );
  const web = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const found = url.pathname === '/src.tar.gz';
    const allowed = found && url.searchParams.get('sig') === secret;
    response.writeHead(allowed ? 200 : found ? 403 : 404).end(allowed ? bytes : 'no');
  });
  const url = `http://127.0.0.1:${await listen(web)}`;
  try {
    await fetched(`${url}/src.tar.gz?sig=${secret}`, async (source) =>
      assert.equal(await dockerfile(source), 'FROM tar\n'),
    );
    await fetched(`${url}/src.tar.gz`, async (source) => assert.equal(source.bytes, 10), {
      token: `?sig=${secret}`,
    });
    await refuses(`${url}/src.tar.gz?sig=${secret}x`, 'Unauthorized', /SAS/);
    await refuses(`${url}/no.tar.gz?sig=${secret}`, 'NotFound', /no\.tar\.gz does not exist/);
  } finally {
    await close(web);
  }
});

test('no context is an empty folder', async () => {
  const source = await createSourceContext({ fetch }).fetch({ kind: 'none' }, { maxBytes: MiB });
  assert.deepEqual(await readdir(source.dir), []);
  await source.dispose();
});

test.run();
