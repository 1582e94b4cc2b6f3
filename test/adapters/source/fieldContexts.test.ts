import assert from 'node:assert/strict';
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list } from 'tar';
import { suite } from 'uvu';
import type { GitObjects, TreeEntry } from '../../../shared/adapters/source/gitObjects.ts';
import { writeTree } from '../../../shared/adapters/source/gitTree.ts';
import { packContext } from '../../../shared/adapters/source/packContext.ts';
import { pinnedFiles } from '../../../shared/flow/prepare/pinnedFiles.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';

const test = suite('contexts as their owners write them');
let home: string;
test.before(async () => {
  home = await mkdtemp(join(tmpdir(), 'plinth-field-'));
});
test.after(() => rm(home, { recursive: true, force: true }));

/** A repository of one folder. */
const folderOf = (names: [name: string | Buffer, content: string, mode?: string][]): GitObjects => ({
  commit: async (oid) => ({ oid, tree: '' }),
  tree: async () =>
    names.map(
      ([name, content, mode = '100644']): TreeEntry => ({
        path: Buffer.from(name as string),
        mode,
        oid: content,
      }),
    ),
  blob: async (oid) => Buffer.from(oid),
});

const write = async (objects: GitObjects) => {
  const root = await mkdtemp(join(home, 'tree-'));
  await writeTree(
    objects,
    root,
    { path: '', tree: '' },
    { what: 'R', maxBytes: 1e6, signal: AbortSignal.timeout(1e4) },
  );
  return root;
};

test('names from git keep their bytes through the packed context', async () => {
  const names = [
    'back\\slash',
    'caf\xe9',
    '\xff\xfe',
    'caf\xe8',
    'new\nline',
    '\xc3\xbc',
    'u\xcc\x88',
    'x'.repeat(255),
  ];
  const root = await write(folderOf(names.map((name) => [Buffer.from(name, 'latin1'), 'x'])));
  const packed = await packContext(root, []);
  const out = await mkdtemp(join(home, 'out-'));
  const { execFileSync } = await import('node:child_process');
  execFileSync('tar', ['-xzf', packed.path, '-C', out]);
  const found = await readdir(out, { encoding: 'latin1' as BufferEncoding });
  assert.deepEqual(found.sort(), names.sort());
  await packed.dispose();
});

