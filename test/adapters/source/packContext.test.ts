import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { list, type ReadEntry } from 'tar';
import { suite } from 'uvu';
import { packContext } from '../../../shared/adapters/source/packContext.ts';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';

const test = suite('packing a context');
const long = `${'long/'.repeat(60)}name.txt`;
const replace = [
  { path: 'Dockerfile', content: 'FROM pinned\n' },
  { path: long, content: 'x' },
];
let dir: string;

test.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plinth-test-'));
  for (const folder of ['.git', 'app/.git', 'empty', 'app/deep'])
    await mkdir(join(dir, folder), { recursive: true });
  await writeFile(join(dir, '.git/config'), 'x');
  await writeFile(join(dir, 'app/.git/kept'), 'x');
  await writeFile(join(dir, 'app/deep/ä b.txt'), 'ü');
  await writeFile(join(dir, 'app/run.sh'), '#!/bin/sh\n');
  await chmod(join(dir, 'app/run.sh'), 0o755);
  await writeFile(join(dir, 'app/Dockerfile'), 'FROM node\n');
  await symlink('app/Dockerfile', join(dir, 'Dockerfile'));
  await symlink('../app', join(dir, 'empty/link'));
});

test.after(() => rm(dir, { recursive: true, force: true }));

async function entriesOf(path: string) {
  const entries = new Map<string, ReadEntry>();
  const onReadEntry = (entry: ReadEntry) => void entries.set(entry.path.replace(/^\.\//, ''), entry);
  await list({ file: path, onReadEntry });
  return entries;
}

test('modes, links, empty folders and long names are kept, the .git of the top is left out', async () => {
  const packed = await packContext(dir, replace);
  const entries = await entriesOf(packed.path);
  assert.equal(packed.size, (await stat(packed.path)).size);
  assert.equal(entries.get('app/run.sh')!.mode! & 0o111, 0o111);
  assert.equal(entries.get('empty/link')!.linkpath, '../app');
  for (const path of ['empty/', 'app/deep/ä b.txt', 'app/.git/kept', long])
    assert.ok(entries.has(path), path);
  assert.deepEqual(
    [...entries.keys()].filter((path) => path.startsWith('.git')),
    [],
  );
  await packed.dispose();
  await assert.rejects(lstat(packed.path));
});

test('a replaced file is there once, as a file also where a link was, and the directory is not changed', async () => {
  const packed = await packContext(dir, replace);
  const context = createSourceContext({
    fetch,
    readUpload: async () => oneChunk(await readFile(packed.path)),
  });
  const source = await context.fetch({ kind: 'upload', relativePath: 'x' }, { maxBytes: 1024 * 1024 });
  assert.ok((await lstat(join(source.dir, 'Dockerfile'))).isFile());
  assert.equal(await readFile(join(source.dir, 'Dockerfile'), 'utf8'), 'FROM pinned\n');
  assert.equal(await readFile(join(source.dir, 'app/Dockerfile'), 'utf8'), 'FROM node\n');
  assert.equal(await readFile(join(source.dir, long), 'utf8'), 'x');
  assert.equal(await readFile(join(dir, 'Dockerfile'), 'utf8'), 'FROM node\n');
  await packed.dispose();
  await source.dispose();
});

test('the same files give the same bytes, whenever they were written', async () => {
  const one = await packContext(dir, replace);
  await utimes(join(dir, 'app/run.sh'), new Date(), new Date());
  const two = await packContext(dir, [...replace].reverse());
  assert.ok((await readFile(one.path)).equals(await readFile(two.path)));
  await one.dispose();
  await two.dispose();
});

async function* oneChunk(bytes: Uint8Array) {
  yield bytes;
}

test.run();
