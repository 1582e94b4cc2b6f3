import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type ApiVersion, inVersion } from '../../../shared/api/apiVersions.ts';
import { toTaskResource } from '../../../shared/api/toResource.ts';
import { withoutNulls } from '../../../shared/api/withoutNulls.ts';
import { deleteTask } from '../../../shared/flow/api/deleteTask.ts';
import { asTask, sameAnswer, sentIn } from '../../../shared/flow/api/putBack.ts';
import { Refusal } from '../../../shared/flow/refusal.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import type { Task } from '../../../shared/model/task.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { UnreadableError } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';
import { callsOf, linesOf, registry, time } from '../push/steps/pushWorld.ts';
import { conflict, writesOf } from '../queue/steps/queueRows.ts';

const id = (number: number) => formatRunId(registry, number);
const own = (world: World) => world.ports.settings.registries[0]!;
const image = 'appacr.azurecr.io/app:1';
const open = (number: number, phase: 'Queued' | 'Pinned' = 'Queued') => ({
  ...{ runId: id(number), phase },
  ...{ automatic: true, canonical: true },
});

/** A world with the rows of a task that makes an image, and the runs that are said to be open. */
async function worldOf(rows: { task?: boolean; state?: Partial<TaskState>; runs?: Run[] }) {
  const world = createWorld({ registries: [registry] });
  const { store } = world.ports;
  const state = { ...sampleState(registry, 'Hello'), outputs: [image], ...rows.state };
  if (rows.task !== false)
    await store.commit(registry, [{ put: 'task', value: sampleTask(registry, 'Hello') }]);
  if (rows.state) await store.commit(registry, [{ put: 'state', value: state }]);
  for (const value of rows.runs ?? [])
    await store.commit(registry, [
      { put: 'run', value },
      { put: 'place', value: { registry, runId: value.runId, automatic: false } },
    ]);
  await store.changeEdges(
    { registry, task: 'hello' },
    { bases: [], outputs: [image] },
    { bases: [], outputs: [] },
  );
  return world;
}
const run = (number: number, change: Partial<Run> = {}): Run => ({
  ...sampleRun(registry, id(number), 'Hello'),
  ...change,
});
const left = async ({ ports: { store } }: World) => [
  (await store.task(registry, 'hello')) !== undefined,
  (await store.state(registry, 'hello')) !== undefined,
  (await store.producers(image)).length,
];

/** Each: the rows of the task, whether there was one, and what is left: its row, its state, the edges to its image. */
const deletions: [
  title: string,
  rows: Parameters<typeof worldOf>[0],
  was: boolean,
  left: [boolean, boolean, number],
][] = [
  ['that is there', { state: {} }, true, [false, false, 0]],
  ['without a state', {}, true, [false, false, 1]],
  ['that is not there', { task: false }, false, [false, false, 1]],
  ['that was deleted half', { task: false, state: { deleted: true } }, true, [false, false, 0]],
  ['of which only the state is there', { task: false, state: {} }, false, [false, true, 1]],
];
for (const [title, rows, was, after] of deletions)
  test(`a DELETE of a task ${title} ${was ? 'deletes it' : 'finds none'}`, async () => {
    const world = await worldOf(rows);
    const calls = callsOf(world, 'webhooks');
    assert.equal(await deleteTask(own(world), 'hello', world.ports), was);
    assert.deepEqual(await left(world), after);
    // Of what was never there no webhook is looked for; of what is gone those that are to be removed.
    const wasThere = rows.task !== false;
    assert.equal(calls.length, Number(wasThere) + Number(was));
  });

const mark = {
  runId: id(9),
  status: 'Failed' as const,
  inputs: 'x',
  failures: 1,
  automatic: true,
  endedAt: time,
};
test('until its edges are gone, the state of a deleted task has what is needed for them alone', async () => {
  const timers = [{ name: 't', schedule: '0 1 * * *', last: time }];
  const aside = [{ runId: id(1), phase: 'Queued' as const, automatic: true, canonical: false }];
  const state = { timers, last: mark, open: [open(1)], aside };
  const world = await worldOf({ state });
  world.ports.store.forgetState = async () => {
    throw new TypeError('away');
  };
  await assert.rejects(deleteTask(own(world), 'hello', world.ports), /away/);
  assert.deepEqual((await world.ports.store.state(registry, 'hello'))!.value, {
    ...{ ...sampleState(registry, 'Hello'), outputs: [image] },
    ...{ enabled: false, deleted: true },
  });
});

/** Each: the open runs of the task, the rows of those that are there, their status after it, what the engine is asked. */
const runs: [title: string, state: Partial<TaskState>, rows: Run[], status: string[], asked: string[]][] = [
  ['none', {}, [], [], []],
  ['one that is queued', { open: [open(1)] }, [run(1)], ['Canceled'], []],
  [
    'one that is built',
    { open: [open(1, 'Pinned')] },
    [run(1, { status: 'Running', engineRunId: 'e1' })],
    ['Running'],
    ['e1'],
  ],
  [
    'one that is built and one aside',
    { open: [open(1, 'Pinned')], aside: [open(2)] },
    [run(1, { status: 'Running', engineRunId: 'e1' }), run(2, { aside: true })],
    ['Running', 'Canceled'],
    ['e1'],
  ],
];
for (const [title, state, rows, status, asked] of runs)
  test(`a task that is deleted with open runs, ${title}, has them cancelled`, async () => {
    const world = await worldOf({ state, runs: rows });
    const calls: string[] = [];
    world.ports.engine.cancel = async (_, engineRunId) => void calls.push(engineRunId);
    assert.equal(await deleteTask(own(world), 'hello', world.ports), true);
    const after = await Promise.all(rows.map(({ runId }) => world.ports.store.run(registry, runId)));
    assert.deepEqual(
      after.map((one) => one!.value.status),
      status,
    );
    // Again where a run that is ended has changed the state meanwhile.
    assert.deepEqual([...new Set(calls)], asked);
  });

