import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Run, RunRequest } from '../../shared/model/run.ts';
import type { Decision, TaskState } from '../../shared/model/state.ts';
import type { Task } from '../../shared/model/task.ts';
import type { TaskRun } from '../../shared/model/taskRun.ts';
import { formatRunId } from '../../shared/names/runId.ts';
import type { Settings } from '../../shared/ports/ports.ts';
import { ConflictError, noEdges, type Store } from '../../shared/ports/store.ts';
import { testListParts } from './store/listStoreContract.ts';
import { testQueueRows } from './store/queueStoreContract.ts';
import { testTriggerRows } from './store/triggerStoreContract.ts';

const platform = { os: 'Linux', architecture: 'amd64' } as const;
const time = '2026-11-23T10:00:00.000Z';

export const sampleTask = (registry: string, name: string): Task => ({
  registry,
  name,
  location: 'local',
  creationDate: time,
  properties: {
    status: 'Enabled',
    platform,
    timeout: 3600,
    isSystemTask: false,
    step: {
      type: 'Docker',
      dockerFilePath: 'Dockerfile',
      imageNames: ['a:1'],
      isPushEnabled: true,
      noCache: false,
      arguments: [],
    },
  },
});

export const sampleState = (registry: string, task: string): TaskState => ({
  registry,
  task,
  enabled: true,
  trigger: 'Runtime',
  platform,
  timeout: 3600,
  bases: [],
  open: [],
  outputs: [],
});

export const sampleSettings: Settings = {
  registries: [],
  app: 'plinth.example.com',
  runsPerRegistry: 10,
  runsPerTask: 1,
  maxContextBytes: 2 ** 20,
  reconcileMinutes: 5,
  pollMinutes: 30,
  ledgerDays: 90,
  deliveryDays: 90,
  runDays: 365,
  vaults: { own: [] },
  policies: [],
  publicUrl: 'https://plinth.example.com',
};

