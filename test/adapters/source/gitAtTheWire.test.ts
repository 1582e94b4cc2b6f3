import assert from 'node:assert/strict';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import {
  type FetchedSource,
  SourceError,
  type SourceErrorCode,
} from '../../../shared/ports/sourceContext.ts';
import {
  advertised,
  blob,
  commit,
  delta,
  entry,
  header,
  line,
  type Made,
  pack,
  sent,
  tag,
  tree,
} from './madeGit.ts';

const url = 'https://git.example.com/team/app.git';
const KiB = 1024;

const file = blob('FROM scratch\n');
const script = blob('#!/bin/sh\n');
const longer = blob('FROM scratch\nRUN true\n');
const deep = tree([['100644 x.txt', script]]);
const folder = tree([
  ['120000 Dockerfile', blob('../Dockerfile')],
  ['40000 deep', deep],
  ['100755 run.sh', script],
]);
const root = tree([
  ['100644 Dockerfile', file],
  ['40000 app', folder],
  ['120000 current', blob('app/./deep')],
  ['100644 longer', longer],
  ['160000 vendor', { oid: '1'.repeat(40) }],
]);
const first = commit(root);
const later = commit(tree([['100644 Dockerfile', script]]), 'later');
const hidden = commit(tree([['100644 Dockerfile', longer]]), 'hidden');
const v1 = tag(first, 'v1');
const links = [blob('../Dockerfile'), blob('app/./deep')];
const trees = [tree([['100644 Dockerfile', script]]), tree([['100644 Dockerfile', longer]])];
const all = [file, script, deep, folder, root, ...links, ...trees, first, later, hidden, v1];
const whole = pack([...all.map(entry), delta(file, 'RUN true\n')]);
const refs: [string, Made][] = [
  ['HEAD', first],
  ['refs/heads/feature/x', later],
  ['refs/heads/main', first],
  ['refs/pull/1/head', hidden],
  ['refs/tags/light', first],
  ['refs/tags/v1', v1],
  ['refs/tags/v1^{}', first],
];

type Answer = Response | Buffer;
interface Server {
  refs?: Answer;
  packs?: Answer[];
  token?: string;
  maxBytes?: number;
}
const wire = (answer: Answer, type: string) =>
  answer instanceof Response
    ? answer
    : new Response(new Uint8Array(answer), {
        headers: { 'content-type': `application/x-git-upload-pack-${type}` },
      });

/** Fetches from a server that gives these answers; tells what it was asked. */
async function fetched(fragment: string, look: (source: FetchedSource) => unknown, server: Server = {}) {
  const { token, maxBytes = 64 * KiB } = server;
  const asked: string[] = [];
  const packs = [...(server.packs ?? [sent(whole)])];
  const context = createSourceContext({
    async fetch(at, init) {
      const { authorization } = Object.fromEntries(new Headers(init?.headers));
      const body = init?.body ? Buffer.from(init.body as Uint8Array).toString() : '';
      asked.push([init?.method, at, authorization, body].filter(Boolean).join(' '));
      if (init?.method === 'GET') return wire(server.refs ?? advertised(refs), 'advertisement');
      return wire(packs.shift() ?? assert.fail('asked once more'), 'result');
    },
  });
  const source = await context.fetch(parseSourceLocation(`${url}${fragment}`), {
    maxBytes,
    ...(token !== undefined && { token }),
  });
  try {
    await look(source);
  } finally {
    await source.dispose();
  }
  return asked;
}

const names: [title: string, fragment: string, to: Made, wanted: Made, branch?: string][] = [
  ['nothing, which is the default branch', '', first, first, 'main'],
  ['HEAD', '#HEAD', first, first, 'main'],
  ['a branch', '#main', first, first, 'main'],
  ['a branch with a slash', '#feature/x', later, later, 'feature/x'],
  ['a whole ref', '#refs/heads/feature/x', later, later, 'feature/x'],
  ['what lies below refs', '#heads/main', first, first, 'main'],
  ['a light tag', '#light', first, first],
  ['an annotated tag', '#v1', first, v1],
  ['a commit', `#${later.oid}`, later, later],
  ['a commit in capitals', `#${later.oid.toUpperCase()}`, later, later],
  ['the beginning of a tip', `#${later.oid.slice(0, 7)}`, later, later],
  ['a commit that only a pull request points to', `#${hidden.oid}`, hidden, hidden],
];
for (const [title, fragment, to, wanted, branch] of names)
  test(`a repository is fetched at ${title}: that commit alone, once`, async () => {
    const asked = await fetched(fragment, (source) =>
      assert.deepEqual([source.commit, source.branch], [to.oid, branch]),
    );
    const want = `want ${wanted.oid} multi_ack_detailed no-done side-band-64k ofs-delta agent=git/plinth\n`;
    assert.deepEqual(asked, [
      `GET ${url}/info/refs?service=git-upload-pack`,
      `POST ${url}/git-upload-pack ${line(want)}${line('deepen 1\n')}0000${line('done\n')}`,
    ]);
  });

