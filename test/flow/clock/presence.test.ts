/** What an app says of itself: that its clock ticks, that nobody else works on its storage, what it reaches. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { notePresence } from '../../../shared/flow/clock/notePresence.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';
import { type AppPorts, appOn, broken } from './appOn.ts';

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

const rows: [
  title: string,
  change: (ports: AppPorts, app: ReturnType<typeof appOn>) => void,
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
    (ports) => (ports.registry.reach = broken(new RegistryError('Unauthorized', 'give the role AcrPull'))),
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

test('two ticks at once say another app once', async () => {
  const store = createMemoryStore();
  const [one, two] = [appOn(store, 'one.azurewebsites.net'), appOn(store, 'two.azurewebsites.net')];
  await two.tick();
  const said = new Set<string>();
  await Promise.all([notePresence(one.ports, said), notePresence(one.ports, said)]);
  assert.equal(one.logged.length, 1);
});

test.run();