for (const [title, error, says] of [
  ['is gone', undefined, `There is no run '${id(1)}' in registry 'appacr'.`],
  ['cannot be read', new UnreadableError('cut short'), 'cut short'],
  ['cannot be asked for', new TypeError('away'), undefined],
  ['is refused', new Refusal(409, 'Conflict', 'no'), undefined],
] as const)
  test(`a run that ${title} ${says ? 'does not keep its task' : 'keeps its task'} from being deleted`, async () => {
    const world = await worldOf({ state: { open: [open(1)] } });
    const lines = linesOf(world);
    const { store } = world.ports;
    if (error)
      store.run = async () => {
        throw error;
      };
    const deleting = deleteTask(own(world), 'hello', world.ports);
    if (!says) return assert.rejects(deleting, error);
    assert.equal(await deleting, true);
    assert.deepEqual(lines, [
      ['warning', `run ${id(1)} is not cancelled: ${says}`, { registry, runId: id(1) }],
    ]);
  });

test('a DELETE that is disturbed is made again, and rows that cannot be read are removed', async () => {
  const world = await worldOf({ state: {} });
  const { store } = world.ports;
  const [state, task] = [(await store.state(registry, 'hello'))!, (await store.task(registry, 'hello'))!];
  const rows = { state: store.state, task: store.task };
  let isGone = false;
  store.state = async (...of) => {
    if (!isGone) throw new UnreadableError('cut short', { etag: state.etag });
    return rows.state(...of);
  };
  store.task = async () => {
    throw new UnreadableError('cut short', { etag: task.etag });
  };
  const writes = writesOf(world, (at) => {
    isGone = at === 1;
    return at === 0 ? { before: conflict } : {};
  });
  assert.equal(await deleteTask(own(world), 'hello', world.ports), true);
  const both = ['remove task', 'remove state'];
  assert.deepEqual(writes, [both, both]);
});

const stored = {
  ...sampleTask(registry, 'hello'),
  tags: { a: 'b' },
  identity: { type: 'SystemAssigned' },
} as Task;
const shownIn = (version: ApiVersion, task = stored): object => {
  const shown = toTaskResource(task, undefined, { id: `/registries/${registry}`, app: {} });
  return JSON.parse(JSON.stringify(inVersion(shown, version)));
};
const [newest, oldest] = ['2025-03-01-preview', '2018-09-01'] as const;
const changed = (more: object) => ({
  ...shownIn(newest),
  properties: { ...(shownIn(newest) as { properties: object }).properties, ...more },
});

/** Each: the body of a PUT, its version, and whether it is the answer of a GET that comes back. */
const bodies: [title: string, body: object, version: ApiVersion, isSame: boolean][] = [
  ['as it was', shownIn(newest), newest, true],
  ['as an older version has it', shownIn(oldest), oldest, true],
  ['in a version that has more', shownIn(oldest), newest, false],
  ['with another time limit', changed({ timeout: 600 }), newest, false],
  ['with another tag', { ...shownIn(newest), tags: { a: 'c' } }, newest, false],
  ['without its date', changed({ creationDate: undefined }), newest, false],
  ['with the date of another', changed({ creationDate: '2026-11-22T10:00:00Z' }), newest, false],
  ['with its date in another form', changed({ creationDate: '2026-11-23T11:00:00+01:00' }), newest, true],
];
for (const [title, body, version, isSame] of bodies)
  test(`a task that comes back ${title} is ${isSame ? 'the one that is there' : 'another'}`, async () => {
    const world = createWorld({ registries: [registry] });
    const create = asTask(withoutNulls(body as never));
    const put = () => sameAnswer(own(world), 'hello', { given: body, create, version }, world.ports);
    assert.equal(await put(), undefined, 'there is none yet');
    await world.ports.store.commit(registry, [{ put: 'task', value: stored }]);
    assert.deepEqual(await put(), isSame ? stored : undefined);
    world.ports.store.task = async () => {
      throw new UnreadableError('cut short', { etag: '1' });
    };
    assert.equal(await put(), undefined, 'it cannot be read');
  });

test('a task that is sent in an older version keeps what that version cannot name', () => {
  const { identity, ...rest } = asTask(without(stored, 'registry', 'name', 'creationDate'));
  assert.deepEqual(sentIn(oldest, rest)({ identity }), { ...rest, identity });
  assert.deepEqual(sentIn(newest, rest)({ identity }), rest);
  assert.throws(
    () => sentIn(oldest, { location: '' })({}),
    (error) => error instanceof Refusal && error.status === 400 && /location: is empty/.test(error.message),
  );
});

test.run();