const badTrees: [title: string, objects: GitObjects, says: RegExp][] = [
  ['a name that is too long', folderOf([['x'.repeat(256), 'x']]), /x" is too long a name/],
  [
    'a name twice',
    folderOf([
      ['a', 'x'],
      ['a', 'y'],
    ]),
    /"a" is there twice/,
  ],
  [
    'a link of a name twice',
    folderOf([
      ['a', 'x'],
      ['a', 'y', '120000'],
    ]),
    /"a" is there twice/,
  ],
  [
    'a submodule of a name twice',
    folderOf([
      ['a', 'x'],
      ['a', 'y', '160000'],
    ]),
    /"a" is there twice/,
  ],
  ['an absolute link', folderOf([['a', '/etc/passwd', '120000']]), /link a is absolute/],
  [
    'a link that leads out over another',
    folderOf([
      ['a', '.', '120000'],
      ['b', 'a/..', '120000'],
    ]),
    /link b leads out/,
  ],
];
for (const [title, objects, says] of badTrees)
  test(`a repository with ${title} is refused at once, not tried again`, () =>
    assert.rejects(write(objects), (error) => {
      assert.ok(error instanceof SourceError && error.code === 'BadArchive', String(error));
      assert.match(error.message, says);
      return true;
    }));

test('a repository with more entries than this app takes is too large: whoever builds may take it', () =>
  assert.rejects(write(folderOf(Array.from({ length: 100_001 }, (_, at) => [`${at}`, 'x']))), (error) => {
    assert.ok(error instanceof SourceError && error.code === 'TooLarge', String(error));
    assert.equal(error.limit, 'entries');
    assert.match(error.message, /more than 100000 files, folders and links/);
    return true;
  }));

test('a file below a linked folder is put where the link leads', async () => {
  const root = await mkdtemp(join(home, 'linked-'));
  await mkdir(join(root, 'real/deep'), { recursive: true });
  await writeFile(join(root, 'real/deep/Dockerfile'), 'FROM old');
  await symlink('real', join(root, 'one'));
  await symlink('one/deep', join(root, 'two'));
  for (const path of ['real/deep/Dockerfile', 'one/deep/Dockerfile', 'two/Dockerfile']) {
    const packed = await packContext(root, [{ path, content: 'FROM new' }]);
    const files: string[] = [];
    await list({
      file: packed.path,
      onReadEntry: (entry) => void (entry.type === 'File' && files.push(entry.path)),
    });
    assert.deepEqual(files, ['real/deep/Dockerfile'], path);
    await packed.dispose();
  }
  assert.ok((await lstat(join(root, 'two'))).isSymbolicLink());
});

test('files of one size and another content have another time, the same content the same', async () => {
  const root = await mkdtemp(join(home, 'times-'));
  const times = async () => {
    const packed = await packContext(root, [{ path: 'replaced', content: '1' }]);
    const found = new Map<string, number>();
    await list({
      file: packed.path,
      onReadEntry: (entry) => void found.set(entry.path, entry.mtime!.getTime()),
    });
    await packed.dispose();
    return found;
  };
  for (const [name, content] of [
    ['a', '1'],
    ['b', '1'],
    ['c', '2'],
    ['d', '3'],
  ] as const)
    await writeFile(join(root, name), content);
  const first = await times();
  assert.equal(first.get('a'), first.get('b'));
  assert.equal(first.get('a'), first.get('replaced'));
  assert.equal(new Set(['a', 'c', 'd'].map((name) => first.get(name))).size, 3);
  assert.deepEqual(await times(), first);
});

type Files = Record<string, string>;
const pinnings: [
  title: string,
  path: string,
  contextDir: string | undefined,
  files: Files,
  expected: Files,
  builder?: 'classic' | 'buildkit',
][] = [
  [
    'no ignore file',
    'Dockerfile',
    '',
    {},
    {
      '.plinth-pinned/Dockerfile.dockerignore': '.plinth-pinned\n.dockerignore\n',
      '.dockerignore': '.plinth-pinned\n.dockerignore\n',
    },
  ],
  [
    'one that takes everything back',
    'Dockerfile',
    '',
    { '.dockerignore': '*\n!**' },
    {
      '.plinth-pinned/Dockerfile.dockerignore': '*\n!**\n.plinth-pinned\n',
      '.dockerignore': '*\n!**\n.plinth-pinned\n',
    },
  ],
  [
    'one that takes the folder back',
    'Dockerfile',
    '',
    { '.dockerignore': '!.plinth-pinned\r\n' },
    {
      '.plinth-pinned/Dockerfile.dockerignore': '!.plinth-pinned\r\n.plinth-pinned\n',
      '.dockerignore': '!.plinth-pinned\r\n.plinth-pinned\n',
    },
  ],
  [
    'an empty one',
    'Dockerfile',
    '',
    { '.dockerignore': '' },
    {
      '.plinth-pinned/Dockerfile.dockerignore': '.plinth-pinned\n',
      '.dockerignore': '.plinth-pinned\n',
    },
  ],
  [
    'one that BuildKit would put into the image',
    'Dockerfile',
    '',
    { '.dockerignore': 'x' },
    { '.plinth-pinned/Dockerfile.dockerignore': 'x\n.plinth-pinned\n' },
    'buildkit',
  ],
  [
    'none, for BuildKit',
    'Dockerfile',
    '',
    {},
    {
      '.plinth-pinned/Dockerfile.dockerignore': '.plinth-pinned\n.dockerignore\n',
      '.dockerignore': '.plinth-pinned\n.dockerignore\n',
    },
    'buildkit',
  ],
  [
    'one of its own before the common one',
    'app/App.Dockerfile',
    '',
    { '.dockerignore': 'x\n', 'app/App.Dockerfile.dockerignore': 'secrets\r\n' },
    {
      '.plinth-pinned/App.Dockerfile.dockerignore': 'secrets\r\n.plinth-pinned\n',
      '.dockerignore': 'x\n.plinth-pinned\n',
    },
  ],
  [
    'an empty one of its own',
    'Dockerfile',
    '',
    { '.dockerignore': 'x\n', 'Dockerfile.dockerignore': '' },
    {
      '.plinth-pinned/Dockerfile.dockerignore': '.plinth-pinned\n',
      '.dockerignore': 'x\n.plinth-pinned\n',
    },
  ],
  [
    'one of the folder that is built',
    'app/Dockerfile',
    'app',
    { '.dockerignore': 'x\n', 'app/.dockerignore': 'y' },
    { '.plinth-pinned/Dockerfile.dockerignore': 'y\n.plinth-pinned\n' },
  ],
  [
    'a folder elsewhere',
    'Dockerfile',
    undefined,
    { '.dockerignore': 'x\n' },
    { '.plinth-pinned/Dockerfile.dockerignore': '.plinth-pinned\n' },
  ],
];
for (const [title, path, contextDir, files, expected, builder = 'classic'] of pinnings)
  test(`what is ignored stays so beside a pinned Dockerfile, and the copy too: ${title}`, async () => {
    const read = async (name: string) => files[name];
    const pinned = await pinnedFiles({ path, content: 'FROM pinned', contextDir, builder }, read);
    const found = Object.fromEntries(pinned.files.map((file) => [file.path, file.content]));
    assert.deepEqual(found, { [pinned.file]: 'FROM pinned', ...expected });
  });

test.run();
