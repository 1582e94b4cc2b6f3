// Tier: long, each context is built twice.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ContainerRegistryContentClient } from '@azure/container-registry';
import { suite } from 'uvu';
import { within } from '../../../shared/adapters/source/contextLinks.ts';
import { type Kind, serveContext, writeContext } from '../../doubles/generatedContext.ts';
import { startGitHttp } from '../../doubles/gitHttp.ts';
import { byTier } from '../../tier.ts';
import { startWorld, type World } from '../whole/world.ts';

const run = promisify(execFile);
const test = suite('files of an image, against a build whose source the engine fetches itself');
let world: World;
let home: string;
let server: Awaited<ReturnType<typeof startGitHttp>>;

test.before(async () => {
  home = await mkdtemp(join(tmpdir(), 'plinth-differential-'));
  const served = join(home, 'served');
  await mkdir(served);
  server = await startGitHttp(served, (request, response) => {
    const name = /^\/([\w-]+\.tar\.gz)$/.exec(request.url ?? '')?.[1];
    if (name) readFile(join(served, name)).then((bytes) => response.end(bytes));
    return name !== undefined;
  });
  world = await startWorld();
  await world.pushBase('base/context:1', 'base', 'appacr');
});
test.after(async () => {
  await world?.stack.stop();
  await server?.stop();
  await rm(home, { recursive: true, force: true });
});

/** Builds the context by a task and by a quick run, and gives what each put into its image. */
async function bothOf(seed: number, kind: Kind) {
  const name = `${kind}-${seed}`;
  const dir = join(home, name);
  await mkdir(dir);
  const { dockerFilePath, said } = await writeContext(dir, seed, kind);
  const place = await serveContext(dir, join(home, 'served'), name, kind);
  const contextPath = `${server.url.replace('127.0.0.1', 'localhost')}/${place}`;
  await world.api.call('PUT', `/registries/appacr/tasks/${name}`, {
    location: 'local',
    identity: { type: 'SystemAssigned' },
    properties: {
      platform: { os: 'linux' },
      step: { type: 'Docker', contextPath, dockerFilePath, imageNames: [`${name}:task`] },
    },
  });
  const quick = await world.api.call('POST', '/registries/appacr/scheduleRun', {
    type: 'DockerBuildRequest',
    platform: { os: 'Linux' },
    imageNames: [`${name}:control`],
    isPushEnabled: true,
    sourceLocation: contextPath,
    dockerFilePath,
  });
  const [ours, control] = await Promise.all([world.run(name), world.ended(quick.name)]);
  for (const ended of [ours, control])
    assert.equal(ended.status, 'Succeeded', `${said} ${ended.runErrorMessage}`);
  return { said, ours: await filesOf(name, 'task'), control: await filesOf(name, 'control') };
}

/** What lies in an image above its base: name, one character a byte, to type, mode and content. */
async function filesOf(repository: string, tag: string): Promise<Record<string, string>> {
  const { stack } = world;
  const client = new ContainerRegistryContentClient(
    stack.registries.appacr!.endpoint,
    repository,
    {
      async getToken() {
        const audience = 'https://containerregistry.azure.net';
        const { token, expiresOn } = await stack.entra.accessToken(stack.owner, audience);
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    },
    { tlsOptions: { ca: stack.tls.ca } },
  );
  const { manifest } = await client.getManifest(tag);
  const { layers } = manifest as { layers: { digest: string }[] };
  const dir = join(home, `${repository}-${tag}`);
  await mkdir(dir);
  for (const { digest } of layers.slice(1)) {
    const { content } = await client.downloadBlob(digest);
    await writeFile(join(home, `${repository}-${tag}.tar`), await buffer(content));
    await run('tar', ['-xpf', join(home, `${repository}-${tag}.tar`), '-C', dir]);
  }
  const found: Record<string, string> = {};
  const walk = async (path: Buffer) => {
    for (const name of await readdir(within(dir, path), { encoding: 'buffer' })) {
      const below = Buffer.concat([path, Buffer.from('/'), name]);
      const file = within(dir, below);
      const stat = await lstat(file);
      const what = stat.isSymbolicLink()
        ? `-> ${await readlink(file)}`
        : stat.isDirectory()
          ? 'folder'
          : createHash('sha256')
              .update(
                below.toString() === './ctx/.dockerignore' ? await ownLines(file) : await readFile(file),
              )
              .digest('hex');
      found[below.toString('latin1')] = `${(stat.mode & 0o7777).toString(8)} ${what}`;
      if (stat.isDirectory()) await walk(below);
    }
  };
  await walk(Buffer.from('.'));
  return found;
}

/** An ignore file without the line that is added for the classic builder. */
const ownLines = async (file: Buffer) =>
  (await readFile(file, 'utf8')).replace(/(?<=^|\n)\.plinth-pinned\n$/, '').replace(/\n$/, '');

const count = Number(process.env.PLINTH_DIFFERENTIAL_CONTEXTS ?? byTier({ fast: 1, normal: 4, long: 16 }));
const first = Number(process.env.PLINTH_DIFFERENTIAL_SEED ?? 1);
for (const kind of ['git', 'tar'] as const)
  test(`${count} generated contexts from ${kind} give the control's files, bytes, links and modes`, async () => {
    let next = first;
    let files = 0;
    const work = async () => {
      while (next < first + count) {
        const { said, ours, control } = await bothOf(next++, kind);
        assert.deepEqual(ours, control, said);
        files += Object.keys(control).length;
      }
    };
    await Promise.all([work(), work(), work()]);
    assert.ok(files > count * 10, `only ${files} files in all`);
  });

test.run();
