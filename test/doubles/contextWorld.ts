import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gitAuthorization } from '../../shared/adapters/source/gitAuthorization.ts';
import { createSourceContext } from '../../shared/adapters/source/sourceContext.ts';
import { parseSourceLocation } from '../../shared/names/sourceLocation.ts';
import {
  type FetchedSource,
  type FetchOptions,
  SourceError,
  type SourceErrorCode,
} from '../../shared/ports/sourceContext.ts';
import { type Before, git } from './gitHttp.ts';

// A place of its own for what is fetched, so that nothing of a neighbour's is taken for a leftover.
const place = mkdtempSync(join(tmpdir(), 'plinth-contexts-'));
process.env.TMPDIR = place;
process.on('exit', () => rmSync(place, { recursive: true, force: true }));

export const MiB = 1024 * 1024;
/** The token of all private repositories, and what no error may hold. */
export const secret = 's3cret-0123456789';

/** Which Authorization a repository wants, by the first folder of its path. */
const wanted: Record<string, string> = {
  github: gitAuthorization('https://github.com/u/r.git', secret),
  azure: gitAuthorization('https://dev.azure.com/o/p/_git/r', secret),
  plain: gitAuthorization('https://git.example.com/r.git', secret),
};

/** A server's manners by the first folder of the path; `elsewhere` gives the address redirects lead to. */
export const demandTokens =
  (elsewhere: () => string): Before =>
  (request, response) => {
    const url = request.url ?? '';
    const area = url.split('/')[1] ?? '';
    if (area === 'moved') {
      response.writeHead(302, {
        location: `${elsewhere()}/public/app.git/info/refs?service=git-upload-pack`,
      });
    } else if (area === 'movedprivate') {
      response.writeHead(302, { location: `${elsewhere()}/plain/app.git/info/refs?service=git-upload-pack` });
    } else if (area === 'renamed') {
      response.writeHead(301, { location: url.replace('/renamed/', '/plain/') });
    } else if (area === 'page') {
      response.writeHead(200, { 'content-type': 'text/html' });
    } else if (area === 'broken') {
      response.writeHead(503);
    } else if (area === 'endless' && request.method === 'POST') {
      sendWithoutEnd(response);
      return true;
    } else if (area === 'silent') {
      return true;
    } else if (wanted[area] !== undefined && request.headers.authorization !== wanted[area]) {
      response.writeHead(area === 'azure' ? 203 : 401, { 'www-authenticate': 'Basic realm="x"' });
    } else return false;
    response.end('<html>');
    return true;
  };

/** Answers as git-upload-pack, with more pack data than anyone asked for; 256 MiB, so that a failing test ends too. */
function sendWithoutEnd(response: ServerResponse) {
  const line = Buffer.concat([Buffer.from('fff4\x01', 'latin1'), Buffer.alloc(0xfff4 - 5)]);
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' });
  response.write('0008NAK\n');
  let left = 4096;
  const more = () => {
    while (left-- > 0) if (!response.write(line)) return;
    response.end();
  };
  response.on('drain', more);
  more();
}

