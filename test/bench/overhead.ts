import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../local/machine/command.ts';
import { locationOf, writeBuilderFiles } from '../../local/runEngine/build/builderFiles.ts';
import type { Login } from '../../local/runEngine/types.ts';
import { startWorld } from '../stack/whole/world.ts';
import { line, quantile } from './figures.ts';

const rounds = 10;
const dockerfile = 'FROM baseacr.azurecr.io/base/bench:1\nCOPY Dockerfile /\n';

/** A run of a task against the same buildah build and push by hand, in turn. */
export default async function run(): Promise<void> {
  const world = await startWorld();
  const dir = await mkdtemp(join(tmpdir(), 'plinth-bench-'));
  try {
    await world.pushBase('base/bench:1', 'text');
    await world.task('bench-task', dockerfile);
    await world.run('bench-task');
    const [runs, waits, hands]: number[][] = [[], [], []];
    for (let round = 0; round < rounds; round++) {
      const asked = performance.now();
      const ended = await world.run('bench-task');
      waits!.push(performance.now() - asked);
      runs!.push(Date.parse(ended.finishTime) - Date.parse(ended.startTime));
      hands!.push(await byHand(join(dir, String(round))));
    }
    console.log(line('buildah build and push by hand', hands!));
    console.log(line('a run, from its start to its finish time', runs!));
    console.log(line('a run, from scheduleRun to an answer that says Succeeded', waits!));
    const ratio = (values: number[]) =>
      quantile(
        values.map((value, at) => value / hands![at]!),
        0.5,
      ).toFixed(2);
    console.log(
      `run / by hand: median of ${rounds} ratios ${ratio(runs!)}; with waiting in queues ${ratio(waits!)}`,
    );
  } finally {
    await world.stack.stop();
    await rm(dir, { recursive: true, force: true });
  }

  async function byHand(at: string): Promise<number> {
    const { registries, owner, tls } = world.stack;
    const endpoints = new Map(
      Object.values(registries).map((registry) => [registry.loginServer, registry.endpoint]),
    );
    const logins = new Map<string, Login>();
    for (const registry of Object.values(registries))
      logins.set(registry.loginServer, {
        username: '00000000-0000-0000-0000-000000000000',
        password: await registry.refreshTokenFor(owner.principalId),
      });
    await mkdir(join(at, 'certs'), { recursive: true });
    await writeFile(join(at, 'certs', 'ca.crt'), tls.ca);
    await writeFile(join(at, 'Dockerfile'), dockerfile);
    const { authfile, registriesConfig } = await writeBuilderFiles(at, logins, endpoints);
    const env = {
      PATH: process.env.PATH,
      HOME: at,
      TMPDIR: at,
      CONTAINERS_REGISTRIES_CONF: registriesConfig,
    };
    const store = ['--root', join(at, 'root'), '--runroot', join(at, 'run'), '--storage-driver', 'overlay'];
    const access = ['--authfile', authfile, '--cert-dir', join(at, 'certs')];
    const to = `docker://${locationOf(registries.appacr!.endpoint)}/by-hand:${Date.now()}`;
    const started = performance.now();
    const build = ['build', '--isolation', 'chroot', '--tag', 'by-hand', '--file', join(at, 'Dockerfile')];
    await runCommand('buildah', [...store, ...build, ...access, at], { env, limit: 60_000 });
    await runCommand('buildah', [...store, 'push', ...access, 'by-hand', to], { env, limit: 60_000 });
    return performance.now() - started;
  }
}
