import assert from 'node:assert/strict';
import { test } from 'uvu';
import { cancelRun, scheduleQuickRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { retryForSeconds } from '../../../shared/rules/timing.ts';
import { countIn, ownOf, start, workFor } from '../../worlds/counted.ts';
import { createWorld, runsOf, type World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const other = 'baseacr.azurecr.io/other:1';
const server = 'baseacr.azurecr.io';
const busy = (retryAfter?: number) =>
  new RegistryError('TooManyRequests', 'slow down', { busyServer: server, retryAfter });
const noRole = () => new RegistryError('Unauthorized', 'no role', { isRoleMissing: true });

/** Three tasks on one base image and one on another, of the same registry; a run of each was asked for while it answers 429. */
async function busyWorld() {
  const world = createWorld({ registries: ['baseacr', 'appacr'] });
  for (const image of [base, other]) world.push(image);
  world.events.length = 0;
  const counts = countIn(world);
  world.trouble.registry = () => busy();
  for (const name of ['build-a', 'build-b', 'build-c', 'build-d']) {
    const bases = [name === 'build-d' ? other : base];
    await putTask(ownOf(world, 'appacr'), name, world.task(name, bases, `${name}:1`), world.ports);
    await start(world, 'appacr', name);
    await workFor(world, 1, counts, { clock: false });
  }
  const go = (seconds: number, clock = true) => workFor(world, seconds, counts, { clock });
  return { world, go };
}
const nameOf = (task: string | undefined) => task!.slice(-1);
/** `a asks`, `b behind a`, `c Succeeded`, in the order of the runs. */
async function told(world: World): Promise<string[]> {
  const runs = await runsOf(world, 'appacr');
  return runs.map(({ task, status, waitingFor }) => {
    const behind = runs.find(({ runId }) => waitingFor?.runs.includes(`appacr/${runId}`));
    if (status !== 'Queued') return `${nameOf(task)} ${status}`;
    if (waitingFor?.nextTry) return `${nameOf(task)} ${waitingFor.server ? 'asks' : 'waits'}`;
    return behind ? `${nameOf(task)} behind ${nameOf(behind.task)}` : `${nameOf(task)} in the queue`;
  });
}
const idOf = async (world: World, task: string) =>
  (await runsOf(world, 'appacr')).find((run) => run.task === task)!.runId;

test('the first that meets 429 asks again, and those after it wait for that one, whatever image they need', async () => {
  const { world } = await busyWorld();
  assert.deepEqual(await told(world), ['a asks', 'b behind a', 'c behind a', 'd behind a']);
  const [, b] = await runsOf(world, 'appacr');
  assert.match(b!.waitingFor!.reason, /^waits for \w+, which asks baseacr\.azurecr\.io again: slow down$/);
  assert.equal(b!.trouble!.count, 1);
  assert.ok(b!.waitingFor!.givenUpAt);
});

interface Row {
  title: string;
  happens(world: World): unknown;
  /** Seconds that pass then, without the clock's rounds unless it says so. */
  seconds: number;
  clock?: boolean;
  told: string[];
}
const rows: Row[] = [
  {
    title: 'the server answers again: all are built at once with the one that asked',
    happens: (world) => (world.trouble.registry = () => undefined),
    seconds: 30,
    told: ['a Succeeded', 'b Succeeded', 'c Succeeded', 'd Succeeded'],
  },
  {
    title: 'it answers 429 still: one asks, and no other',
    happens: () => {},
    seconds: 120,
    told: ['a asks', 'b behind a', 'c behind a', 'd behind a'],
  },
  {
    title: 'no slot is free when its time comes: it asks all the same, and the others wait',
    happens: (world) => (world.ports.settings.runsPerRegistry = 0),
    seconds: 60,
    told: ['a asks', 'b behind a', 'c behind a', 'd behind a'],
  },
  {
    title: 'the server answers again while no slot is free: all wait for their turn',
    happens: (world) => {
      world.ports.settings.runsPerRegistry = 0;
      world.trouble.registry = () => undefined;
    },
    seconds: 60,
    told: ['a in the queue', 'b in the queue', 'c in the queue', 'd in the queue'],
  },
  {
    title: 'the one that asks is cancelled: another asks',
    happens: async (world) => cancelRun(ownOf(world, 'appacr'), await idOf(world, 'build-a'), world.ports),
    seconds: 5,
    told: ['a Canceled', 'b asks', 'c behind b', 'd behind b'],
  },
  {
    title: 'the one that asks lacks a role now: another asks',
    happens: (world) => {
      let asked = 0;
      world.trouble.registry = () => (asked++ === 0 ? noRole() : busy());
    },
    seconds: 20,
    told: ['a waits', 'b asks', 'c behind b', 'd behind b'],
  },
  {
    title: 'the one that asks is told to wait for an hour: each asks at its own time',
    happens: (world) => (world.trouble.registry = () => busy(3600)),
    seconds: 20,
    told: ['a asks', 'b asks', 'c asks', 'd asks'],
  },
  {
    title: 'the base image of the one that asks is broken: its run fails and the others go on',
    happens: (world) => {
      world.trouble.registry = (image) =>
        image === base ? new RegistryError('Invalid', 'not an image') : undefined;
    },
    seconds: 30,
    told: ['a Failed', 'b Failed', 'c Failed', 'd Succeeded'],
  },
  {
    title: 'the messages of the one that asks are lost: the clock finds it and all go on',
    happens: (world) => {
      world.messages.length = 0;
      world.trouble.registry = () => undefined;
    },
    seconds: 240,
    clock: true,
    told: ['a Succeeded', 'b Succeeded', 'c Succeeded', 'd Succeeded'],
  },
  {
    title: 'the row of the one that asks is gone: the clock lets the others go on',
    happens: async (world) => {
      const runId = await idOf(world, 'build-a');
      const { store } = world.ports;
      world.ports.store = {
        ...store,
        run: async (registry, id) => (id === runId ? undefined : store.run(registry, id)),
        runsOf: async (registry, ids) =>
          (await store.runsOf(registry, ids)).map((run, at) => (ids[at] === runId ? undefined : run)),
      };
      world.trouble.registry = () => undefined;
    },
    seconds: 240,
    clock: true,
    told: ['a asks', 'b Succeeded', 'c Succeeded', 'd Succeeded'],
  },
  {
    title: 'it answers 429 until the last try: all are given up, none is tried for an hour more',
    happens: () => {},
    seconds: retryForSeconds + 60,
    told: ['a Failed', 'b Failed', 'c Failed', 'd Failed'],
  },
];
const free = 'baseacr.azurecr.io/free:1';
/** Builds of the task need from now on an image that can be read. */
function needsFree(world: World, task: string) {
  world.push(free);
  world.trouble.registry = (image) => (image === free ? undefined : busy());
  const { properties, ...rest } = world.task(task, [free], `${task}:1`);
  return { ...rest, properties: { ...properties, timeout: 1800 } };
}

const changed: Row[] = [
  {
    title:
      'a second run of the task needs no busy server: it goes first, and its end lets the other be tried',
    happens: async (world) => {
      needsFree(world, 'build-b');
      await start(world, 'appacr', 'build-b');
    },
    seconds: 120,
    clock: true,
    told: ['a asks', 'b Succeeded', 'c behind a', 'd behind a', 'b Succeeded'],
  },
  {
    title: 'the task of one that waits is changed to another base image: its run goes on at once',
    happens: (world) => putTask(ownOf(world, 'appacr'), 'build-b', needsFree(world, 'build-b'), world.ports),
    seconds: 10,
    told: ['a asks', 'b Succeeded', 'c behind a', 'd behind a'],
  },
  {
    title: 'the task of the one that asks is changed to another base image: another asks',
    happens: (world) => putTask(ownOf(world, 'appacr'), 'build-a', needsFree(world, 'build-a'), world.ports),
    seconds: 10,
    told: ['a Succeeded', 'b asks', 'c behind b', 'd behind b'],
  },
  {
    title: 'the task of one that waits is written again as it is: its run waits on',
    happens: (world) =>
      putTask(ownOf(world, 'appacr'), 'build-b', world.task('build-b', [base], 'build-b:1'), world.ports),
    seconds: 10,
    told: ['a asks', 'b behind a', 'c behind a', 'd behind a'],
  },
];
for (const { title, happens, seconds, clock = false, told: expected } of [...rows, ...changed])
  test(title, async () => {
    const { world, go } = await busyWorld();
    await happens(world);
    await go(seconds, clock);
    assert.deepEqual(await told(world), expected);
  });

test('a message for one that waits for another does nothing', async () => {
  const { world, go } = await busyWorld();
  const runId = await idOf(world, 'build-b');
  const before = (await world.ports.store.run('appacr', runId))!.etag;
  world.looks.length = 0;
  await world.ports.queue.sendStart([{ registry: 'appacr', runId }]);
  await go(1, false);
  assert.equal((await world.ports.store.run('appacr', runId))!.etag, before);
  assert.deepEqual(world.looks, []);
});

test('two runs of one task do not wait for one another in this way', async () => {
  const { world, go } = await busyWorld();
  world.ports.settings.runsPerTask = 3;
  await start(world, 'appacr', 'build-a');
  await go(1, false);
  assert.equal((await told(world)).at(-1), 'a asks');
});

/** A run by hand of no task, whose context is on a git host. */
const quick = (world: World) =>
  scheduleQuickRun(
    ownOf(world, 'appacr'),
    {
      type: 'FileTaskRunRequest',
      taskFilePath: 'acb.yaml',
      sourceLocation: 'https://git.example.com/quick.git',
      values: [],
      platform: { os: 'Linux', architecture: 'amd64' },
      timeout: 3600,
      isArchiveEnabled: false,
    },
    world.ports,
  );
const gitIsBusy = (world: World) => {
  world.ports.source = {
    fetch: async () => {
      throw new SourceError('Unreachable', 'slow down', { busyServer: 'git.example.com' });
    },
  };
};
test('of the runs of no task that a git host answers with 429 one asks, and the end of it lets another ask at once', async () => {
  const { world, go } = await busyWorld();
  gitIsBusy(world);
  for (let count = 0; count < 3; count++) await quick(world);
  await go(1, false);
  const asking = async () =>
    (await runsOf(world, 'appacr'))
      .filter(({ status, task, waitingFor }) => status === 'Queued' && !task && waitingFor)
      .map(({ runId, waitingFor }) => (waitingFor!.nextTry ? runId : waitingFor!.runs.join()));
  const [one, ...others] = await asking();
  assert.deepEqual(others, [`appacr/${one}`, `appacr/${one}`]);
  await cancelRun(ownOf(world, 'appacr'), one!, world.ports);
  await go(5, false);
  const [next, last] = await asking();
  assert.equal(last, `appacr/${next}`);
});

test('one is given up at its own time, though the one that asks has begun long after it', async () => {
  const world = createWorld({ registries: ['baseacr', 'appacr'], runsPerRegistry: 1 });
  const counts = countIn(world);
  world.push(base);
  const add = (name: string) =>
    putTask(ownOf(world, 'appacr'), name, world.task(name, [base], `${name}:1`), world.ports);
  for (const name of ['build-a', 'build-b']) {
    await add(name);
    await start(world, 'appacr', name);
    await workFor(world, 5, counts);
  }
  world.trouble.registry = () => busy();
  world.push(base);
  await workFor(world, retryForSeconds - 100, counts);
  await add('build-c');
  // A run by hand goes before those that a push started.
  await start(world, 'appacr', 'build-c');
  await workFor(world, 1, counts);
  const ofPush = (await runsOf(world, 'appacr')).filter(({ imageUpdateTrigger }) => imageUpdateTrigger);
  await cancelRun(ownOf(world, 'appacr'), ofPush[0]!.runId, world.ports);
  await workFor(world, 5, counts);
  assert.deepEqual((await told(world)).slice(-3), ['a Canceled', 'b behind c', 'c asks']);
  await workFor(world, 300, counts);
  assert.deepEqual((await told(world)).slice(-3), ['a Canceled', 'b Failed', 'c asks']);
});

const down = () => new RegistryError('Unreachable', 'no answer');
const lost: [title: string, error: () => Error, isFirst: boolean][] = [
  ['429, and asks again', busy, true],
  ['429, and waits for the one that asks', busy, false],
  ['429 with an hour', () => busy(3600), false],
  ['no answer', down, false],
  ['a missing role', noRole, false],
  ['a fault of Plinth', () => new Error('broken'), false],
];
for (const [title, error, isFirst] of lost)
  test(`a run that meets ${title}, while the answer of the write is lost, counts and says one try`, async () => {
    const { world, go } = await busyWorld();
    const { store } = world.ports;
    if (isFirst)
      for (const { runId } of await runsOf(world, 'appacr'))
        await cancelRun(ownOf(world, 'appacr'), runId, world.ports);
    world.trouble.registry = error;
    let isLost = false;
    world.ports.store = {
      ...store,
      async commit(registry, writes) {
        await store.commit(registry, writes);
        const waits = writes.some((write) => 'put' in write && write.put === 'run' && write.value.waitingFor);
        if (isLost || !waits) return;
        isLost = true;
        throw new ConflictError('the second try met the first');
      },
    };
    await putTask(ownOf(world, 'appacr'), 'build-e', world.task('build-e', [base], 'e:1'), world.ports);
    await start(world, 'appacr', 'build-e');
    await go(1, false);
    const { trouble, waited } = (await runsOf(world, 'appacr')).at(-1)!;
    assert.equal(isLost, true);
    assert.equal(trouble!.count, 1);
    assert.equal(waited!.length, 1);
  });

test.run();
