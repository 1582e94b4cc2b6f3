// Tier: long, the stack is started and ended at each of its moments.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { create } from 'tar';
import { suite } from 'uvu';
import { freePort } from '../../../local/machine/listening.ts';
import { createApiClient } from '../../../local/tutorial/apiClient.ts';
import { waitFor } from '../../doubles/waitFor.ts';

const test = suite('the local stack that is told to end');
const root = join(import.meta.dirname, '../../..');
/** Seconds in which it ends, whatever it does. */
const limit = 30;

interface Started {
  child: ReturnType<typeof spawn>;
  /** Where all that it makes lies. */
  dir: string;
  said(): string;
  port: number;
}
const dirs: string[] = [];
test.after(async () => {
  for (const dir of dirs) {
    for (const pid of await ofStack(dir)) process.kill(pid, 'SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
});

async function start(): Promise<Started> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-told-'));
  dirs.push(dir);
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts', '--verbose'], {
    cwd: root,
    env: { ...process.env, TMPDIR: dir, PORT: String(port) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  return { child, dir, port, said: () => said };
}

const untilSaid = ({ child, said }: Started, what: RegExp) =>
  waitFor(
    `${what}`,
    () => {
      assert.equal(child.exitCode, null, said());
      return what.exec(said()) ?? undefined;
    },
    180_000,
  );

/** Processes of a stack: its folder is in the environment or the arguments of each. */
async function ofStack(dir: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const texts = ['environ', 'cmdline'].map((file) =>
      readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => ''),
    );
    if ((await Promise.all(texts)).join().includes(dir)) found.push(Number(pid));
  }
  return found;
}

/** Starts a build that sleeps, and waits until it does. */
async function sleepingBuild(stack: Started) {
  const [, key] = await untilSaid(stack, / KEY=(\S+) [\s\S]*Ctrl-C stops everything/);
  const api = createApiClient(`http://127.0.0.1:${stack.port}`, key!);
  const place = await api.call('POST', '/registries/appacr/listBuildSourceUploadUrl');
  const source = join(stack.dir, 'plinth-source-of-test');
  await mkdir(source);
  const nap = `sleep 7${process.pid}`;
  const command = `trap '' TERM INT; /bin/busybox ${nap}`;
  await writeFile(
    join(source, 'Dockerfile'),
    `FROM scratch\nCOPY busybox /bin/busybox\nRUN ${JSON.stringify(['/bin/busybox', 'sh', '-c', command])}\n`,
  );
  await copyFile('/bin/busybox', join(source, 'busybox'));
  const body = await buffer(create({ cwd: source, gzip: true }, ['.']) as unknown as AsyncIterable<Buffer>);
  await rm(source, { recursive: true });
  const sent = await fetch(place.uploadUrl, {
    method: 'PUT',
    body,
    headers: { 'x-ms-blob-type': 'BlockBlob' },
  });
  assert.equal(sent.status, 201);
  await api.call('POST', '/registries/appacr/scheduleRun', {
    type: 'DockerBuildRequest',
    platform: { os: 'Linux' },
    imageNames: ['nap:1'],
    dockerFilePath: 'Dockerfile',
    sourceLocation: place.relativePath,
  });
  await waitFor('the build to sleep', async () => ((await napping(nap)) ? true : undefined), 60_000);
  return nap;
}
const napping = async (nap: string) => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
  return (await Promise.all(texts)).some((text) =>
    text.replaceAll('\0', ' ').startsWith(`/bin/busybox ${nap}`),
  );
};

async function endsWholly({ child, dir, said }: Started, signals: NodeJS.Signals[]) {
  const exited = once(child, 'exit');
  const since = performance.now();
  for (const signal of signals) child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), limit * 1000);
  const [code] = await exited;
  clearTimeout(late);
  assert.equal(code, 0, `after ${Math.round(performance.now() - since)} ms: ${said().slice(-2000)}`);
  // What lost its parent ends by itself, a little later.
  await waitFor('all to end', async () => ((await ofStack(dir)).length === 0 ? true : undefined), 10_000);
  assert.ok(!(await readFile('/proc/mounts', 'utf8')).includes(dir), 'a mount is left');
  // Kept for the next start: the sample's upstream image, and what tsx has compiled.
  const left = (await readdir(dir)).filter((name) => !/^(plinth-upstream|tsx-\d+)$/.test(name));
  assert.deepEqual(left, []);
}

const inBuild: NodeJS.Signals[][] = [['SIGTERM'], ['SIGINT', 'SIGTERM']];
for (const signals of inBuild)
  test(`${signals.join(' and ')} in the middle of a build: all that was started has ended`, async () => {
    const stack = await start();
    const nap = await sleepingBuild(stack);
    await endsWholly(stack, signals);
    assert.ok(!(await napping(nap)), 'the build goes on');
  });

const moments: [when: string, said: RegExp, ms: number][] = [
  ['at once', /Starting/, 0],
  ['half a second later', /Starting/, 500],
  ['while the parts start', /Starting/, 3000],
  ['while the app starts', /validation handshake/, 0],
];
for (const [when, said, ms] of moments)
  test(`SIGTERM ${when}: all that was started has ended`, async () => {
    const stack = await start();
    await untilSaid(stack, said);
    await new Promise((resolve) => setTimeout(resolve, ms));
    await endsWholly(stack, ['SIGTERM']);
  });

test.run();
