import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { suite } from 'uvu';
import { gitAuthorization } from '../../../shared/adapters/source/gitAuthorization.ts';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import { SourceError, type SourceErrorCode } from '../../../shared/ports/sourceContext.ts';
import {
  demandTokens,
  dockerfile,
  fetched,
  MiB,
  makeRepositories,
  refuses,
  secret,
  there,
} from '../../doubles/contextWorld.ts';
import { git, startGitHttp } from '../../doubles/gitHttp.ts';

const test = suite('git contexts');

let home: string;
let server: Awaited<ReturnType<typeof startGitHttp>>;
let elsewhere: Awaited<ReturnType<typeof startGitHttp>>;
let first: string;
let second: string;

test.before(async () => {
  home = await mkdtemp(join(tmpdir(), 'plinth-test-'));
  ({ first, second } = await makeRepositories(home));
  server = await startGitHttp(
    join(home, 'served'),
    demandTokens(() => elsewhere.url),
  );
  elsewhere = await startGitHttp(
    join(home, 'served'),
    demandTokens(() => elsewhere.url),
  );
});

test.after(async () => {
  await server?.stop();
  await elsewhere?.stop();
  await rm(home, { recursive: true, force: true });
});

/** Has requests to github.com go to the local server, so that the rules for that host apply. */
const via: typeof fetch = (input, init) =>
  fetch(String(input).replace('https://github.com', server.url), init);

const app = () => `${server.url}/public/app.git`;

const refs: [title: string, fragment: string, text: string, branch: string | undefined][] = [
  ['the default branch', '', 'FROM scratch\n', 'main'],
  ['a branch', '#main', 'FROM scratch\n', 'main'],
  ['a branch with a slash', '#feature/x', 'FROM later\n', 'feature/x'],
  ['a full ref', '#refs/heads/feature/x', 'FROM later\n', 'feature/x'],
  ['a light tag', '#light', 'FROM scratch\n', undefined],
  ['an annotated tag', '#v1', 'FROM scratch\n', undefined],
];
for (const [title, fragment, text, branch] of refs)
  test(`a git context is fetched at ${title}`, () =>
    fetched(app() + fragment, async (source) => {
      assert.equal(await dockerfile(source), text);
      assert.equal(source.branch, branch);
      assert.match(source.commit ?? '', /^[0-9a-f]{40}$/);
    }));

test('a commit is fetched by its id, at a tip and in the history', async () => {
  await fetched(`${app()}#${first}`, async (source) => assert.equal(source.commit, first));
  // git serves no commit that is not the tip of a ref unless it is told to: the history is fetched then.
  await fetched(`${app()}#${second}`, async (source) => {
    assert.equal(source.commit, second);
    assert.equal(await dockerfile(source), 'FROM feature\n');
  });
  await fetched(`${app()}#${first.slice(0, 9)}`, async (source) => assert.equal(source.commit, first));
});

test('the files are those of the repository: modes, links, line ends, names, deltas', async () => {
  const expected = await git(join(home, 'work'), 'ls-tree', '-r', '-z', 'main');
  await fetched(app(), async (source) => {
    let bytes = 0;
    for (const line of expected.split('\0').filter(Boolean)) {
      const [, mode, type, oid, path] = /^(\d+) (\w+) (\w+)\t(.+)$/s.exec(line)!;
      const file = join(source.dir, path!);
      if (type === 'commit') continue;
      const link = mode === '120000';
      const content = link ? Buffer.from(await readlink(file)) : await readFile(file);
      const id = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      assert.equal(id, oid, path);
      bytes += content.length;
      if (link) continue;
      assert.equal((await lstat(file)).mode & 0o111, mode === '100755' ? 0o111 : 0, path);
    }
    assert.equal(source.bytes, bytes);
    assert.ok(!(await there(join(source.dir, '.git'))));
  });
});

test('a submodule is named in a warning and its folder is empty', () =>
  fetched(app(), async (source) => {
    assert.match(source.warnings.join(), /vendor\/lib/);
    assert.deepEqual(await readdir(join(source.dir, 'vendor/lib')), []);
  }));

test('a folder is the root of the context, also one behind a link, and its links keep their meaning', async () => {
  await fetched(`${app()}#main:app`, async (source) => {
    assert.equal((await readFile(join(source.dir, 'run.sh'), 'utf8')).slice(0, 2), '#!');
    assert.equal(await readlink(join(source.dir, 'Dockerfile')), '../Dockerfile');
  });
  await fetched(`${app()}#main:current/er`, async (source) =>
    assert.deepEqual(await readdir(source.dir), ['ä b.txt']),
  );
});

