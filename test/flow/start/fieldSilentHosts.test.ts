import assert from 'node:assert/strict';
import { test } from 'uvu';
import { toRunResource } from '../../../shared/api/toResource.ts';
import { isEnded } from '../../../shared/model/run.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { builtWorld, countIn, type Given, ownOf, start, workFor } from '../../worlds/counted.ts';
import { runsOf, type World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const hub = 'docker.io/library/alpine:1';
const bad = 20;
const good = 5;

/** Twenty tasks that meet the trouble, queued first; five of their registry and five of another that do not. */
const tasks: Given[] = [
  ...Array.from({ length: bad }, (_, at) => ({ registry: 'appacr', name: `bad${at}`, bases: [hub] })),
  ...Array.from({ length: good }, (_, at) => ({ registry: 'appacr', name: `good${at}`, bases: [base] })),
];
const isBad = (text: string) => text.includes('bad');

/** Makes something of the world throw for the bad tasks, and tells each time. */
type Break = (world: World, tell: () => void) => void;

const source =
  (error: () => Error): Break =>
  (world, tell) => {
    const { fetch } = world.ports.source;
    world.ports.source = {
      async fetch(location, options) {
        if (location.kind !== 'git' || !isBad(location.url)) return fetch(location, options);
        tell();
        throw error();
      },
    };
  };
const registry =
  (error: () => Error): Break =>
  (world, tell) => {
    world.trouble.registry = (image) => {
      if (image !== hub) return undefined;
      tell();
      return error();
    };
  };
const engine =
  (error: () => Error): Break =>
  (world, tell) => {
    const { schedule } = world.ports.engine;
    // Runs that it may have taken keep their places: the others of their registry wait with them.
    world.ports.engine.schedule = async (name, request) => {
      if (request.kind !== 'Dockerfile' || !isBad(request.imageNames.join())) return schedule(name, request);
      tell();
      throw error();
    };
  };
const upload =
  (error: () => Error): Break =>
  (world, tell) => {
    const { upload } = world.ports.engine;
    world.ports.engine.upload = async (name, archive) => {
      if (!archive.path.includes('alpine')) return upload(name, archive);
      tell();
      throw error();
    };
  };

const slow = (retryAfter?: number) =>
  new RegistryError('TooManyRequests', 'slow down', retryAfter ? { retryAfter } : {});
const busy = (retryAfter?: number) =>
  new RunEngineError('busy', { transient: true, ...(retryAfter && { retryAfter }) });
const because = (code: string) => ({
  cause: new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) }),
});

const rows: [title: string, breaks: Break, triesAMinute: number][] = [
  ['a git host that does not answer', source(() => new SourceError('Unreachable', 'silent')), 4],
  ['a name server that is busy', source(() => new SourceError('Unreachable', 'no', because('EAI_AGAIN'))), 4],
  ['a registry that does not answer', registry(() => new RegistryError('Unreachable', 'silent')), 4],
  ['a registry that asks for a minute', registry(() => slow(60)), 1],
  ['a registry that asks for a quarter of an hour', registry(() => slow(900)), 1],
  ['a registry that asks for less than nothing', registry(() => slow(-5)), 4],
  [
    'a key vault that asks for three million years',
    source(() => new VaultError('busy', { transient: true, retryAfter: 99_999_999_999_999 })),
    1,
  ],
  ['an engine that is busy', engine(() => busy()), 4],
  ['an engine that asks for half a minute', engine(() => busy(30)), 2],
  ['an upload that breaks off', upload(() => busy()), 4],
];

