import assert from 'node:assert/strict';
import { test } from 'uvu';
import * as keys from '../shared/adapters/tableKeys.ts';
import { createTableStore } from '../shared/adapters/tableStore.ts';
import { everyMinute, newClockMemory } from '../shared/flow/everyMinute.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { registryOverview } from '../shared/flow/registryOverview.ts';
import { putTask } from '../shared/flow/tasks.ts';
import { RegistryError } from '../shared/ports/registry.ts';
import { formatRunId } from '../shared/runId.ts';
import { createCountingTable } from './countingTable.ts';
import { registryOf, runByHand } from './diamondWorld.ts';
import { dockerfileOver } from './dockerfileOver.ts';
import { settle } from './settle.ts';
import { handling, takeMessages } from './workers.ts';
import { createWorld, runsOf, type World } from './world.ts';

const good = 'goodacr';
const bad = 'badacr';
const goodBase = 'docker.io/library/good:1';
const badBase = 'quay.io/team/bad:1';
const ownBase = 'goodacr.azurecr.io/base:1';

/**
 * Two registries with a task each: `build-app` of goodacr stands on goodBase and has a timer, `build-app` of badacr stands on badBase
 * with credentials of its own; both stand on ownBase. The store is the one on tables, over tables in memory.
 */
async function twoTasks() {
  const world = createWorld({ registries: [good, bad] });
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  world.ports.store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  for (const image of [goodBase, badBase, ownBase]) world.push(image);
  const timerTriggers = [{ name: 'nightly', schedule: '0 3 * * *', status: 'Enabled' as const }];
  for (const [registry, image] of [
    [bad, badBase],
    [good, goodBase],
  ] as const) {
    const task = world.task('build-app', [image, ownBase]);
    // The world has one Dockerfile for a name; each registry's task has its own.
    const url = `https://git.example.com/${registry}.git`;
    world.dockerfile(registry, dockerfileOver([image, ownBase]));
    Object.assign(task.properties.step, { contextPath: url });
    Object.assign(task.properties.trigger!, { timerTriggers });
    if (registry === bad)
      Object.assign(task.properties, {
        credentials: {
          customRegistries: {
            'quay.io': {
              userName: { type: 'Opaque', value: 'robot' },
              password: { type: 'Opaque', value: 'word' },
            },
          },
        },
      });
    await putTask(registryOf(world, registry), 'build-app', task, world.ports);
    await runByHand(world, registry, 'build-app');
  }
  await settle(world);
  return { world, main, pushes };
}
type Two = Awaited<ReturnType<typeof twoTasks>>;

const spoilDocument = ({ main }: Two, registry: string, rowKey: string, json0 = '{"cut short') =>
  main.change(keys.registryPartition(registry), rowKey, { json0 });
const changed = ({ main }: Two, registry: string, rowKey: string, change: (value: any) => void) => {
  const value = JSON.parse(String(main.row(keys.registryPartition(registry), rowKey)!.json0));
  change(value);
  return JSON.stringify(value);
};
const lastRun = async ({ world }: Two, registry: string) => (await runsOf(world, registry)).at(-1)!;