test('a commit that the server gives nobody is looked for in the history of branches and tags', async () => {
  const unlisted = refs.filter(([name]) => !name.startsWith('refs/pull'));
  const packs = [line('ERR upload-pack: not our ref'), sent(whole, ['ACK x common\n', 'NAK\n'])];
  const asked = await fetched(
    `#${hidden.oid}`,
    async (source) => {
      assert.equal(source.commit, hidden.oid);
      assert.equal(await readFile(join(source.dir, 'Dockerfile'), 'utf8'), 'FROM scratch\nRUN true\n');
    },
    { refs: advertised(unlisted), packs },
  );
  const wants = [...asked[2]!.matchAll(/want (\w+)/g)].map(([, oid]) => oid);
  assert.deepEqual(wants, [later.oid, first.oid, v1.oid]);
  assert.doesNotMatch(asked[2]!, /deepen/);
});

test('the files are those of the repository, with their bits and links, and what is made of others', async () => {
  await fetched('', async ({ dir, bytes, warnings }) => {
    assert.equal(await readFile(join(dir, 'longer'), 'utf8'), 'FROM scratch\nRUN true\n');
    assert.equal((await lstat(join(dir, 'app/run.sh'))).mode & 0o777, 0o755);
    assert.equal((await lstat(join(dir, 'Dockerfile'))).mode & 0o777, 0o644);
    assert.equal(await readlink(join(dir, 'app/Dockerfile')), '../Dockerfile');
    assert.deepEqual(await readdir(join(dir, 'vendor')), []);
    assert.deepEqual(warnings, ['Submodules are not fetched; these folders are empty: vendor.']);
    const written = [file, script, script, longer, ...links].map(({ body }) => body.length);
    assert.equal(
      bytes,
      written.reduce((sum, one) => sum + one),
    );
  });
});

const folders: [folder: string, files: string[]][] = [
  ['app', ['Dockerfile', 'deep', 'run.sh']],
  ['app/deep', ['x.txt']],
  ['current', ['x.txt']],
];
for (const [path, files] of folders)
  test(`a folder is the root of the context: ${path}`, async () => {
    await fetched(`#main:${path}`, async ({ dir, warnings }) => {
      assert.deepEqual((await readdir(dir)).sort(), files);
      assert.deepEqual(warnings, []);
    });
  });

const secret = 's3cret';
const encoded = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
test('the token goes with both requests', async () => {
  const asked = await fetched('', () => {}, { token: secret });
  for (const one of asked) assert.ok(one.includes(encoded(`oauth2:${secret}`)), one);
});

const status = (code: number, headers: Record<string, string> = {}) =>
  new Response('<html>', { status: code, statusText: 'In Words', headers });
const many: [string, Made][] = Array.from({ length: 11 }, (_, at) => [`refs/heads/b${at + 10}`, first]);
const outOf = (mode: string, name: string, text = 'x') => {
  const to = blob(text);
  const top = tree([[`${mode} ${name}`, to]]);
  const tip = commit(top, name);
  return { refs: advertised([['HEAD', tip]]), packs: [sent(pack([to, top, tip].map(entry)))] };
};
const packed = (bytes: Buffer) => ({ packs: [sent(bytes)] });
const entries = all.map(entry);
const file1 = blob(Buffer.alloc(60 * KiB));
const file2 = blob(Buffer.alloc(10 * KiB, 1));
const large = tree([
  ['100644 a', file1],
  ['100644 b', file2],
]);
const largeTip = commit(large);
const bombs = Array.from({ length: 18 }, (_, at) => entry(blob(Buffer.alloc(60 * KiB, at))));
const unread = /the server sent a pack that cannot be read/;

