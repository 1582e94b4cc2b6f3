/** What the log says of what an app cannot reach any more. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { LateError } from '../../../shared/adapters/http/timeLimit.ts';
import { newWatchMemory, watchEdges } from '../../../shared/flow/clock/watchEdges.ts';
import { newScan } from '../../../shared/model/scan.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';
import { type AppPorts, appOn, broken, own } from './appOn.ts';

const unknownHost = Object.assign(new Error('getaddrinfo ENOTFOUND team1.azurecr.io'), { code: 'ENOTFOUND' });
const losses: [title: string, change: (ports: AppPorts) => void, logged: RegExp | undefined][] = [
  [
    'the role on a registry was taken away',
    (ports) => (ports.registry.reach = broken(new RegistryError('Unauthorized', 'give the role AcrPull'))),
    /^error the registry team1 cannot be reached: give the role AcrPull \(npm run doctor has what mends it\)$/,
  ],
  [
    'a registry was deleted',
    (ports) =>
      (ports.registry.reach = broken(
        new RegistryError('Unreachable', 'no such host', { cause: unknownHost }),
      )),
    /^error the registry team1 cannot be reached: no such host/,
  ],
  [
    'a registry is busy',
    (ports) => (ports.registry.reach = broken(new RegistryError('TooManyRequests', 'later'))),
    undefined,
  ],
  [
    'the role for runs was taken away',
    (ports) => (ports.engine.run = broken(new RunEngineError('403', { transient: false, status: 403 }))),
    /^error the run engine of team1 cannot be reached: 403/,
  ],
  [
    'a queue is not there',
    (ports) => (ports.queue.reach = broken(new Error('It does not exist.\nRequestId:1\nTime:2'))),
    /^error the queues cannot be reached: It does not exist. RequestId:1 Time:2 \(npm run doctor/,
  ],
  [
    'a table is not there',
    (ports) => (ports.store.push = broken(new Error('TableNotFound'))),
    /^error the tables cannot be reached: TableNotFound/,
  ],
];
const away: [title: string, error: Error][] = [
  ['storage is busy', Object.assign(new Error('ServerBusy'), { statusCode: 503 })],
  ['storage asks to slow down', Object.assign(new Error('later'), { statusCode: 429 })],
  ['storage gave up a request', Object.assign(new Error('OperationTimedOut'), { statusCode: 500 })],
  ['storage does not answer in time', new LateError('given up after 30 s')],
  ['a connection to storage breaks', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ['no connection is taken', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
  [
    'the identity gives no token in time',
    new Error('no token', { cause: new LateError('given up after 15 s') }),
  ],
];
for (const [title, error] of away)
  losses.push([
    `${title}, of the tables and the queues`,
    (ports) => {
      ports.queue.reach = broken(error);
      ports.store.presences = broken(error);
    },
    undefined,
  ]);
for (const [title, change, logged] of losses)
  test(`where ${title} while the app runs, the log says it ${logged ? 'once, and when it is mended' : 'not'}`, async () => {
    const store = createMemoryStore();
    await store.commit(own.name, [{ put: 'run', value: sampleRun(own.name, 'ca1') }]);
    const app = appOn(store, 'one.azurewebsites.net');
    const ports = { ...app.ports, settings: { ...app.ports.settings, registries: [own] } };
    const memory = newWatchMemory();
    const minutes = async (count: number) => {
      for (let minute = 0; minute < count; minute++) {
        app.now += 60_000;
        await watchEdges(ports, memory);
      }
    };
    await minutes(6);
    assert.deepEqual(app.logged, []);
    const before = {
      ...ports,
      queue: { ...ports.queue },
      registry: { ...ports.registry },
      engine: { ...ports.engine },
      store: { ...store },
    };
    change(ports);
    await minutes(20);
    assert.equal(app.logged.length, logged ? 1 : 0, app.logged.join('\n'));
    if (logged) assert.match(app.logged[0]!, logged);
    Object.assign(ports.queue, before.queue);
    Object.assign(ports.registry, before.registry);
    Object.assign(ports.engine, before.engine);
    Object.assign(ports.store, before.store);
    await minutes(6);
    if (logged) assert.match(app.logged[1]!, /^information .* can be reached again$/);
  });

test('a registry without runs is not asked for them: the app may have no right to any', async () => {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  let asked = 0;
  app.ports.engine.run = async () => {
    asked++;
    throw new RunEngineError('403', { transient: false, status: 403 });
  };
  await watchEdges(
    { ...app.ports, settings: { ...app.ports.settings, registries: [own] } },
    newWatchMemory(),
  );
  assert.deepEqual([app.logged, asked], [[], 0]);
});

test('tables and queues are asked once in a look, however many registries there are', async () => {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  const asked = { queues: 0, registries: 0 };
  app.ports.queue.reach = async () => void asked.queues++;
  app.ports.registry.reach = async () => void asked.registries++ as undefined;
  const registries = ['team1', 'team2', 'team3'].map((name) => ({ ...own, name }));
  await watchEdges({ ...app.ports, settings: { ...app.ports.settings, registries } }, newWatchMemory());
  assert.deepEqual(asked, { queues: 1, registries: 3 });
});

test('a registry that does not answer holds nothing, and is not asked twice at once', async () => {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  let asked = 0;
  app.ports.registry.reach = () => {
    asked++;
    return new Promise(() => {});
  };
  const ports = { ...app.ports, settings: { ...app.ports.settings, registries: [own] } };
  const memory = newWatchMemory();
  for (let minute = 0; minute < 3; minute++) {
    app.now += 10 * 60_000;
    await watchEdges(ports, memory, 5);
  }
  assert.equal(asked, 1);
});

/** A registry and a storage of which the queues are broken, watched by processes one after the other. */
function watched() {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  const settings = { ...app.ports.settings, registries: [own] };
  const ports = { ...app.ports, settings, queue: { ...app.ports.queue } };
  const works = ports.queue.reach;
  ports.queue.reach = broken(new Error('403'));
  let memory = newWatchMemory();
  return {
    app,
    ports,
    mend: () => (ports.queue.reach = works),
    restart: () => (memory = newWatchMemory()),
    tick: async () => {
      app.now += 60_000;
      await watchEdges(ports, memory, 50);
    },
    /** The lines, each by its first words. */
    said: () => app.logged.map((line) => line.replace(/ (cannot be reached|can be reached again).*/, ' $1')),
  };
}
type Watched = ReturnType<typeof watched>;
const lost = 'error the queues cannot be reached';
const back = 'information the queues can be reached again';
const stories: [title: string, play: (world: Watched) => Promise<unknown>, said: string[]][] = [
  ['a process starts after it was said', async ({ restart, tick }) => restart() && (await tick()), [lost]],
  [
    'the app is restarted each minute',
    async ({ restart, tick }) => {
      for (let minute = 0; minute < 5; minute++) restart() && (await tick());
    },
    [lost],
  ],
  [
    'it is mended: the next minute says so, and not the next round',
    async ({ mend, tick }) => mend() && (await tick()),
    [lost, back],
  ],
  [
    'it is mended while no process runs',
    async ({ mend, restart, tick }) => mend() && restart() && (await tick()),
    [lost, back],
  ],
  [
    'it breaks again after it was mended',
    async ({ ports, mend, tick }) => {
      const breaks = ports.queue.reach;
      mend();
      await tick();
      ports.queue.reach = breaks;
      for (let minute = 0; minute < 5; minute++) await tick();
    },
    [lost, back, lost],
  ],
  [
    'the tables break too, and a process starts meanwhile: that is forgotten, and said',
    async ({ ports, restart, tick }) => {
      Object.assign(ports, { store: { ...ports.store, scan: broken(new Error('403')) } });
      restart();
      for (let minute = 0; minute < 5; minute++) await tick();
    },
    [lost, lost],
  ],
  [
    'two ticks are under way at once',
    async ({ app, restart, tick }) => {
      app.logged.length = 0;
      await app.ports.store.putScan({ ...newScan, broken: {} }, (await app.ports.store.scan())?.etag);
      restart();
      await Promise.all([tick(), tick()]);
    },
    [lost],
  ],
];
for (const [title, play, said] of stories)
  test(`of queues that cannot be reached: ${title}`, async () => {
    const world = watched();
    await world.tick();
    assert.deepEqual(world.said(), [lost]);
    await play(world);
    assert.deepEqual(world.said(), said);
  });

test('what does not answer keeps nothing else from being said', async () => {
  const world = watched();
  world.ports.registry = { reach: () => new Promise(() => {}) } as any;
  world.mend();
  const breaks = broken(new Error('403'));
  await world.tick();
  world.ports.queue.reach = breaks;
  for (let minute = 0; minute < 6; minute++) await world.tick();
  assert.deepEqual(world.said(), [lost]);
});

test.run();