for (const [title, breaks, most] of rows)
  test(`${bad} runs at ${title}: at most ${most} tries a minute each, whatever rings, and others start`, async () => {
    const world = await builtWorld('silent', {}, tasks, [base, hub]);
    breaks(world, () => {});
    const counts = countIn(world);
    for (const { registry, name } of tasks) await start(world, registry, name);
    await workFor(world, 60, counts);
    const runs = [
      ...(await runsOf(world, 'appacr')).slice(-bad - good),
      ...(await runsOf(world, 'otheracr')).slice(-good),
    ];
    const late = runs.filter(
      ({ registry, task, status }) =>
        !isBad(task!) && status !== 'Succeeded' && !(title.includes('engine') && registry === 'appacr'),
    );
    assert.deepEqual(
      late.map(({ runId, status }) => [runId, status]),
      [],
    );
    const noise = async () => {
      for (const { registry, runId } of runs) await world.ports.queue.sendStart([{ registry, runId }]);
    };
    await workFor(world, 240, counts, { eachSecond: noise });

    // Each try begins with the context.
    const tried = [...counts.fetches].filter(([url]) => isBad(url));
    assert.equal(tried.length, title.includes('engine') ? world.ports.settings.runsPerRegistry : bad);
    for (const [url, times] of tried) {
      const inAMinute = times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length);
      assert.ok(Math.max(...inAMinute) <= most, `${url}: ${Math.max(...inAMinute)} in a minute`);
    }
    assert.ok(counts.messages < 240 * tasks.length + bad * 5 * 20, `${counts.messages} messages`);
  });

test('a run that is tried again says when, until when and why, in its row and in the API', async () => {
  const world = await builtWorld('silent', {}, tasks, [base, hub]);
  source(() => new SourceError('Unreachable', 'silent'))(world, () => {});
  const run = await start(world, 'appacr', 'bad0');
  await workFor(world, 1, countIn(world), { clock: false });
  const value = (await world.ports.store.run('appacr', run.runId))!.value;
  const { plinth } = toRunResource(value, ownOf(world, 'appacr').id).properties;
  const seen = plinth!.waitingFor as { reason: string; nextTry: string; givenUpAt: string };
  const after = (seconds: number) => new Date(Date.parse(run.createTime) + seconds * 1000).toISOString();
  assert.equal(seen.nextTry, after(15));
  assert.equal(seen.givenUpAt, after(3600));
  assert.match(seen.reason, /tried again at \S+Z, for the last time at \S+Z: silent/);
});

const unknown: [title: string, breaks: Break][] = [
  ['git host', source(() => new SourceError('Unreachable', 'no such host', because('ENOTFOUND')))],
  [
    'archive host',
    source(
      () =>
        new SourceError('Unreachable', 'no such host', {
          cause: Object.assign(new Error(), { code: 'ENOTFOUND' }),
        }),
    ),
  ],
  ['registry', registry(() => new RegistryError('Unreachable', 'no such host', because('ENOTFOUND')))],
  ['key vault', source(() => new VaultError('no such host', { transient: true, ...because('ENOTFOUND') }))],
];
for (const [what, breaks] of unknown)
  test(`a ${what} whose name does not exist is given up after four tries, and another has its own`, async () => {
    const world = await builtWorld('silent', {}, tasks, [base, hub]);
    breaks(world, () => {});
    const run = await start(world, 'appacr', 'bad3');
    const counts = countIn(world);
    await workFor(world, 20, counts);
    const waits = (await world.ports.store.run('appacr', run.runId))!.value.waitingFor!;
    assert.match(waits.reason, /tried again at .*, 4 times at most: no such host/);
    assert.equal(waits.givenUpAt, undefined);
    await workFor(world, 160, counts);
    const { status, runErrorMessage } = (await world.ports.store.run('appacr', run.runId))!.value;
    assert.equal(counts.fetches.get('https://git.example.com/bad3.git')!.length, 4);
    assert.equal(status, 'Failed');
    assert.match(runErrorMessage!, /no such host.*tried 4 times/);
  });

test('only tries in a row at an unknown host count: a server that is busy in between is waited for', async () => {
  const world = await builtWorld('silent', {}, tasks, [base, hub]);
  let tries = 0;
  const errors = () =>
    ++tries % 3 === 0 ? busy() : new SourceError('Unreachable', 'gone', because('ENOTFOUND'));
  source(errors)(world, () => {});
  const run = await start(world, 'appacr', 'bad3');
  await workFor(world, 400, countIn(world));
  assert.ok(tries > 8, `${tries} tries`);
  assert.ok(!isEnded((await world.ports.store.run('appacr', run.runId))!.value.status));
});

test.run();
