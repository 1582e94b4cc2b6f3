import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import type { GitObjects, TreeEntry } from '../../../shared/adapters/source/gitObjects.ts';
import { findFolder } from '../../../shared/adapters/source/gitTree.ts';

const test = suite('the folder of a repository that is a context');

/** A folder, or text: the target of a link, unless it begins as a file does. */
type Tree = { [name: string]: Tree | string };
const file = 'file:';

/** The objects of a tree, by the place of each in it; counts how often a tree is read. */
function objectsOf(root: Tree) {
  const reads = { trees: 0 };
  const at = (oid: string) =>
    oid.split('/').reduce<Tree | string>((tree, name) => (name ? (tree as Tree)[name]! : tree), root);
  const modeOf = (value: Tree | string) => {
    if (typeof value !== 'string') return '040000';
    return value.startsWith(file) ? '100644' : '120000';
  };
  const objects: GitObjects = {
    commit: async () => ({ oid: 'c', tree: '' }),
    async tree(oid): Promise<TreeEntry[]> {
      reads.trees++;
      return Object.entries(at(oid) as Tree).map(([name, value]) => ({
        mode: modeOf(value),
        path: Buffer.from(name),
        oid: `${oid}/${name}`,
      }));
    },
    blob: async (oid) => Buffer.from(at(oid) as string),
  };
  return { objects, reads };
}

const find = (root: Tree, folder: string, signal = new AbortController().signal) =>
  findFolder(objectsOf(root).objects, '', folder, { what: 'app.git', signal }).then(
    ({ path }) => path,
    (error: Error) => error.message,
  );

const rows: [title: string, root: Tree, folder: string, found: string][] = [
  ['by its name', { a: { b: {} } }, 'a/b', 'a/b'],
  ['over a link', { a: { b: {} }, now: 'a/b' }, 'now', 'a/b'],
  ['below a link', { a: { b: {} }, now: 'a' }, 'now/b', 'a/b'],
  ['over a link that climbs', { a: { up: '../b' }, b: { c: {} } }, 'a/up/c', 'b/c'],
  ['over a link through a link', { a: { b: { c: {} } }, l: 'a/b', m: 'l/../b/c' }, 'm', 'a/b/c'],
  ['with names that are no ASCII', { über: { '✓': {} }, l: 'über' }, 'l/✓', 'über/✓'],
];
for (const [title, root, folder, found] of rows)
  test(`${title} is ${found}`, async () => assert.equal(await find(root, folder), found));

const out = /leads out of the repository or in a circle/;
const refused: [title: string, root: Tree, folder: string, said: RegExp][] = [
  ['a link out of the repository', { l: 'a/../../x', a: {} }, 'l', out],
  ['a link to itself', { l: 'l' }, 'l', out],
  ['two links round', { l: 'm', m: 'l' }, 'l', out],
  ['a file', { a: `${file}text` }, 'a', /"a" is a file/],
  ['what is not there', { a: {} }, 'a/b/c', /there is no "a\/b"/],
  ['what is not there below a link', { a: {}, l: 'a' }, 'l/b', /there is no "a\/b"/],
];
for (const [title, root, folder, said] of refused)
  test(`${title} is none`, async () => assert.match(await find(root, folder), said));

const long = (part: string, length = 4090) => part.repeat(Math.floor(length / part.length));
const chain = (target: (next: string) => string): Tree => ({
  a: {},
  ...Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`l${at}`, target(`l${at + 1}`)])),
});
const costly: [title: string, root: Tree, folder: string, found: RegExp][] = [
  ['a target that no file system takes', { a: {}, l: `${long('a/../', 400_000)}a` }, 'l', out],
  ['a target of points that none takes', { a: {}, l: `${long('./', 400_000)}a` }, 'l', out],
  ['a target of slashes that none takes', { a: {}, l: `a${long('/', 400_000)}` }, 'l', out],
  ['the longest target', { a: {}, l: `${long('a/../')}a` }, 'l', /^a$/],
  ['forty of the longest targets', chain((next) => `${long('a/../', 4080)}${next}`), 'l0', /./],
  ['a long path up and down', { a: { b: {} }, l: 'a' }, `${long('a/./', 400_000)}`, /there is no "a\/a"/],
];
for (const [title, root, folder, found] of costly)
  test(`${title} costs no time: each tree is read once, and timers go on`, async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const { objects, reads } = objectsOf(root);
    const signal = AbortSignal.timeout(10_000);
    const said = await findFolder(objects, '', folder, { what: 'app.git', signal }).then(
      ({ path }) => path,
      (error: Error) => error.message,
    );
    clearInterval(timer);
    assert.match(said, found);
    assert.ok(reads.trees <= 2, `${reads.trees} trees were read`);
  });

test('looking for a folder ends with the signal', async () => {
  const ended = new AbortController();
  const { objects } = objectsOf({ a: {} });
  const looking = findFolder(objects, '', 'a/../'.repeat(5_000_000), { what: 'x', signal: ended.signal });
  await delay(1);
  ended.abort(new Error('its time is over'));
  await assert.rejects(looking, /its time is over/);
});

test.run();