/** Makes the repositories below `home/served`; the two commits are the first of main and one in a branch's history. */
export async function makeRepositories(home: string): Promise<{ first: string; second: string }> {
  const served = join(home, 'served');

  await mkdir(join(served, 'public'), { recursive: true });
  const work = join(home, 'work');
  await mkdir(join(work, 'app/deep/er'), { recursive: true });
  await git(work, 'init', '-q', '-b', 'main');
  await writeFile(join(work, 'Dockerfile'), 'FROM scratch\n');
  await writeFile(join(work, 'app/crlf.txt'), 'one\r\ntwo\r\n');
  await writeFile(join(work, '.gitattributes'), '*.txt text eol=lf\n*.upper filter=upper\n');
  await writeFile(join(work, 'app/run.sh'), '#!/bin/sh\n');
  await chmod(join(work, 'app/run.sh'), 0o755);
  await symlink('../Dockerfile', join(work, 'app/Dockerfile'));
  await symlink('app/deep', join(work, 'current'));
  await writeFile(join(work, 'app/deep/er/ä b.txt'), 'ü');
  // Large enough to be read piece by piece, and changed a little, so that git packs one as a delta of the other.
  const large = Buffer.alloc(3 * MiB, 'abcdefghijklmnopqrstuvwxyz0123456789\n');
  for (let at = 0; at < large.length; at += 64) createHash('md5').update(`${at}`).digest().copy(large, at);
  await writeFile(join(work, 'large.bin'), large);
  await writeFile(join(work, 'alike.bin'), Buffer.concat([Buffer.from('a little more'), large]));
  for (let n = 0; n < 40; n++)
    await writeFile(join(work, `app/deep/${n}.txt`), `${'the same line\n'.repeat(200)}${n}\n`);
  await git(work, 'config', 'core.autocrlf', 'false');
  await git(work, 'add', '-A');
  await git(work, 'update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor/lib`);
  await git(work, 'commit', '-q', '-m', 'one');
  const first = await git(work, 'rev-parse', 'HEAD');
  await git(work, 'tag', 'light');
  await git(work, 'tag', '-a', 'v1', '-m', 'annotated');
  await git(work, 'checkout', '-q', '-b', 'feature/x');
  await writeFile(join(work, 'Dockerfile'), 'FROM feature\n');
  await git(work, 'commit', '-q', '-a', '-m', 'two');
  const second = await git(work, 'rev-parse', 'HEAD');
  await writeFile(join(work, 'Dockerfile'), 'FROM later\n');
  await git(work, 'commit', '-q', '-a', '-m', 'three');
  await git(work, 'checkout', '-q', 'main');
  await git(home, 'clone', '-q', '--bare', work, join(served, 'public/app.git'));
  await git(join(served, 'public/app.git'), 'repack', '-adfq', '--depth=50', '--window=50');
  await git(home, 'init', '-q', '--bare', join(served, 'public/empty.git'));
  for (const path of ['github/app.git', 'azure/_git/app', 'plain/app.git', 'endless/app.git']) {
    await mkdir(dirname(join(served, path)), { recursive: true });
    await symlink(join(served, 'public/app.git'), join(served, path));
  }
  return { first, second };
}

/** Fetches with a request to github.com going to the local server, so that the rules for that host apply. */

/** Fetches a context, looks at it, disposes of it and sees that it is gone. */
export async function fetched<T>(
  contextPath: string,
  look: (source: FetchedSource) => Promise<T>,
  { via, ...options }: Partial<FetchOptions> & { via?: typeof fetch } = {},
): Promise<T> {
  const context = createSourceContext({ fetch: via ?? fetch });
  const source = await context.fetch(parseSourceLocation(contextPath), { maxBytes: 50 * MiB, ...options });
  try {
    return await look(source);
  } finally {
    await source.dispose();
    assert.ok(!(await there(source.dir)), 'dispose leaves the files');
  }
}

export const there = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );

export const dockerfile = (source: FetchedSource) => readFile(join(source.dir, 'Dockerfile'), 'utf8');

/** Directories of fetches that nobody disposed of. */
export const leftOvers = async () =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('plinth-source-'));

/** A fetch fails with this code and message, tells no secret and leaves no files. */
export async function refuses(
  contextPath: string,
  code: SourceErrorCode,
  says: RegExp,
  options: Partial<FetchOptions> & { via?: typeof fetch } = {},
) {
  const before = await leftOvers();
  const error = await fetched(contextPath, async () => undefined, options).then(
    () => undefined,
    (caught) => caught,
  );
  assert.ok(error instanceof SourceError, `${contextPath}: ${error}`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, new RegExp(`${secret}|sig=`));
  assert.deepEqual(await leftOvers(), before, 'files are left');
}
