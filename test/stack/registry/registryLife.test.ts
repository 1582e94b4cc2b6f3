import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import { type Ground, identity, layGround, prepareBuildah, until } from './registries.ts';

const test = suite<{ ground: Ground }>('the life of a registry');
test.before(async (world) => {
  world.ground = await layGround();
});
test.after(({ ground }) => ground.stop());

test('keeps its images and its refresh tokens over a restart', async ({ ground }) => {
  const { principalId } = identity('writer');
  const first = await ground.start('baseacr');
  ground.roles.assign({ scope: first.resourceId, principalId, role: 'AcrPush' });
  const token = await first.refreshTokenFor(principalId);
  const before = await prepareBuildah(ground, [first], { [`localhost:${first.port}`]: token });
  const container = (await before('from', 'scratch')).trim();
  await before('commit', container, `docker://localhost:${first.port}/kept:1`);
  await first.stop();

  const again = await ground.start('baseacr');
  const after = await prepareBuildah(ground, [again], { [`localhost:${again.port}`]: token });
  await after('pull', 'baseacr.azurecr.io/kept:1');
});

test('does not start on a port that is taken, and says which', async ({ ground }) => {
  const { port } = await ground.start('firstacr');
  await assert.rejects(ground.start('secondacr', { port }), new RegExp(`127.0.0.1:${port}.*EADDRINUSE`));
});

test('does not outlive a process that was killed', async ({ ground }) => {
  const program = `import('${pathToFileURL(join(import.meta.dirname, 'registries.ts'))}')
    .then(({ layGround }) => layGround())
    .then((ground) => ground.start('orphanacr'))
    .then(() => console.log('started'));`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
    env: { ...process.env, TMPDIR: ground.dir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const running = () =>
    readdirSync('/proc').filter((id) => {
      try {
        return /\/orphanacr\/config\.json/.test(readFileSync(`/proc/${id}/cmdline`, 'utf8'));
      } catch {
        return false;
      }
    }).length;
  try {
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    assert.equal(running(), 1);
  } finally {
    child.kill('SIGKILL');
  }
  await until('docker-registry has ended', () => running() === 0);
});

test.run();
