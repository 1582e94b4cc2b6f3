import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { blocksOf, type Entry, ends, pax, tarOf, typed } from '../../doubles/tarOf.ts';

const test = suite('archives that cannot be unpacked');

const { TMPDIR } = process.env;
const uncaught: unknown[] = [];
const hear = (cause: unknown) => void uncaught.push(cause);
let home: string;
test.before(async () => {
  home = await mkdtemp(join(tmpdir(), 'faulty-archives-'));
  process.env.TMPDIR = home;
  process.on('uncaughtException', hear);
});
test.after(async () => {
  process.off('uncaughtException', hear);
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await rm(home, { recursive: true });
});

type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>;
const unpack = (
  chunks: Chunks,
  { maxBytes = 1e8, timeoutSeconds = 60, signal = undefined as AbortSignal | undefined } = {},
) =>
  createSourceContext({
    fetch,
    timeoutSeconds,
    readUpload: async () =>
      (async function* () {
        yield* chunks;
      })(),
  }).fetch({ kind: 'upload', relativePath: 'x.tar' }, { maxBytes, ...(signal && { signal }) });

/** Refused so, with nothing left and nothing thrown afterwards. */
async function assertRefused(fetched: Promise<unknown>, code: string, says: RegExp): Promise<void> {
  await assert.rejects(fetched, (error) => {
    assert.ok(error instanceof SourceError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    return true;
  });
  await assertNothingLeft();
}

async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(await readdir(home), []);
  await setTimeout(50);
  assert.deepEqual(uncaught.splice(0), []);
}

const twice: [title: string, entries: Entry[], says: RegExp][] = [
  [
    'two files below a file',
    [
      ['x', '1'],
      ['x/y', '2'],
      ['x/z', '3'],
    ],
    /"x\/y" lies below the file x/,
  ],
  [
    'a file below a file and a hard link to that',
    [
      ['x', '1'],
      ['x/y', '2'],
      ['z', { hard: 'x' }],
    ],
    /"x\/y" lies below the file x/,
  ],
  [
    'two files in place of full folders',
    [
      ['d/f', '1'],
      ['d', '2'],
      ['e/f', '3'],
      ['e', '4'],
    ],
    /"[de]" takes the place of a folder/,
  ],
  [
    'a file twice in place of a full folder',
    [
      ['d/f', '1'],
      ['d', '2'],
      ['d', '3'],
    ],
    /"d" takes the place of a folder/,
  ],
  [
    'hard links to a file that a folder replaced',
    [
      ['x', '1'],
      ['x', 'folder'],
      ['y', { hard: 'x' }],
      ['z', { hard: 'x' }],
    ],
    /"y" is a hard link to what is not a file/,
  ],
  [
    'hard links in place of full folders',
    [
      ['x', '1'],
      ['d/f', '2'],
      ['d', { hard: 'x' }],
      ['e/f', '3'],
      ['e', { hard: 'x' }],
    ],
    /"[de]" takes the place of a folder/,
  ],
  [
    'two folders below a file',
    [
      ['x', '1'],
      ['x/y', 'folder'],
      ['x/z', 'folder'],
    ],
    /"x\/y" lies below the file x/,
  ],
];
for (const [title, entries, says] of twice)
  test(`an archive with ${title} is refused, and its second fault ends nothing`, () =>
    assertRefused(unpack([tarOf(entries)]), 'BadArchive', says));

const longName = `n/${'m'.repeat(300)}`;
const long: [title: string, archive: Buffer][] = [
  [
    'names',
    ends(
      ...['a', 'b'].map((at) => Buffer.concat([pax([['path', `${at}/${longName}`]]), blocksOf([[at, 'x']])])),
    ),
  ],
  ['names of links', ends(pax([['path', longName]]), blocksOf([['n', { link: 'x' }]]))],
];
for (const [title, archive] of long)
  test(`an archive with ${title} longer than a file system takes is refused by name`, () =>
    assertRefused(unpack([archive]), 'BadArchive', /the entry ".{70,90}…" is too long a name/));

/** Files in folders of their own, more than are written at once. */
const files = (count: number, size = 2000): Buffer =>
  blocksOf(Array.from({ length: count }, (_, at): Entry => [`d${at % 50}/e${at}/f`, 'x'.repeat(size)]));
async function* endless() {
  for (const more = files(100); ; await setTimeout(1)) yield more;
}
const garbage = Buffer.alloc(20_000, 'garbage');
const broken = gzipSync(ends(files(300)), { level: 0 }).fill(7, 400_000);