/** Each: what is bad, and what the list of what could not be seen or done says of it. */
const rows: [bad: string, spoil: (two: Two) => unknown, said: RegExp | undefined][] = [
  [
    'a registry whose token server answers with a page',
    ({ world }) => {
      world.trouble.registry = (image) =>
        image === badBase ? new SyntaxError('Unexpected token <') : undefined;
    },
    /quay\.io\/team\/bad:1.*Unexpected token/,
  ],
  [
    'a registry that asks to be left alone for ever',
    ({ world }) => {
      world.trouble.registry = (image) =>
        image === badBase
          ? new RegistryError('TooManyRequests', 'slow down', { retryAfter: 86_400 })
          : undefined;
    },
    /quay\.io.*slow down/,
  ],
  [
    'a registry whose client fails in its own code',
    ({ world }) => {
      world.trouble.registry = (image) =>
        image === badBase ? new TypeError('x is not a function') : undefined;
    },
    /quay\.io.*not a function/,
  ],
  [
    'a secret that does not open',
    (two) =>
      spoilDocument(
        two,
        bad,
        keys.taskRow('build-app'),
        changed(two, bad, keys.taskRow('build-app'), (task) => {
          task.properties.credentials.customRegistries['quay.io'].password.value = 'sealed:1:AAAA';
        }),
      ),
    /quay\.io.*secret of badacr.*does not open/,
  ],
  [
    'a secret in a vault whose client fails',
    (two) => {
      spoilDocument(
        two,
        bad,
        keys.taskRow('build-app'),
        changed(two, bad, keys.taskRow('build-app'), (task) => {
          const entry = task.properties.credentials.customRegistries['quay.io'];
          entry.password = { type: 'Vaultsecret', value: 'https://v.vault.azure.net/secrets/x' };
          entry.userName = entry.password;
          entry.identity = '[system]';
        }),
      );
      two.world.ports.vault.secret = async () => {
        throw new RangeError('Invalid time value');
      };
    },
    /quay\.io.*Invalid time/,
  ],
  [
    'a task that is cut short',
    (two) => spoilDocument(two, bad, keys.taskRow('build-app')),
    /task!build-app is not JSON/,
  ],
  [
    'a task of another shape',
    (two) => spoilDocument(two, bad, keys.taskRow('build-app'), '{"name":"build-app"}'),
    /task!build-app does not have the expected shape at/,
  ],
  [
    'a state that is cut short',
    (two) => spoilDocument(two, bad, keys.stateRow('build-app')),
    /state!build-app is not JSON/,
  ],
  [
    'a state of a newer version',
    (two) => two.main.change(bad, keys.stateRow('build-app'), { version: 9 }),
    /state!build-app has version 9/,
  ],
  [
    'a state whose base image is no reference',
    (two) =>
      spoilDocument(
        two,
        bad,
        keys.stateRow('build-app'),
        changed(two, bad, keys.stateRow('build-app'), (state) => {
          state.bases[0].image = 'Not A Reference';
        }),
      ),
    /Not A Reference/,
  ],
  [
    'a timer whose schedule is none',
    (two) =>
      spoilDocument(
        two,
        bad,
        keys.stateRow('build-app'),
        changed(two, bad, keys.stateRow('build-app'), (state) => {
          state.timers[0].schedule = 'at noon';
        }),
      ),
    /timers of build-app of badacr/,
  ],
  [
    'a run that goes on and is cut short',
    async (two) => {
      const { runId } = await lastRun(two, bad);
      spoilDocument(two, bad, keys.runRow(bad, runId)!);
      const json0 = changed(two, bad, keys.paceRow, (pace) => {
        pace.running = [runId];
      });
      spoilDocument(two, bad, keys.paceRow, json0);
    },
    /run c.1 of badacr: row badacr/,
  ],
  ['a pace that is cut short', (two) => spoilDocument(two, bad, keys.paceRow), undefined],
  [
    'a webhook that is cut short',
    ({ main }) =>
      main.change(bad, keys.webhookRow('build-app', 'commits'), {
        version: 1,
        json0: '{',
        nextAttempt: '2026-01-01T00:00:00.000Z',
      }),
    /webhook!build-app!commits is not JSON/,
  ],
  [
    'a place that does not say what it waits for',
    ({ main }) => {
      const runId = formatRunId(bad, 99);
      const place = { registry: bad, runId, automatic: true, waitsFor: [] };
      main.change(bad, keys.placeRow(place), { runId, automatic: true, waitsFor: '{"cut' });
    },
    undefined,
  ],
  [
    'a registry whose rows cannot be listed',
    ({ world }) => {
      const { states, statesWithTimers, places } = world.ports.store;
      const unless =
        <A extends unknown[], R>(list: (name: string, ...rest: A) => R) =>
        (name: string, ...rest: A) => {
          if (name === bad) throw new Error('the service is busy');
          return list(name, ...rest);
        };
      Object.assign(world.ports.store, {
        states: unless(states),
        statesWithTimers: unless(statesWithTimers),
        places: unless(places),
      });
    },
    /tasks of badacr.*busy/,
  ],
  [
    'what the rounds remember, cut short',
    ({ main }) => main.change(keys.commonPartition, keys.watchRow, { json0: '{' }),
    undefined,
  ],
  [
    'the ledger of an old push, cut short',
    async ({ world, pushes }) => {
      const day = new Date(world.now() - 200 * 86_400_000).toISOString().slice(0, 10);
      pushes.change(keys.dayPartition(day), keys.pushPartition('old'), { id: 'old' });
      pushes.change(keys.pushPartition('old'), keys.pushRow(bad, 'build-app'), { version: 1, json0: '{' });
      const watch = (await world.ports.store.watch())!;
      await world.ports.store.putWatch({ ...watch.value, ledgerFrom: day }, watch.etag);
    },
    undefined,
  ],
];

async function handle(world: World) {
  for (const message of takeMessages(world, 1, () => 0)) await handling(message)(world.ports);
}

async function minutes(world: World, count: number) {
  const memory = newClockMemory();
  for (let minute = 0; minute < count; minute++) {
    world.pass(60);
    await everyMinute(world.ports, memory);
  }
}

