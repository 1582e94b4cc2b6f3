import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import { programArguments } from '../../../local/machine/program.ts';
import { startRunEngine } from '../../../local/runEngine/startRunEngine.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { longTest } from '../../tier.ts';
import { dockerBuild, pack, processes, startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('runs that are stopped');
test.before(async () => {
  world = await startWorld({ maxConcurrentRuns: 2 });
});
test.after(() => world.stop());

// Its own number, as others may test on this machine.
const nap = `sleep 4${process.pid}`;
const command = `trap '' TERM INT; /bin/busybox ${nap} & /bin/busybox ${nap}`;
const sleeper = {
  Dockerfile: `FROM scratch\nCOPY busybox /bin/busybox\nRUN ${JSON.stringify(['/bin/busybox', 'sh', '-c', command])}\n`,
  busybox: 'busybox',
};
const sleeping = async () =>
  (await processes()).filter(({ argv }) => argv.startsWith(`/bin/busybox ${nap}`)).length;
const completeOf = async (logLink: string) =>
  (await fetch(logLink, { method: 'HEAD' })).headers.get('x-ms-meta-complete') ?? undefined;

test('cancel ends everything of a run at once, and a waiting run without a start', async () => {
  const runIds = await Promise.all([1, 2, 3].map(() => world.schedule(sleeper)));
  await waitFor('two runs that sleep', async () => ((await sleeping()) === 4 ? true : undefined));
  const shown = await Promise.all(runIds.map((runId) => world.show(runId)));
  assert.deepEqual(shown.map(({ status }) => status).sort(), ['Queued', 'Running', 'Running']);
  const waiting = runIds[shown.findIndex(({ status }) => status === 'Queued')]!;
  const since = performance.now();
  for (const runId of [waiting, ...runIds.filter((each) => each !== waiting)])
    assert.equal((await world.arm('POST', `runs/${runId}/cancel`)).status, 200);
  const ended = await Promise.all(runIds.map((runId) => world.ended(runId)));
  assert.ok(performance.now() - since < 2000, 'at once');
  assert.equal(await sleeping(), 0);
  assert.deepEqual(
    ended.map(({ status }) => status),
    ['Canceled', 'Canceled', 'Canceled'],
  );
  assert.equal((await world.show(waiting)).startTime, undefined);
  assert.match(await world.log(runIds[0]!), /Run ID: \w+ was canceled after/);
  assert.equal((await world.arm('POST', `runs/${waiting}/cancel`)).status, 200, 'once more does nothing');
});

test('a run that takes too long ends as Timeout, and its log says timedout', async () => {
  const { runId, run } = await world.build(sleeper, { timeout: 2 });
  assert.equal(run.status, 'Timeout');
  assert.match(run.runErrorMessage!, /longer than its timeout of 2 seconds/);
  assert.equal(await sleeping(), 0);
  const { body } = await world.arm('POST', `runs/${runId}/listLogSasUrl`);
  assert.equal(await waitFor('the end of the log', () => completeOf(body.logLink)), 'timedout');
});

test('nothing is left of the runs', async () => {
  const left = await waitFor('the stores to be removed', async () => {
    const [engine] = await readdir(world.engineOptions.dir);
    const names = await readdir(`${world.engineOptions.dir}/${engine}`);
    return names.some((name) => /acr-c/.test(name)) ? undefined : names.sort();
  });
  assert.deepEqual(left, ['ca.pem', 'cache', 'certs']);
  assert.ok(!(await readFile('/proc/mounts', 'utf8')).includes(world.dir));
  assert.deepEqual(
    (await processes()).filter(({ argv }) => argv.includes(world.engineOptions.dir)),
    [],
  );
});

longTest(test, 'stop ends what runs, and removes the store', async () => {
  const dir = `${world.dir}/stopped`;
  const engine = await startRunEngine({ ...world.engineOptions, dir });
  const { name, logLink } = await sleepIn(engine.url);
  await engine.stop();
  assert.equal(await sleeping(), 0);
  const run = engine.runs().find((each) => each.name === name)!;
  assert.equal(run.properties.status, 'Canceled');
  assert.equal(await completeOf(logLink), 'canceled');
  assert.deepEqual(await readdir(dir), []);
});

longTest(
  test,
  'what a killed engine ran dies with it; the next one cleans up, and gives no id twice',
  async () => {
    const dir = `${world.dir}/killed`;
    const { registries, blob, tls, caFile } = world.engineOptions;
    const child = spawn(process.execPath, programArguments(join(import.meta.dirname, 'runEngineChild.ts')), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(JSON.stringify({ registries, blob, tls, caFile, dir }));
    const url = String((await once(child.stdout, 'data'))[0]).trim();
    const { name, logLink } = await sleepIn(url);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    await waitFor('the build to die', async () => ((await sleeping()) === 0 ? true : undefined), 2000);
    assert.equal((await readdir(dir)).length, 1);
    assert.equal(await completeOf(logLink), undefined);

    const next = await startRunEngine({ ...world.engineOptions, dir });
    try {
      assert.equal((await readdir(dir)).length, 1, 'the directory of the killed one is gone');
      assert.equal(await completeOf(logLink), 'internalerror');
      const later = await sleepIn(next.url);
      assert.ok(Number.parseInt(later.name.slice(2), 36) > Number.parseInt(name.slice(2), 36));
    } finally {
      await next.stop();
    }
    assert.ok(!(await readFile('/proc/mounts', 'utf8')).includes(world.dir));
  },
);

/** Starts a run that sleeps, on some engine, and waits until it does. */
async function sleepIn(url: string): Promise<{ name: string; logLink: string }> {
  const sourceLocation = await world.upload(await pack(sleeper));
  const { body } = await world.arm('POST', 'scheduleRun', { ...dockerBuild, sourceLocation }, { url });
  await waitFor('a run that sleeps', async () => ((await sleeping()) === 2 ? true : undefined));
  const log = await world.arm('POST', `runs/${body.name}/listLogSasUrl`, undefined, { url });
  return { name: body.name, logLink: log.body.logLink };
}

test.run();