const midway: [
  title: string,
  chunks: () => Chunks,
  code: string,
  says: RegExp,
  limits?: Parameters<typeof unpack>[1],
][] = [
  ['is garbage after five files', () => [files(5), garbage], 'BadArchive', /not a tar/],
  ['is garbage after five hundred', () => [files(500), garbage], 'BadArchive', /not a tar/],
  ['is cut within a file', () => [files(300).subarray(0, -3000)], 'BadArchive', /not a tar/],
  ['is damaged where it is compressed', () => [broken], 'BadArchive', /not a tar/],
  ['takes too long', endless, 'Unreachable', /not fetched within 0.3 s/, { timeoutSeconds: 0.3 }],
  ['is too large', endless, 'TooLarge', /larger than/, { maxBytes: 1e6 }],
  [
    'has a link out of it',
    () => [files(100), tarOf([['l', { link: '../../x' }]])],
    'BadArchive',
    /"l" is a symbolic link that climbs/,
  ],
  ['has a pipe', () => [files(100), ends(typed('p', '6'))], 'BadArchive', /"p" is a FIFO/],
  [
    'has a file in place of a folder',
    () => [files(100), tarOf([['d7', 'x']]), files(100)],
    'BadArchive',
    /"d7" takes the place/,
  ],
];
for (const [title, chunks, code, says, limits] of midway)
  test(`an archive that ${title} is refused for that, and leaves no directory`, () =>
    assertRefused(unpack(chunks(), limits), code, says));

test('a fetch that is given up within an archive ends with the reason, and leaves no directory', async () => {
  const reason = new Error('given up');
  const ended = new AbortController();
  const fetched = unpack(endless(), { signal: ended.signal });
  void setTimeout(100).then(() => ended.abort(reason));
  await assert.rejects(fetched, (error) => error === reason);
  await assertNothingLeft();
});

test('a store that fails within an archive is told as it is, and leaves no directory', async () => {
  const reason = Object.assign(new Error('the store is away'), { syscall: 'read' });
  const chunks = (async function* () {
    yield files(100);
    throw reason;
  })();
  await assert.rejects(unpack(chunks), (error) => error === reason);
  await assertNothingLeft();
});

const file = blocksOf([['hole', 'x']]);
const misread: [title: string, archive: Buffer, says: RegExp][] = [
  [
    'a sparse file of version 0.0',
    ends(
      pax([
        ['GNU.sparse.size', '1000'],
        ['GNU.sparse.numblocks', '1'],
        ['GNU.sparse.offset', '0'],
        ['GNU.sparse.numbytes', '1'],
      ]),
      file,
    ),
    /"hole" is a sparse file/,
  ],
  ['a NUL in a name', ends(pax([['path', 'hole\0more']]), file), /"hole" has a name .*NUL/],
  [
    'a NUL in a link',
    ends(pax([['linkpath', 'a\0b']]), blocksOf([['l', { link: 'x' }]])),
    /"l" has a name or target .*NUL/,
  ],
  ['a line break in a name', ends(pax([['path', 'more\nhole']]), file), /"hole" has a name .*line break/],
  [
    'a name that is not UTF-8',
    ends(typed('PaxHeader', 'x', Buffer.from('12 path=a\xe9\n', 'latin1')), file),
    /not UTF-8/,
  ],
  ['a name with .. behind a backslash', tarOf([['a\\..\\b', 'x']]), /"a\\\\..\\\\b" cannot be unpacked/],
  [
    'a path of too many folders',
    ends(pax([['path', `${'d/'.repeat(1500)}f`]]), file),
    /"d\/.*…" cannot be unpacked: .*deep/,
  ],
];
for (const [title, archive, says] of misread)
  for (const before of [0, 5])
    test(`an archive with ${title} after ${before} files is refused by name`, () =>
      assertRefused(unpack([Buffer.concat([files(before), archive])]), 'BadArchive', says));

const empty: [title: string, archive: Buffer][] = [
  ['its own folder alone', tarOf([['./', 'folder']])],
  [
    'its own folder twice',
    tarOf([
      ['./', 'folder'],
      ['././', 'folder'],
    ]),
  ],
];
for (const [title, archive] of empty)
  test(`an archive of ${title} is refused`, () =>
    assertRefused(unpack([archive]), 'BadArchive', /an archive without files/));

for (const path of ['C:/x', 'c:y', 'd/C:/x'])
  test(`a file ${path} keeps its name`, async () => {
    const source = await unpack([
      tarOf([
        [path, 'x'],
        ['z', { hard: path }],
      ]),
    ]);
    assert.equal(await readFile(join(source.dir, path), 'utf8'), 'x');
    assert.equal(await readFile(join(source.dir, 'z'), 'utf8'), 'x');
    await source.dispose();
  });

for (const letter of ['é', '語', '𝒳'])
  test(`a long name of ${letter} is whole, wherever the archive is cut on its way`, async () => {
    const path = `${letter.repeat(50)}/${letter.repeat(50)}`;
    const archive = ends(pax([['path', path]]), file);
    for (let cut = 700; cut < 704; cut++) {
      const source = await unpack([archive.subarray(0, cut), archive.subarray(cut)]);
      assert.equal(await readFile(join(source.dir, path), 'utf8'), 'x', `cut at ${cut}`);
      await source.dispose();
    }
  });

test.run();