for (const [what, spoil, said] of rows)
  test(`${what} spoils only itself: another task is rebuilt, its timer starts, its lost message is rung, and the list tells`, async () => {
    const two = await twoTasks();
    const { world } = two;
    await spoil(two);
    const before = (await runsOf(world, good)).length;
    const digest = world.push(goodBase);
    world.events.length = 0;
    world.messages.length = 0;
    await minutes(world, 16);
    const found = (await runsOf(world, good)).slice(before);
    assert.equal(found.length, 1, 'the round found what moved');
    assert.equal(found[0]!.imageUpdateTrigger!.images[0]!.digest, digest);
    assert.ok(
      world.messages.some(({ body }) => body.registry === good && body.runId === found[0]!.runId),
      'and it is rung for',
    );
    const { properties } = await registryOverview(registryOf(world, good), world.ports);
    const list = [
      ...properties.baseImagesNotSeen.map(({ image, reason }) => `${image}: ${reason}`),
      ...properties.notDone.map(({ chore, what, reason }) => `${chore}: ${what}: ${reason}`),
    ];
    if (said)
      assert.ok(
        list.some((line) => said.test(line)),
        list.join('\n') || 'nothing is listed',
      );
    else assert.deepEqual(list, []);

    world.pass(Date.parse('2026-11-24T02:59:30.000Z') / 1000 - world.now() / 1000);
    await minutes(world, 2);
    const timed = (await runsOf(world, good)).at(-1)!;
    assert.equal(timed.timerTrigger?.timerTriggerName, 'nightly');
  });

test('a run whose row cannot be read gives its place to others, and has it back when it can be read', async () => {
  const two = await twoTasks();
  const { world, main } = two;
  const store = world.ports.store;
  const { runId } = await runByHand(world, bad, 'build-app');
  const paceOf = async () => (await store.pace(bad))!.value;
  while ((await paceOf()).running.length === 0) await handle(world);
  const rowKey = keys.runRow(bad, runId)!;
  const { json0 } = main.row(bad, rowKey)!;
  spoilDocument(two, bad, rowKey);
  await minutes(world, 3);
  assert.deepEqual(await paceOf(), { registry: bad, running: [], unread: [runId] });
  spoilDocument(two, bad, rowKey, String(json0));
  await minutes(world, 1);
  assert.deepEqual(await paceOf(), { registry: bad, running: [runId] });
  await settle(world);
  assert.equal((await store.run(bad, runId))!.value.status, 'Succeeded');
  assert.deepEqual((await paceOf()).running, []);
});

test('a pace that cannot be read is made anew from the runs that go on', async () => {
  for (const columns of [{ json0: '{' }, { json0: '{}' }, { version: 8 }]) {
    const two = await twoTasks();
    const { world, main } = two;
    const { runId } = await runByHand(world, bad, 'build-app');
    while ((await world.ports.store.pace(bad))!.value.running.length === 0) await handle(world);
    main.change(bad, keys.paceRow, columns);
    await minutes(world, 1);
    assert.deepEqual((await world.ports.store.pace(bad))!.value.running, [runId]);
    await settle(world);
    assert.equal((await lastRun(two, bad)).status, 'Succeeded');
  }
});

test('a push is heard by every task but the one that cannot be read, and its ledger says why', async () => {
  for (const spoil of [
    (two: Two) => spoilDocument(two, bad, keys.stateRow('build-app')),
    (two: Two) => two.main.change(bad, keys.stateRow('build-app'), { version: 2 }),
  ]) {
    const two = await twoTasks();
    const { world } = two;
    spoil(two);
    world.push(ownBase);
    const [event] = world.events.splice(0);
    await onPush(event!, world.ports);
    assert.equal((await lastRun(two, good)).imageUpdateTrigger?.id, event!.id);
    const said = (await world.ports.store.push(event!.id)).map(
      ({ registry, verdict, reason }) => `${registry} ${verdict} ${reason}`,
    );
    assert.ok(
      said.some((line) => /badacr skipped row badacr\/state!build-app/.test(line)),
      said.join('\n'),
    );
  }
});

test('a chore that hangs holds no other, and is not begun again before it ends', async () => {
  const two = await twoTasks();
  const { world } = two;
  let asked = 0;
  let answer = () => {};
  const { digestOf } = world.ports.registry;
  world.ports.registry.digestOf = async (image, login) => {
    if (image.registry !== 'quay.io') return digestOf(image, login);
    asked++;
    await new Promise<void>((resolve) => {
      answer = resolve;
    });
    return undefined;
  };
  world.pass(Date.parse('2026-11-24T02:40:00.000Z') / 1000 - world.now() / 1000);
  const memory = newClockMemory();
  for (let minute = 0; minute < 21; minute++) {
    world.pass(60);
    await everyMinute(world.ports, memory, 5);
  }
  assert.equal(asked, 1);
  assert.ok(memory.underWay.has('the round over all base images'));
  assert.equal((await lastRun(two, good)).timerTrigger?.timerTriggerName, 'nightly');
  answer();
  await new Promise(setImmediate);
  assert.equal(memory.underWay.size, 0);
});

test.run();
