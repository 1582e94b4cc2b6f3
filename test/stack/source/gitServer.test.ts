import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type GitServer, type RepositoryAccess, startGitServer } from '../../../local/git/gitServer.ts';
import { runCommand } from '../../../local/machine/command.ts';

const basic = (token: string) => `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}`;

interface World {
  dir: string;
  server: GitServer;
  first: string;
  second: string;
}
const test = suite<World>('a git server on this machine');

test.before(async (world) => {
  world.dir = await mkdtemp(join(tmpdir(), 'plinth-git-'));
  const tokens: Record<string, RepositoryAccess> = {
    closed: 'pat-of-closed',
    'devops/closed': { token: 'entra-token', scheme: 'bearer' },
  };
  world.server = await startGitServer({ dir: join(world.dir, 'repositories'), tokens });
  world.first = await world.server.createRepository('open', {
    Dockerfile: 'FROM scratch\n',
    'app/a b.txt': 'one',
  });
  world.second = await world.server.commit('open', { 'app/a b.txt': 'two' }, { tag: 'v2' });
  await world.server.commit('open', { 'app/a b.txt': 'three' }, { branch: 'next' });
  for (const name of ['closed', 'devops/closed']) await world.server.createRepository(name, { x: '1' });
});
test.after(async ({ server, dir }) => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

/** Fetches one commit as a build does, and gives the text of `app/a b.txt`. */
async function fetched({ dir, server }: World, wanted: string): Promise<string> {
  const clone = await mkdtemp(join(dir, 'clone-'));
  const git = (...args: string[]) => runCommand('git', ['-C', clone, ...args]);
  await git('init', '--quiet');
  await git('fetch', '--quiet', '--depth', '1', `${server.url}/open.git`, wanted);
  await git('-c', 'advice.detachedHead=false', 'checkout', '--quiet', 'FETCH_HEAD');
  return readFile(join(clone, 'app/a b.txt'), 'utf8');
}

const references: Array<[title: string, wanted: (world: World) => string, text: string]> = [
  ['a branch', () => 'refs/heads/main', 'two'],
  ['another branch, that began by itself', () => 'refs/heads/next', 'three'],
  ['a tag', () => 'refs/tags/v2', 'two'],
  ['the SHA of a commit that no branch or tag points to', ({ first }) => first, 'one'],
];
for (const [title, wanted, text] of references)
  test(`can be fetched by ${title}`, async (world) => {
    assert.equal(await fetched(world, wanted(world)), text);
  });

test('a commit leaves the files it does not name as they are', async ({ dir, server }) => {
  const { stdout } = await runCommand('git', [
    '-C',
    join(dir, 'repositories/open.git'),
    'ls-tree',
    '-r',
    '--name-only',
    'main',
  ]);
  assert.deepEqual(stdout.trim().split('\n'), ['Dockerfile', 'app/a b.txt']);
  assert.ok(server.requests() > 0);
});

test('a helper gives the SHA that the branch then has', async ({ server, second, first }) => {
  const { stdout } = await runCommand('git', ['ls-remote', `${server.url}/open.git`, 'refs/heads/main']);
  assert.equal(stdout.split('\t')[0], second);
  assert.notEqual(second, first);
});

const answers: Array<[title: string, name: string, authorization: string | undefined, status: number]> = [
  ['anybody, to an open repository', 'open.git', undefined, 200],
  ['anybody, to an open repository without .git', 'open', undefined, 200],
  ['nobody, without a token', 'closed.git', undefined, 401],
  ['whoever has the token as a password', 'closed.git', basic('pat-of-closed'), 200],
  ['nobody, with a token that is not known', 'closed.git', basic('guess'), 401],
  ['nobody, with the token of another repository', 'closed.git', basic('entra-token'), 403],
  ['nobody, with the token as a bearer where a password is due', 'closed.git', 'Bearer pat-of-closed', 401],
  ['whoever has the token as a bearer', 'devops/closed.git', 'Bearer entra-token', 200],
  [
    'nobody, with the token as a password where a bearer is due',
    'devops/closed.git',
    basic('entra-token'),
    401,
  ],
  ['nobody, to a repository that is not there', 'missing.git', undefined, 404],
  ['nobody, above the folder of repositories', '..%2F..%2Fopen.git', undefined, 404],
];
for (const [title, name, authorization, status] of answers)
  test(`opens for ${title}: ${status}`, async ({ server }) => {
    const response = await fetch(`${server.url}/${name}/info/refs?service=git-upload-pack`, {
      headers: authorization ? { authorization } : {},
    });
    const body = await response.text();
    assert.equal(response.status, status, body);
    assert.equal(response.headers.has('www-authenticate'), status === 401);
    assert.ok(!body.includes('pat-of-closed') && !body.includes('entra-token'), 'the answer holds a token');
  });

test('cannot be pushed to', async ({ server }) => {
  const response = await fetch(`${server.url}/open.git/info/refs?service=git-receive-pack`);
  assert.equal(response.status, 403);
});

test.run();
