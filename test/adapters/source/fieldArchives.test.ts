import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { type Entry, ends, tarOf, typed } from '../../doubles/tarOf.ts';

const test = suite('archives as their owners write them');

const link = (target: string) => ({ link: target });

const unpack = (bytes: Buffer) =>
  createSourceContext({
    fetch,
    readUpload: async () =>
      (async function* () {
        yield bytes;
      })(),
  }).fetch({ kind: 'upload', relativePath: 'x.tar.gz' }, { maxBytes: 1e6 });

const taken: [title: string, entries: Entry[], path: string, target?: string][] = [
  [
    'a link to a link',
    [
      ['a/f', 'x'],
      ['b', link('a')],
      ['c', link('b')],
    ],
    'c',
    'b',
  ],
  [
    'a link to a link before it',
    [
      ['c', link('b')],
      ['b', link('a')],
      ['a/f', 'x'],
    ],
    'c',
    'b',
  ],
  [
    'a link over a link',
    [
      ['a/f', 'x'],
      ['b', link('a')],
      ['c', link('b/f')],
    ],
    'c',
    'b/f',
  ],
  [
    'a link up and down again',
    [
      ['a/f', 'x'],
      ['c', link('a/../a/f')],
    ],
    'c',
    'a/../a/f',
  ],
  [
    'a circle of links',
    [
      ['b', link('c')],
      ['c', link('b')],
    ],
    'c',
    'b',
  ],
  ['a link to what is not there', [['c', link('no/where')]], 'c', 'no/where'],
  [
    'a hard link to a link',
    [
      ['b', link('a')],
      ['c', { hard: 'b' }],
    ],
    'c',
    'a',
  ],
  [
    'a file in place of a link',
    [
      ['c', link('a')],
      ['./c', 'x'],
    ],
    'c',
  ],
  [
    'a link in place of a file',
    [
      ['c', 'x'],
      ['c', link('a')],
    ],
    'c',
    'a',
  ],
  ['a path with more slashes and dots than it needs', [['./a//./f', 'x']], 'a/f'],
  ['a backslash', [['a\\f', 'x']], 'a\\f'],
  [
    'two names that look alike',
    [
      ['u\u0308', 'x'],
      ['ü', 'y'],
    ],
    'u\u0308',
  ],
];
for (const [title, entries, path, target] of taken)
  test(`an archive with ${title} is taken`, async () => {
    const source = await unpack(tarOf(entries));
    const place = join(source.dir, path);
    if (target === undefined) assert.equal(await readFile(place, 'utf8'), 'x');
    else assert.equal(await readlink(place), target);
    await source.dispose();
  });

const refused: [title: string, entries: Entry[], says: RegExp][] = [
  [
    'a link that leads out over another',
    [
      ['a/b/s', link('../..')],
      ['c', link('a/b/s/..')],
    ],
    /"c" .*leads out/,
  ],
  [
    'a link that leads out over a later one',
    [
      ['c', link('b/..')],
      ['b', link('.')],
    ],
    /"c" .*leads out/,
  ],
  [
    'a hard link to a link that leads out there',
    [
      ['a/b', link('../f')],
      ['c', { hard: 'a/b' }],
    ],
    /"c" .*climbs out/,
  ],
  [
    'a file below a link to a link',
    [
      ['b', link('.')],
      ['c', link('b')],
      ['c/f', 'x'],
    ],
    /below the symbolic link c/,
  ],
  [
    'a file below a file',
    [
      ['a', 'x'],
      ['a/f', 'x'],
    ],
    /"a\/f" lies below the file a/,
  ],
  [
    'a link in place of a full folder',
    [
      ['a/f', 'x'],
      ['a', link('b')],
    ],
    /"a" is there twice/,
  ],
];
for (const [title, entries, says] of refused)
  test(`an archive with ${title} is refused`, () =>
    assert.rejects(unpack(tarOf(entries)), (error) => {
      assert.ok(error instanceof SourceError && error.code === 'BadArchive', String(error));
      assert.match(error.message, says);
      return true;
    }));

test('a name of an archive that is not UTF-8 is refused by name', async () => {
  const bytes = tarOf([['cafX', 'x']]);
  // The sum of the header's bytes stays.
  bytes[3] = 0xe9;
  const sum = Number.parseInt(bytes.toString('latin1', 148, 154), 8) + 0xe9 - 'X'.charCodeAt(0);
  bytes.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  await assert.rejects(unpack(bytes), /"caf\ufffd" or its target is not UTF-8; rename it/);
});

const plain = tarOf([['Dockerfile', 'FROM x']]).subarray(0, 1024);

const leftOut: [title: string, archive: Buffer, why: RegExp][] = [
  ['a sparse file of GNU tar', ends(plain, typed('disk.img', 'S')), /disk\.img.*sparse/],
  [
    'a sparse file in pax form',
    ends(plain, tarOf([['GNUSparseFile.7/disk.img', 'map']]).subarray(0, 1024)),
    /sparse/,
  ],
  [
    'a sparse file in pax form below a folder',
    ends(plain, tarOf([['a/GNUSparseFile.7/disk.img', 'map']]).subarray(0, 1024)),
    /sparse/,
  ],
  ['a volume header', ends(plain, typed('label', 'V')), /label.*TapeVolumeHeader/],
  ['a continued file', ends(plain, typed('part', 'M')), /part.*may not hold/],
  ['an access list of Solaris', ends(plain, typed('acl', 'A')), /acl.*may not hold/],
  ['an entry of an unknown kind', ends(plain, typed('what', 'Z')), /what.*may not hold/],
  ['a character device', ends(plain, typed('tty', '3')), /tty.*CharacterDevice/],
  ['a pipe', ends(plain, typed('pipe', '6')), /pipe.*FIFO/],
  [
    'a long name of more than a megabyte',
    gzipSync(ends(plain, typed('././@LongLink', 'L', Buffer.alloc(1_200_000, 'a')), plain)),
    /may not hold|characters/,
  ],
  [
    'a file in place of a folder with files',
    tarOf([
      ['a/b', 'x'],
      ['a', 'y'],
    ]),
    /"a" takes the place of a folder/,
  ],
];
for (const [title, archive, why] of leftOut)
  test(`an archive with ${title} is refused by name, not unpacked without it`, async () => {
    await assert.rejects(unpack(archive), (error: Error) => {
      assert.ok(error instanceof SourceError, String(error));
      assert.match(error.message, why);
      return true;
    });
  });

test.run();
