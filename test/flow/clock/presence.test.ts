/** What an app says of itself: that its clock ticks, that nobody else works on its storage, what it reaches. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { health } from '../../../shared/flow/api/health.ts';
import { notePresence } from '../../../shared/flow/clock/notePresence.ts';
import { newWatchMemory, watchEdges } from '../../../shared/flow/clock/watchEdges.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { sampleRun, sampleSettings } from '../../doubles/storeContract.ts';
import { createMemoryStore, type MemoryStore } from '../../worlds/memoryStore.ts';

const start = Date.parse('2026-11-23T10:00:00.000Z');
const own = {
  name: 'team1',
  id: '/registries/team1',
  loginServer: 'team1.azurecr.io',
  endpoint: 'https://team1',
};

/** An app on a storage, whose other ports work unless they are told otherwise. */
function appOn(store: MemoryStore, app: string) {
  const logged: string[] = [];
  const world = {
    now: start,
    logged,
    ports: {
      store,
      settings: { ...sampleSettings, app },
      clock: { now: () => new Date(world.now) },
      log: (level: string, message: string) => void logged.push(`${level} ${message}`),
      queue: {
        reach: async () => {},
        sendStart: async () => {},
        sendPush: async () => {},
        sendFollow: async () => {},
      },
      registry: { digestOf: async () => undefined } as any,
      engine: { run: async () => undefined } as any,
    },
    tick: async (minutes = 0) => {
      world.now += minutes * 60_000;
      await notePresence(world.ports);
    },
    says: async () =>
      Object.fromEntries(
        (await health(own, world.ports)).edges.map(({ name, works, says }) => [name, `${works} ${says}`]),
      ) as Record<string, string>,
  };
  return world;
}

test('a second app on the same storage is said in the log once, by each of the two', async () => {
  const store = createMemoryStore();
  const [one, two] = [appOn(store, 'one.azurewebsites.net'), appOn(store, 'two.azurewebsites.net')];
  for (let minute = 0; minute < 5; minute++) {
    await one.tick(1);
    await two.tick(1);
  }
  assert.equal(one.logged.length, 1);
  assert.match(one.logged[0]!, /^error the app two.azurewebsites.net works on this storage too: stop one/);
  assert.match(two.logged.join(), /^error the app one.azurewebsites.net works on this storage too/);
  assert.match((await one.says()).storage!, /^false the app two/);
});

test('an app that came back is said again, one that has gone is not', async () => {
  const store = createMemoryStore();
  const [one, two] = [appOn(store, 'one.azurewebsites.net'), appOn(store, 'two.azurewebsites.net')];
  await two.tick();
  await one.tick(1);
  await one.tick(10);
  assert.equal((await one.says()).storage, 'true no other app works on it');
  await two.tick(12);
  await one.tick(1);
  assert.equal(one.logged.length, 2);
});

const broken = (error: Error) => async () => {
  throw error;
};
type Ports = ReturnType<typeof appOn>['ports'];
const rows: [
  title: string,
  change: (ports: Ports, app: ReturnType<typeof appOn>) => void,
  name: string,
  says: RegExp,
][] = [
  ['everything works', () => {}, 'clock', /^true ticked at 2026-11-23T10:00:00.000Z$/],
  ['everything works', () => {}, 'tables', /^true can be read$/],
  [
    'the clock stands',
    (_, app) => (app.now += 6 * 60_000),
    'clock',
    /^false ticked at 2026-11-23T10:00:00.000Z$/,
  ],
  [
    'the clock never ticked',
    (ports) => (ports.store.presences = async () => []),
    'clock',
    /^false has not ticked yet$/,
  ],
  [
    'a table is not there',
    (ports) => (ports.store.imageEdges = broken(new Error('TableNotFound'))),
    'tables',
    /^false TableNotFound$/,
  ],
  [
    'no role on the queues',
    (ports) => (ports.queue.reach = broken(new Error('AuthorizationPermissionMismatch'))),
    'queues',
    /^false Authorization/,
  ],
  [
    'no role on the registry',
    (ports) => (ports.registry.digestOf = broken(new RegistryError('Unauthorized', 'give the role AcrPull'))),
    'registry',
    /^false give the role AcrPull$/,
  ],
  [
    'no role for runs',
    (ports) =>
      (ports.engine.run = broken(new RunEngineError('GET runs/ca1: 403', { transient: false, status: 403 }))),
    'runEngine',
    /^false GET runs\/ca1: 403$/,
  ],
];
for (const [title, change, name, says] of rows)
  test(`where ${title}, ${name} says ${says.source}`, async () => {
    const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
    await app.tick();
    change(app.ports, app);
    assert.match((await app.says())[name]!, says);
  });

test('a clock whose store is away goes on with its work', async () => {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  app.ports.store.putPresence = broken(new Error('503'));
  await app.tick();
  assert.equal((await app.says()).clock, 'false has not ticked yet');
});

const unknownHost = Object.assign(new Error('getaddrinfo ENOTFOUND team1.azurecr.io'), { code: 'ENOTFOUND' });
const losses: [title: string, change: (ports: Ports) => void, logged: RegExp | undefined][] = [
  [
    'the role on a registry was taken away',
    (ports) => (ports.registry.digestOf = broken(new RegistryError('Unauthorized', 'give the role AcrPull'))),
    /^error the registry team1 cannot be reached: give the role AcrPull \(npm run doctor has what mends it\)$/,
  ],
  [
    'a registry was deleted',
    (ports) =>
      (ports.registry.digestOf = broken(
        new RegistryError('Unreachable', 'no such host', { cause: unknownHost }),
      )),
    /^error the registry team1 cannot be reached: no such host/,
  ],
  [
    'a registry is busy',
    (ports) => (ports.registry.digestOf = broken(new RegistryError('TooManyRequests', 'later'))),
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
  app.ports.registry.digestOf = async () => void asked.registries++ as undefined;
  const registries = ['team1', 'team2', 'team3'].map((name) => ({ ...own, name }));
  await watchEdges({ ...app.ports, settings: { ...app.ports.settings, registries } }, newWatchMemory());
  assert.deepEqual(asked, { queues: 1, registries: 3 });
});

test('a registry that does not answer holds nothing, and is not asked twice at once', async () => {
  const app = appOn(createMemoryStore(), 'one.azurewebsites.net');
  let asked = 0;
  app.ports.registry.digestOf = () => {
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

test.run();