const styles: [server: string, contextPath: () => string, repository: string][] = [
  ['GitHub', () => 'https://github.com/github/app.git', 'GitHub token'],
  ['Azure DevOps', () => `${server.url}/azure/_git/app`, 'Azure DevOps PAT'],
  ['a plain server', () => `${server.url}/plain/app.git`, 'user:password'],
];
for (const [name, contextPath, advice] of styles)
  test(`${name} gets the token as it wants it, and a wrong or missing one is told with what to give`, async () => {
    await fetched(contextPath(), async (source) => assert.equal(source.commit, first), {
      via,
      token: secret,
    });
    await refuses(contextPath(), 'Unauthorized', /did not accept the token/, {
      via,
      token: `${secret}-wrong`,
    });
    await refuses(contextPath(), 'Unauthorized', new RegExp(advice), { via });
  });

test('an Entra token goes to Azure DevOps as a bearer, a user and password as they are', () => {
  assert.equal(gitAuthorization('https://dev.azure.com/o/p/_git/r', 'eyJh.eyJi.c-_'), 'Bearer eyJh.eyJi.c-_');
  assert.equal(gitAuthorization('https://host/r.git', 'me:a:b'), `Basic ${btoa('me:a:b')}`);
});

test('a redirect is followed, but the token stays with the host it was given for', async () => {
  await fetched(`${server.url}/renamed/app.git`, async (source) => assert.equal(source.commit, first), {
    token: secret,
  });
  await fetched(`${server.url}/moved/app.git`, async (source) => assert.equal(source.commit, first), {
    token: secret,
  });
  await refuses(`${server.url}/movedprivate/app.git`, 'Unauthorized', /the token is not sent/, {
    token: secret,
  });
  assert.deepEqual(
    elsewhere.asked.map(({ authorization }) => authorization).filter((sent) => sent !== undefined),
    [],
  );
});

const gone: [title: string, contextPath: () => string, code: SourceErrorCode, says: RegExp][] = [
  [
    'a repository that is not there',
    () => `${server.url}/public/no.git`,
    'NotFound',
    /no\.git does not exist/,
  ],
  ['a page', () => `${server.url}/page/x.git`, 'NotFound', /not a git repository/],
  ['an empty repository', () => `${server.url}/public/empty.git`, 'RefNotFound', /no commit yet/],
  ['a branch that is not there', () => `${app()}#nope`, 'RefNotFound', /"nope".*feature\/x, main/],
  ['a commit that is not there', () => `${app()}#${'0a'.repeat(20)}`, 'RefNotFound', /commit/],
  ['a short id of no tip', () => `${app()}#abcdef0`, 'RefNotFound', /40 digits/],
  ['a folder that is not there', () => `${app()}#main:app/no`, 'FolderNotFound', /no "app\/no"/],
  ['a folder that is a file', () => `${app()}#main:Dockerfile`, 'FolderNotFound', /is a file/],
  ['a server in trouble', () => `${server.url}/broken/x.git`, 'Unreachable', /503/],
  ['a server that is down', () => 'http://127.0.0.1:1/x.git', 'Unreachable', /cannot be reached/],
];
for (const [title, contextPath, code, says] of gone)
  test(`${title} is told as such`, () => refuses(contextPath(), code, says));

test('a token is not sent over plain http, except on this machine', () =>
  refuses('http://git.example.com/r.git', 'Unauthorized', /plain http/, { token: secret }));

test('a repository over the limit is refused, packed or unpacked', async () => {
  await refuses(app(), 'TooLarge', /larger than/, { maxBytes: 100_000 });
  await refuses(app(), 'TooLarge', /larger than/, { maxBytes: 4 * MiB });
});

test('a download stops as soon as it passes the limit', () =>
  refuses(`${server.url}/endless/app.git`, 'TooLarge', /larger than 8 MiB/, { maxBytes: 8 * MiB }));

test('a fetch ends when it is cancelled, with the reason', async () => {
  const cancel = new AbortController();
  const running = fetched(`${server.url}/silent/x.git`, async () => undefined, { signal: cancel.signal });
  running.catch(() => {});
  while (!server.asked.some(({ url }) => url.startsWith('/silent/'))) await delay(5);
  cancel.abort(new Error('run canceled'));
  await assert.rejects(running, /run canceled/);
});

test('a fetch ends at its time limit', async () => {
  const context = createSourceContext({ fetch, timeoutSeconds: 0.3 });
  await assert.rejects(
    context.fetch(parseSourceLocation(`${server.url}/silent/x.git`), { maxBytes: MiB }),
    (error) =>
      error instanceof SourceError && error.code === 'Unreachable' && /within 0.3 s/.test(error.message),
  );
});

test('a repository with a link out of it is refused, and the link named', async () => {
  const work = join(home, 'links');
  await mkdir(work);
  await git(work, 'init', '-q', '-b', 'main');
  await symlink('/proc/self/environ', join(work, 'Dockerfile'));
  await git(work, 'add', '-A');
  await git(work, 'commit', '-q', '-m', 'one');
  await git(home, 'clone', '-q', '--bare', work, join(home, 'served/public/links.git'));
  await refuses(`${server.url}/public/links.git`, 'BadArchive', /link Dockerfile is absolute/);
});

test.run();
