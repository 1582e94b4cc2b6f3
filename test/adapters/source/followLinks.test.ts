import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import { followLinks } from '../../../shared/adapters/source/contextLinks.ts';

const test = suite('symbolic links of a context, followed');
let root: string;

test.before.each(async () => {
  root = await mkdtemp(join(tmpdir(), 'plinth-links-'));
  await mkdir(join(root, 'folder/below'), { recursive: true });
  await writeFile(join(root, 'file'), '');
});
test.after.each(() => rm(root, { recursive: true, force: true }));

async function leaves(links: Record<string, string>, asked: string, signal = new AbortController().signal) {
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
  return followLinks(root, signal)(Buffer.from(asked));
}

const rows: [title: string, links: Record<string, string>, asked: string, leaves: boolean][] = [
  ['to a file', { a: 'file' }, 'a', false],
  ['to what is not there', { a: 'none/of/this' }, 'a', false],
  ['through what is not there and back', { a: 'none/../file' }, 'a', false],
  ['through what is not there and out', { a: 'none/../../x' }, 'a', true],
  ['through what is not there to a link that leads out', { a: 'none/../b', b: '..' }, 'a', true],
  ['to itself', { a: 'a' }, 'a', false],
  ['round over two others', { a: 'b', b: 'c', c: 'a' }, 'a', false],
  ['over a folder that is a link upwards', { 'folder/up': '..', a: 'folder/up/../x' }, 'a', true],
  ['over a folder that is a link, and not out', { 'folder/up': '..', a: 'folder/up/file' }, 'a', false],
  ['to an absolute path', { a: '/etc/passwd' }, 'a', true],
  ['over another to an absolute path', { a: 'b', b: '/etc' }, 'a', true],
  ['below a file', { a: 'file/x/..' }, 'a', false],
];
for (const [title, links, asked, expected] of rows)
  test(`a link ${title} ${expected ? 'leaves it' : 'stays inside'}`, async () => {
    assert.equal(await leaves(links, asked), expected);
  });

const long = (part: string) => part.repeat(Math.floor(4001 / part.length));
const costly: [title: string, target: string][] = [
  ['up and down one folder', long('folder/../')],
  ['into a folder that is not there', long('none/')],
  ['up and down a folder that is not there', long('none/../')],
  ['to where it stands', long('./')],
];
for (const [title, target] of costly)
  test(`a thousand links with the longest targets, ${title}, are followed within the clock's limit`, async () => {
    const names = Array.from({ length: 1000 }, (_, at) => `link${at}`);
    for (const name of names) await symlink(target, join(root, name));
    const follow = followLinks(root, AbortSignal.timeout(10_000));
    for (const name of names) assert.equal(await follow(Buffer.from(name)), false);
  });

test('following ends with the signal, also between targets that are known already', async () => {
  for (let at = 0; at < 40; at++)
    await symlink(`${long('folder/../')}link${at + 1}`, join(root, `link${at}`)).catch(() => {});
  const follow = followLinks(root, AbortSignal.timeout(100));
  await assert.rejects(async () => {
    for (;;) await follow(Buffer.from('link0'));
  }, /timeout/i);
});

test.run();
