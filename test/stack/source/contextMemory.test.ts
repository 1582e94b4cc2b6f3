// Tier: long, contexts of the largest size.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { programArguments } from '../../../local/machine/program.ts';
import { git, startGitHttp } from '../../doubles/gitHttp.ts';
import { byTier } from '../../tier.ts';

const MiB = 2 ** 20;
/** An instance has 2,048 MiB, of which the Functions host takes its part, and about 800 MB of temporary disk. */
const maxMemory = 1200 * MiB;
const maxDisk = 400 * MiB;
/** As many as the settings of the queue let a process have at once. */
const messages = 24;

let root: string;
let server: Awaited<ReturnType<typeof startGitHttp>>;

test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'plinth-test-'));
  server = await startGitHttp(root, (request, response) => {
    if (!request.url?.endsWith('.tar.gz')) return false;
    createReadStream(join(root, request.url)).pipe(response);
    return true;
  });
});
test.after(async () => {
  await server?.stop();
  if (root) await rm(root, { recursive: true, force: true });
});

/** One file that does not compress, which takes most memory; as a repository and as an archive. */
async function context(name: string, bytes: number): Promise<{ repository: string; archive: string }> {
  const dir = join(root, name);
  await mkdir(dir);
  await writeFile(join(dir, 'file'), randomBytes(bytes));
  execFileSync('tar', ['czf', join(root, `${name}.tar.gz`), '-C', dir, '.']);
  await git(dir, 'init', '-b', 'main');
  await git(dir, 'add', '.');
  await git(dir, 'commit', '-m', 'x');
  await git(root, 'clone', '--bare', name, `${name}.git`);
  await rm(dir, { recursive: true });
  return { repository: `${server.url}/${name}.git`, archive: `${server.url}/${name}.tar.gz` };
}

/** What a process of its own takes to prepare these contexts, all asked for at once. */
async function prepared(maxMiB: number, contexts: string[]) {
  const temporary = await mkdtemp(join(root, 'tmp-'));
  const child = spawn(
    process.execPath,
    [
      ...programArguments(join(import.meta.dirname, '../../doubles/contextProcess.ts')),
      String(maxMiB),
      ...contexts,
    ],
    { env: { ...process.env, TMPDIR: temporary }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 0, 'the process lived');
  assert.deepEqual(
    (await readdir(temporary)).filter((name) => name.startsWith('plinth')),
    [],
  );
  return JSON.parse(output) as { memory: number; disk: number; contexts: number };
}

for (const maxMiB of byTier({ fast: [64], normal: [16], long: [64, 128] }))
  test(`${messages} messages at once, the largest contexts of ${maxMiB} MiB among them, stay within an instance`, async () => {
    const large = await context(`large${maxMiB}`, (maxMiB - 1) * MiB);
    const small = await context(`small${maxMiB}`, 3.9 * MiB);
    const half = (messages - 4) / 2;
    const { memory, disk, contexts } = await prepared(maxMiB, [
      large.repository,
      large.archive,
      ...Array(half).fill(small.repository),
      ...Array(half).fill(small.archive),
      large.archive,
      large.repository,
    ]);
    console.log(
      `${maxMiB} MiB: ${Math.round(memory / MiB)} MiB of memory, ${Math.round(disk / MiB)} MiB of disk`,
    );
    assert.equal(contexts, messages);
    assert.ok(memory < maxMemory, `${memory} bytes of memory`);
    assert.ok(disk < maxDisk, `${disk} bytes of disk`);
  });

test.run();
