import assert from 'node:assert/strict';
import { test } from 'uvu';
import * as keys from '../../../shared/adapters/storage/tableKeys.ts';
import { registryOverview } from '../../../shared/flow/api/registryOverview.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { registryOf } from '../../worlds/diamondWorld.ts';
import {
  bad,
  badBase,
  changed,
  good,
  goodBase,
  lastRun,
  minutes,
  spoilDocument,
  type Two,
  twoTasks,
} from '../../worlds/oneBadThing.ts';
import { runsOf } from '../../worlds/world.ts';

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
    /timer nightly of build-app of badacr: .*at noon/,
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
      const watch = (await world.ports.store.scan())!;
      await world.ports.store.putScan({ ...watch.value, ledgerFrom: day }, watch.etag);
    },
    undefined,
  ],
];

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
      world.messages.some(
        ({ body }) => 'runId' in body && body.registry === good && body.runId === found[0]!.runId,
      ),
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

test.run();
