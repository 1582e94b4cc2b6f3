// Tier: long, the sample is built twice over; azTutorial.test.ts does so by az.
import assert from 'node:assert/strict';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Registry } from '../../../local/registry/registry.ts';
import { serveOnce } from '../../../local/tutorial/runImage.ts';
import { makeUpstreamImage, pushUpstream } from '../../../local/tutorial/upstreamImage.ts';
import { type Ground, identity, layGround, prepareBuildah } from './registries.ts';

interface World {
  ground: Ground;
  base: Registry;
  app: Registry;
  sample: string;
  buildah: (...args: string[]) => Promise<string>;
}
const builder = identity('builder');
const test = suite<World>('the sample of the tutorial');

test.before(async (world) => {
  const ground = await layGround();
  const [base, app] = await Promise.all([ground.start('baseacr'), ground.start('appacr')]);
  for (const { resourceId } of [base, app])
    ground.roles.assign({ scope: resourceId, principalId: builder.principalId, role: 'AcrPush' });
  const sample = join(ground.dir, 'tutorial');
  await cp(join(import.meta.dirname, '../../../examples/tutorial'), sample, { recursive: true });
  const tokens: Record<string, string> = {};
  for (const { port, refreshTokenFor } of [base, app])
    tokens[`localhost:${port}`] = await refreshTokenFor(builder.principalId);
  const buildah = await prepareBuildah(ground, [base, app], tokens);
  Object.assign(world, { ground, base, app, sample, buildah });
});
test.after(({ ground }) => ground.stop());

async function build(
  { buildah }: World,
  folder: string,
  file: string,
  to: Registry,
  image: string,
  ...args: string[]
) {
  const local = `${to.loginServer}/${image}`;
  await buildah(
    'bud',
    '--isolation',
    'chroot',
    '--pull',
    '--file',
    join(folder, file),
    '--tag',
    local,
    ...args,
    folder,
  );
  await buildah('push', local, `docker://localhost:${to.port}/${image}`);
}

const served = async ({ app, ground }: World, tag: string) =>
  serveOnce({
    image: `${app.loginServer}/helloworld:${tag}`,
    endpoint: app.endpoint,
    refreshToken: await app.refreshTokenFor(builder.principalId),
    caFile: ground.tls.caFile,
  });

test('the upstream image is the same however often it is made', async ({ ground, base }) => {
  const [one, other] = await Promise.all(
    ['one', 'other'].map((name) => makeUpstreamImage(join(ground.dir, name))),
  );
  assert.equal(one!.digest, other!.digest);
  const to = { registry: base, repository: 'upstream/node', tag: '15-alpine' };
  await pushUpstream(one!, to, { identity: builder, ...ground });
});

test('base and app are built, and the app serves the version that its base names', async (world) => {
  const { base, app, sample } = world;
  await build(world, join(sample, 'base'), 'Dockerfile-base', base, 'baseimages/node:15-alpine');
  const named = ['--build-arg', `REGISTRY_NAME=${base.loginServer}`];
  await build(world, join(sample, 'app'), 'Dockerfile-app', app, 'helloworld:v1', ...named);
  assert.equal(await served(world, 'v1'), 'Hello World\nVersion: 15.2.1\n');
});

test('a newer base, and nothing else, makes the app serve the newer version', async (world) => {
  const { base, app, sample } = world;
  const dockerfile = join(sample, 'base/Dockerfile-base');
  await writeFile(dockerfile, (await readFile(dockerfile, 'utf8')).replace('15.2.1', '15.2.1a'));
  await build(world, join(sample, 'base'), 'Dockerfile-base', base, 'baseimages/node:15-alpine');
  const named = ['--build-arg', `REGISTRY_NAME=${base.loginServer}`];
  await build(world, join(sample, 'app'), 'Dockerfile-app', app, 'helloworld:v2', ...named);
  assert.equal(await served(world, 'v2'), 'Hello World\nVersion: 15.2.1a\n');
});

test('an image that is not there says which', async (world) => {
  await assert.rejects(served(world, 'v3'), /Cannot run appacr.azurecr.io\/helloworld:v3: .*not found/s);
});

test('nothing is left of a run: no process, no mount', async () => {
  const ours = /plinth-serve-/;
  assert.ok(!ours.test(await readFile('/proc/mounts', 'utf8')));
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    processes.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')),
  );
  assert.deepEqual(
    commands.filter((command) => ours.test(command)),
    [],
  );
});

test.run();