const refused: Record<string, [code: SourceErrorCode, says: RegExp, server: Server, fragment?: string]> = {
  'is private': ['Unauthorized', /is private or does not exist\. Give/, { refs: status(401) }],
  'is forbidden': ['Unauthorized', /is private or does not exist/, { refs: status(403) }],
  'answers with a page for signing in': ['Unauthorized', /is private/, { refs: status(203) }],
  'does not take the token': [
    'Unauthorized',
    /accept the token \(401\)/,
    { refs: status(401), token: secret },
  ],
  'is not there': ['NotFound', /app\.git does not exist\. Give/, { refs: status(404) }],
  'is gone': ['NotFound', /does not exist\./, { refs: status(410) }],
  'is hidden': ['NotFound', /, or the token may not see it\./, { refs: status(404), token: secret }],
  'is a page': ['NotFound', /is a page, not a git repository/, { refs: status(200) }],
  'is busy': ['Unreachable', /answered 503 In Words\. Try again later/, { refs: status(503) }],
  'is empty': ['RefNotFound', /is empty: it has no commit yet/, { refs: advertised([]) }],
  'has no default branch': [
    'RefNotFound',
    /no default branch\. Name one: .*#main/,
    { refs: advertised(many) },
  ],
  'has no such branch': [
    'RefNotFound',
    /no branch or tag "no"\. Its branches: feature\/x, main\.$/,
    {},
    '#no',
  ],
  'has many others': ['RefNotFound', /b10, .*, b19 and 1 more\.$/, { refs: advertised(many) }, '#no'],
  'has ten others': ['RefNotFound', /b10, .*, b19\.$/, { refs: advertised(many.slice(0, 10)) }, '#no'],
  'has no such tip': ['RefNotFound', /needs all 40 digits/, {}, '#abcdef0'],
  'has no such commit': [
    'RefNotFound',
    /: the repository has no such commit\.$/,
    { packs: [line('ERR not our ref'), line('ERR upload-pack: not our ref')] },
    `#${'0a'.repeat(20)}`,
  ],
  'has another object by that id': ['RefNotFound', /is not a commit of this repository/, {}, `#${root.oid}`],
  'refuses in words': ['Unreachable', /could not be fetched: quota\. Try/, { packs: [line('ERR quota')] }],
  'fails on the way': ['Unreachable', /fetched: disk full\. Try/, { packs: [line('\x03disk full\n')] }],
  'answers in other words': ['Unreachable', /is not the one of git-upload-pack/, { packs: [line('hello')] }],
  'answers in other lines': ['Unreachable', /not in pkt-lines/, { packs: [Buffer.from('<html></html>')] }],
  'answers in lines of no length': ['Unreachable', /not in pkt-lines/, { packs: [Buffer.from('0003')] }],
  'answers half': ['Unreachable', /the answer broke off/, { packs: [sent(whole).subarray(0, 500)] }],
  'answers with no pack': ['Unreachable', /the answer held no pack/, { packs: [line('NAK\n')] }],
  'answers with a page in place of a pack': ['NotFound', /is a page/, { packs: [status(200)] }],
  'has no list of refs': ['Unreachable', /no git answer/, { refs: Buffer.from('0000') }],
  'has a list that is too long': ['TooLarge', /^The list of refs of .* is larger/, { maxBytes: 100 }],
  'has a pack that is too large': ['TooLarge', /is larger than 0 MiB \(900 bytes\)/, { maxBytes: 900 }],
  'sends no pack of git': ['BadArchive', unread, packed(Buffer.from('PUCK'.repeat(20)))],
  'sends a pack too short for any': ['BadArchive', unread, packed(Buffer.from('PACK'.repeat(7)))],
  'sends less than it says': ['BadArchive', unread, packed(whole.subarray(0, 60))],
  'sends an object of another size': [
    'BadArchive',
    unread,
    packed(pack([Buffer.concat([header(3, 9), entry(file).subarray(1)])])),
  ],
  'sends what is not packed': ['BadArchive', unread, packed(pack([Buffer.alloc(40, 0x35)]))],
  'sends an object that is too large': [
    'TooLarge',
    /^An object of .* is larger/,
    packed(pack([entry(blob(Buffer.alloc(64 * KiB + 1)))])),
  ],
  'sends what makes one that is too large': [
    'TooLarge',
    /^An object of/,
    packed(pack([...entries, delta(file, 'x', 64 * KiB + 1)])),
  ],
  'sends many that are large': ['TooLarge', /^An object of/, packed(pack(bombs))],
  'has files that are too large together': [
    'TooLarge',
    /app\.git is larger than 0 MiB/,
    {
      refs: advertised([['HEAD', largeTip]]),
      packs: [sent(pack([file1, file2, large, largeTip].map(entry)))],
    },
  ],
  'has a link out of it': [
    'BadArchive',
    /link l is absolute\. A context/,
    outOf('120000', 'l', '/etc/passwd'),
  ],
  'has a link above it': ['BadArchive', /the symbolic link l climbs out/, outOf('120000', 'l', '../x')],
  'has a name that git checks out nowhere': ['BadArchive', /named "\.GIT", which/, outOf('100644', '.GIT')],
  'has a name of two parts': ['BadArchive', /named "a\/b", which/, outOf('100644', 'a/b')],
  'has an entry above': ['BadArchive', /named "\.\.", which/, outOf('100644', '..')],
  'has an entry of itself': ['BadArchive', /named "\.", which/, outOf('100644', '.')],
  'has an entry without a name': ['BadArchive', /named "", which/, outOf('100644', '')],
  'has no such folder': [
    'FolderNotFound',
    /"app\/no" is not there: there is no "app\/no"/,
    {},
    '#main:app/no',
  ],
  'has no such folder behind a link': [
    'FolderNotFound',
    /there is no "app\/deep\/no"/,
    {},
    '#main:current/no',
  ],
  'has a file there': ['FolderNotFound', /"Dockerfile" is a file/, {}, '#main:Dockerfile'],
};
for (const [title, [code, says, server, fragment = '']] of Object.entries(refused))
  test(`why a repository is not fetched is told, where it ${title}`, () =>
    assert.rejects(
      fetched(fragment, () => {}, server),
      (error: SourceError) => {
        assert.ok(error instanceof SourceError, String(error.stack));
        assert.match(error.message, says);
        assert.equal(error.code, code);
        assert.ok(!error.message.includes(secret));
        return true;
      },
    ));

test.run();
