import assert from 'node:assert/strict';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Header } from 'tar';
import { suite } from 'uvu';
import { createSourceContext } from '../shared/adapters/sourceContext.ts';
import { SourceError } from '../shared/ports/sourceContext.ts';

const test = suite('archives as their owners write them');

type Entry = [path: string, content: string | { link: string } | { hard: string } | 'folder'];
const link = (target: string) => ({ link: target });

function tarOf(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(([path, content]) => {
    const isFile = typeof content === 'string' && content !== 'folder';
    const bytes = Buffer.from(isFile ? content : '');
    const header = new Header({
      path,
      mode: 0o644,
      size: bytes.length,
      mtime: new Date(0),
      type: isFile
        ? 'File'
        : content === 'folder'
          ? 'Directory'
          : 'link' in Object(content)
            ? 'SymbolicLink'
            : 'Link',
      ...(typeof content === 'object' && { linkpath: Object.values(content)[0]! }),
    });
    header.encode();
    return [header.block!, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

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
    /not a tar|no folder/,
  ],
  [
    'a link in place of a full folder',
    [
      ['a/f', 'x'],
      ['a', link('b')],
    ],
    /twice|no folder/,
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

test.run();