export const sampleRun = (registry: string, runId: string, task = 'task1'): Run => ({
  registry,
  runId,
  status: 'Queued',
  task,
  createTime: time,
  lastUpdatedTime: time,
  platform,
  timeout: 3600,
  isArchiveEnabled: false,
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What every Store must do; each test has a registry of its own, as the stores outlive a test. */
export function testStore(kind: string, open: () => Promise<Store>, close?: () => Promise<void>): void {
  const test = suite(`the store ${kind}`);
  let store: Store;
  let next = 0;
  const newRegistry = () => `store${Date.now()}x${next++}`;
  test.before(async () => {
    store = await open();
  });
  test.after(async () => close?.());

  test('a row comes back as it was written, whatever the case of its name', async () => {
    const registry = newRegistry();
    const task = sampleTask(registry, 'Task-One');
    await store.commit(registry, [{ put: 'task', value: task }]);
    assert.deepEqual((await store.task(registry, 'TASK-one'))?.value, task);
    assert.deepEqual(await store.tasks(registry), [task]);
    assert.equal(await store.task(registry, 'other'), undefined);
  });

  test('a task run comes back as it was written, whatever the case of its name, until it is removed', async () => {
    const registry = newRegistry();
    const runRequest = RunRequest.parse({ type: 'TaskRunRequest', taskId: 'task1' });
    const taskRun: TaskRun = { registry, name: 'Image-Once', runId: 'ca1', properties: { runRequest } };
    await store.commit(registry, [{ put: 'taskRun', value: taskRun }]);
    assert.deepEqual((await store.taskRun(registry, 'IMAGE-once'))?.value, taskRun);
    assert.deepEqual(await store.taskRuns(registry), [taskRun]);
    assert.deepEqual(await store.tasks(registry), []);
    await store.commit(registry, [{ remove: 'taskRun', name: 'image-ONCE' }]);
    assert.equal(await store.taskRun(registry, 'image-once'), undefined);
  });

  test('what must not exist yet, exists once', async () => {
    const registry = newRegistry();
    const write = { put: 'task', value: sampleTask(registry, 'task1') } as const;
    await store.commit(registry, [write]);
    await assert.rejects(store.commit(registry, [write]), ConflictError);
  });

  test('a version that is no longer the newest is refused, and nothing of its transaction is written', async () => {
    const registry = newRegistry();
    const state = sampleState(registry, 'task1');
    await store.commit(registry, [{ put: 'state', value: state }]);
    const read = await store.state(registry, 'task1');
    await store.commit(registry, [{ put: 'state', value: { ...state, enabled: false }, etag: read!.etag }]);
    const run = sampleRun(registry, formatRunId(registry, 1));
    await assert.rejects(
      store.commit(registry, [
        { put: 'run', value: run },
        { put: 'state', value: state, etag: read!.etag },
      ]),
      ConflictError,
    );
    assert.equal(await store.run(registry, run.runId), undefined);
    assert.equal((await store.state(registry, 'task1'))!.value.enabled, false);
  });

  test('runs come newest first, of one task, and older than another', async () => {
    const registry = newRegistry();
    const id = (number: number) => formatRunId(registry, number);
    for (const [number, task] of [
      [1, 'task1'],
      [35, 'Task2'],
      [36, 'task1'],
      [1296, 'task2'],
    ] as const)
      await store.commit(registry, [{ put: 'run', value: sampleRun(registry, id(number), task) }]);
    const ids = async (only?: { task?: string; before?: string }) =>
      (await collect(store.runs(registry, only))).map((run) => run.runId);
    assert.deepEqual(await ids(), [id(1296), id(36), id(35), id(1)]);
    assert.deepEqual(await ids({ task: 'TASK2' }), [id(1296), id(35)]);
    assert.deepEqual(await ids({ before: id(36) }), [id(35), id(1)]);
    assert.equal((await store.run(registry, id(36)))?.value.task, 'task1');
    assert.equal(await store.run(registry, 'nonsense'), undefined);
  });

  test('a run is removed as it was read: one that was changed since stays, one that is gone is a conflict', async () => {
    const registry = newRegistry();
    for (const runId of [formatRunId(registry, 1), formatRunId(registry, 2)])
      await store.commit(registry, [{ put: 'run', value: sampleRun(registry, runId) }]);
    const [two, one] = await collect(store.storedRuns(registry));
    await store.commit(registry, [{ put: 'run', value: two!.value, etag: two!.etag }]);
    await assert.rejects(store.forgetRun(two!), ConflictError);
    await store.forgetRun(one!);
    assert.deepEqual(await collect(store.runs(registry)), [two!.value]);
    await assert.rejects(store.forgetRun(one!), ConflictError);
  });

  testQueueRows(test, () => store, newRegistry);

  test('run numbers are given once, also to many who ask at the same time', async () => {
    const registry = newRegistry();
    const taken = await Promise.all(Array.from({ length: 8 }, () => store.takeRunNumbers(registry, 3)));
    assert.deepEqual(
      taken.sort((a, b) => a - b),
      [1, 4, 7, 10, 13, 16, 19, 22],
    );
  });

  test('an image has its dependents and its producers', async () => {
    const registry = newRegistry();
    const image = `${registry}.azurecr.io/some/thing:1.0`;
    const none = { bases: [], outputs: [] };
    await store.changeEdges({ registry, task: 'App-1' }, { bases: [image], outputs: [] }, none);
    await store.changeEdges({ registry, task: 'maker' }, { bases: [], outputs: [image] }, none);
    await store.changeEdges({ registry, task: 'app-1' }, { bases: [image], outputs: [] }, none);
    assert.deepEqual(await store.imageEdges(image), {
      dependents: [{ registry, task: 'app-1' }],
      producers: [{ registry, task: 'maker' }],
    });
    await store.changeEdges({ registry, task: 'app-1' }, none, { bases: [image], outputs: [] });
    await store.changeEdges({ registry, task: 'app-1' }, none, { bases: [image], outputs: [] });
    assert.deepEqual((await store.imageEdges(image)).dependents, []);
  });

  test('what was seen of an image lies beside its edges', async () => {
    const registry = newRegistry();
    const image = `${registry}.azurecr.io/some/thing:1.0`;
    assert.equal(await store.sightings(image), undefined);
    const one = { image, digests: [{ digest: 'sha256:1', firstSeen: time, since: time, sure: true }] };
    await store.putSightings(one, undefined);
    await assert.rejects(() => store.putSightings(one, undefined), ConflictError);
    const read = (await store.sightings(image))!;
    assert.deepEqual(read.value, one);
    await store.changeEdges({ registry, task: 'app-1' }, { bases: [image], outputs: [] }, noEdges);
    const { dependents, producers, sightings } = await store.imageEdges(image);
    assert.deepEqual([dependents, producers], [[{ registry, task: 'app-1' }], []]);
    assert.deepEqual(sightings, read);
    await store.putSightings({ image, digests: [] }, sightings!.etag);
    await assert.rejects(() => store.putSightings(one, read.etag), ConflictError);
    assert.deepEqual((await store.sightings(image))!.value.digests, []);
  });

  test('the ledger keeps what was decided first', async () => {
    const registry = newRegistry();
    const decision = (task: string, reason: string): Decision => ({
      push: { id: `push of ${registry} /#?\\`, image: 'a/b:c', digest: 'sha256:1', timestamp: time },
      registry,
      task,
      verdict: 'started',
      reason,
      time,
    });
    const id = decision('', '').push.id;
    await store.recordPush(id, [decision('task1', 'first')]);
    await store.recordPush(id, [decision('task1', 'second'), decision('task2', 'second')]);
    const said = (await store.push(id)).map(({ task, reason }) => `${task}: ${reason}`);
    assert.deepEqual(said.sort(), ['task1: first', 'task2: second']);
    await store.commit(registry, [{ put: 'decision', value: decision('task1', 'first') }]);
    await assert.rejects(
      store.commit(registry, [{ put: 'decision', value: decision('task1', 'again') }]),
      ConflictError,
    );
    await store.commit(registry, [{ put: 'decision', value: decision('task1', 'again'), replace: true }]);
    assert.deepEqual(
      (await collect(store.decisions(registry, 'TASK1'))).map(({ reason }) => reason),
      ['again'],
    );
  });

  testTriggerRows(test, () => store, newRegistry);
  testListParts(test, () => store, newRegistry);

  test('a day of the ledger is forgotten, with what its pushes meant for each task', async () => {
    const registry = newRegistry();
    const [kept, old] = ['kept', 'old'].map((id) => ({
      id: `${registry}/${id}`,
      image: 'a/b:c',
      digest: 'sha256:1',
      timestamp: time,
    })) as [Decision['push'], Decision['push']];
    const [today, before] = ['2026-11-23', '2026-01-02'];
    for (const [push, day] of [
      [kept, today],
      [old, before],
    ] as const) {
      const decision: Decision = {
        push,
        registry,
        task: 'task1',
        verdict: 'skipped',
        reason: 'none',
        time: `${day}T10:00:00.000Z`,
      };
      await store.commit(registry, [{ put: 'decision', value: decision }]);
      await store.recordPush(push.id, [decision]);
    }
    const [recorded] = (await store.pushesOf(before, { top: 10 })).values;
    assert.deepEqual([recorded!.id, recorded!.image, recorded!.decided!.skipped], [old.id, old.image, 1]);
    await store.forgetPush(before, recorded!);
    await store.forgetPush(before, recorded!);
    assert.deepEqual((await store.pushesOf(before, { top: 10 })).values, []);
    assert.deepEqual(await store.push(old.id), []);
    assert.equal((await store.push(kept.id)).length, 1);
    const left = await collect(store.decisions(registry, 'task1'));
    assert.deepEqual(
      left.map(({ push }) => push.id),
      [kept.id],
    );
  });

  test('the rounds over all base images remember what they did, one at a time', async () => {
    const watch = { lookedAt: time, polledAt: time, pausedUntil: {}, unseen: [] };
    const before = await store.scan();
    await store.putScan(watch, before?.etag);
    await assert.rejects(store.putScan(watch, before?.etag), ConflictError);
    assert.deepEqual((await store.scan())?.value, watch);
  });

  test('images are noted as held, once each, until they are forgotten', async () => {
    const images = ['docker.io/library/alpine:3', 'localhost:5000/a_b/c-d.e:V1'].map(
      (image) => `${newRegistry()}.${image}`,
    );
    const mine = async () => (await store.heldImages()).filter((image) => images.includes(image)).sort();
    for (const image of [...images, images[0]!]) await store.noteHeld(image);
    assert.deepEqual(await mine(), [...images].sort());
    for (let again = 0; again < 2; again++) await store.forgetHeld(images[0]!);
    assert.deepEqual(await mine(), [images[1]]);
    await store.forgetHeld(images[1]!);
  });

  test('an app that works on the storage is known by what it said last', async () => {
    const app = `${newRegistry()}.azurewebsites.net`;
    const mine = async () => (await store.presences()).filter((presence) => presence.app === app);
    assert.deepEqual(await mine(), []);
    for (const others of [[], ['other.azurewebsites.net']]) {
      await store.putPresence({ app, tickedAt: time, others });
      assert.deepEqual(await mine(), [{ app, tickedAt: time, others }]);
    }
  });

  test('what was not taken is counted, by kind, with the last example', async () => {
    const kind = newRegistry();
    await store.countIgnored(kind, 'one', time);
    await store.countIgnored(kind, 'two', time);
    const found = (await store.ignored()).find((ignored) => ignored.kind === kind);
    assert.deepEqual(found, { kind, count: 2, lastTime: time, example: 'two' });
  });

  for (const text of ['ü'.repeat(100_000), '😀'.repeat(50_000), `a${'😀'.repeat(50_000)}`])
    test(`a document larger than a property comes back whole, of ${text.slice(0, 3)}…`, async () => {
      const registry = newRegistry();
      const run = { ...sampleRun(registry, formatRunId(registry, 1)), runErrorMessage: text };
      await store.commit(registry, [{ put: 'run', value: run }]);
      assert.deepEqual((await store.run(registry, run.runId))?.value, run);
    });

  test.run();
}
