import assert from 'node:assert/strict';
import { test } from 'uvu';
import { beginPages, continuePush } from '../../../../shared/flow/push/inPages.ts';
import { onPush } from '../../../../shared/flow/push/onPush.ts';
import { countVerdicts, type PushProgress, type TaskState } from '../../../../shared/model/state.ts';
import { sampleRun } from '../../../doubles/storeContract.ts';
import type { World } from '../../../worlds/world.ts';
import { base, callsOf, linesOf, push, pushWorld, putTaskRow, registry, taskOn, time } from './pushWorld.ts';

const off = (task: string) => taskOn(task, [base], { enabled: false });
const number = (count: number, of = off) => Array.from({ length: count }, (_, at) => of(`app${at}`));
const edge = (at: number) => `dependent!${registry}!app${at}`;
const none = countVerdicts([]);
const progress = (change: Partial<PushProgress> = {}): PushProgress => ({
  ...{ push, how: 'announced', begun: time, time, isDone: false, decided: none },
  ...change,
});
const pushesOf = (world: World) =>
  world.messages.flatMap(({ queue, body }) => (queue === 'push' ? [body] : []));

const queued = { runId: 'ca1', phase: 'Queued' as const, automatic: true, canonical: true };
interface Small {
  title: string;
  states: TaskState[];
  decided: string[];
  log: object[];
  /** Reads and writes of what is seen of the image. */
  seen: string[];
}
const small: Small[] = [
  { title: 'none', states: [], decided: [], log: [], seen: [] },
  {
    title: 'none of this image',
    states: [taskOn('app', ['docker.io/library/other:1'])],
    ...{ decided: [], log: [], seen: [] },
  },
  {
    title: 'two that are disabled',
    states: number(2),
    decided: ['app0 skipped', 'app1 skipped'],
    log: [{ push: 'e1', tasks: 2, runs: 0 }],
    // What was seen came with the edges.
    seen: ['putSightings'],
  },
  {
    title: 'one that starts, one that is queued and one that is disabled',
    states: [taskOn('app0', [base]), taskOn('app1', [base], { open: [queued] }), off('app2')],
    decided: ['app0 started', 'app1 merged', 'app2 skipped'],
    log: [{ push: 'e1', tasks: 3, runs: 2 }],
    // A registry is asked for what starts.
    seen: ['putSightings', 'sightings', 'putSightings'],
  },
];
for (const { title, states, decided, log, seen } of small)
  test(`a push of an image is decided at once for few tasks: ${title}`, async () => {
    const world = await pushWorld(states);
    const { store } = world.ports;
    await store.takeRunNumbers(registry, 50);
    for (const { task, open } of states)
      for (const { runId } of open)
        await store.commit(registry, [{ put: 'run', value: sampleRun(registry, runId, task) }]);
    for (const { task } of states) await putTaskRow(world, task);
    const [lines, calls] = [linesOf(world), callsOf(world, 'sightings', 'putSightings')];
    const decisions = await onPush(push, world.ports);
    assert.deepEqual(decisions!.map(({ task, verdict }) => `${task} ${verdict}`).sort(), decided);
    assert.deepEqual(
      lines,
      log.map((fields) => ['information', `${base} moved`, fields]),
    );
    assert.deepEqual(
      calls.map(({ name }) => name),
      seen,
    );
    assert.deepEqual(pushesOf(world), []);
  });

test('a push with more dependents than a page is seen at once and decided by a message', async () => {
  const world = await pushWorld(number(3));
  world.ports.settings.dependentsAtOnce = 2;
  const lines = linesOf(world);
  assert.equal(await onPush(push, world.ports, 'read'), undefined);
  assert.deepEqual(pushesOf(world), [progress({ how: 'read' })]);
  assert.deepEqual(
    (await world.ports.store.sightings(base))!.value.digests.map(({ digest }) => digest),
    ['new'],
  );
  assert.deepEqual([lines, await world.ports.store.push('e1')], [[], []]);
});

const ago = (seconds: number) => new Date(Date.parse(time) - seconds * 1000).toISOString();
/** Each: how far the push is known to be, and whether a message is sent. */
const begun: [title: string, kept: Partial<PushProgress> | undefined, sends: boolean][] = [
  ['not at all', undefined, true],
  ['begun just now', { time }, false],
  ['a minute ago', { time: ago(60), after: edge(1) }, false],
  ['more than a minute ago', { time: ago(60.001), after: edge(1) }, true],
  ['by a clock that was ahead by an hour', { time: ago(-3600), after: edge(1) }, true],
  ['to its end', { time, isDone: true }, false],
  ['to its end, more than a minute ago', { time: ago(61), isDone: true }, false],
];
for (const [title, kept, sends] of begun)
  test(`a push that is repeated while it is known ${title} ${sends ? 'sends its message' : 'sends nothing'}`, async () => {
    const world = await pushWorld([]);
    if (kept) await world.ports.store.putPushProgress(progress(kept));
    await beginPages(push, 'announced', world.ports);
    assert.deepEqual(pushesOf(world), sends ? [progress(kept)] : []);
  });

interface Page {
  title: string;
  states: TaskState[];
  size: number;
  /** What the message says, and what is kept. */
  message?: Partial<PushProgress>;
  kept?: Partial<PushProgress>;
  /** Where each page that is read begins. */
  pages: (string | undefined)[];
  /** The verdicts at the end, or where the next message begins; 'nothing' where another was before. */
  ends: string[] | { after: string } | 'nothing';
  /** By verdict, when it has ended. */
  counts?: Partial<typeof none>;
}
const pages: Page[] = [
  {
    title: 'one page',
    states: number(1),
    size: 2,
    pages: [undefined],
    ends: ['skipped'],
    counts: { skipped: 1 },
  },
  {
    title: 'two pages, and the look behind the second',
    ...{ states: number(4), size: 2, pages: [undefined, edge(1), edge(3)] },
    ...{ ends: ['skipped'], counts: { skipped: 4 } },
  },
  {
    title: 'two verdicts, and those of earlier messages',
    states: [...number(2), taskOn('app2', [base])],
    size: 2,
    message: { after: edge(0), decided: { ...none, held: 3 } },
    kept: { after: edge(0), decided: { ...none, held: 3 } },
    ...{ pages: [edge(0), edge(2)], ends: ['started', 'skipped', 'held'] },
    counts: { started: 1, skipped: 1, held: 3 },
  },
  {
    title: 'five pages and a message for the rest',
    ...{ states: number(7), size: 1, pages: [undefined, edge(0), edge(1), edge(2), edge(3)] },
    ends: { after: edge(4) },
  },
  {
    title: 'five pages, the last of which is the end',
    ...{ states: number(9), size: 2, pages: [undefined, edge(1), edge(3), edge(5), edge(7)] },
    ...{ ends: ['skipped'], counts: { skipped: 9 } },
  },
  {
    title: 'the pages that are left, where the message is older than what is kept',
    ...{ states: number(4), size: 2, kept: { after: edge(1), decided: { ...none, skipped: 2 } } },
    ...{ pages: [edge(1), edge(3)], ends: ['skipped'], counts: { skipped: 4 } },
  },
  {
    title: 'the pages that are left, where another worker has written an older place since',
    ...{
      states: number(4),
      size: 2,
      kept: {},
      message: { after: edge(1), decided: { ...none, skipped: 2 } },
    },
    ...{ pages: [edge(1), edge(3)], ends: ['skipped'], counts: { skipped: 4 } },
  },
  {
    title: 'nothing, where it was done before',
    ...{ states: number(4), size: 2, kept: { after: edge(3), isDone: true }, pages: [], ends: 'nothing' },
  },
  {
    title: 'no page that has makers of the image alone after the first such',
    states: [
      ...number(1),
      ...['one', 'two', 'three'].map((task) =>
        taskOn(task, ['docker.io/library/other:1'], { outputs: [base] }),
      ),
    ],
    ...{ size: 1, pages: [undefined, edge(0)], ends: ['skipped'], counts: { skipped: 1 } },
  },
];
for (const { title, states, size, message, kept, pages: asked, ends, counts } of pages)
  test(`a push with many dependents is decided page by page: ${title}`, async () => {
    const world = await pushWorld(states);
    const { store, settings } = world.ports;
    settings.dependentsAtOnce = size;
    for (const { task } of states) await putTaskRow(world, task);
    if (kept) await store.putPushProgress(progress(kept));
    const [calls, lines] = [callsOf(world, 'imageEdges', 'putPushProgress', 'recordPush'), linesOf(world)];
    const of = (name: string) => calls.filter((call) => call.name === name).map(({ args }) => args);
    const verdicts = await continuePush(progress(message), world.ports);
    assert.deepEqual(
      of('imageEdges'),
      asked.map((after) => [base, { top: size, ...(after !== undefined && { after }) }]),
    );
    // Before the first page, and after each.
    assert.equal(of('putPushProgress').length, asked.length + (kept ? 0 : 1));
    const isOver = Array.isArray(ends);
    assert.deepEqual(verdicts, isOver ? ends.map((verdict) => ({ verdict })) : undefined);
    const sent = pushesOf(world) as PushProgress[];
    assert.deepEqual(
      sent.map(({ after }) => ({ after })),
      isOver || ends === 'nothing' ? [] : [ends],
    );
    const is = (await store.pushProgress('e1'))!;
    assert.equal(is.isDone, isOver || ends === 'nothing');
    const moved = ['information', `${base} moved`, { push: 'e1', ...none, ...counts }];
    assert.deepEqual(
      lines.filter(([, text]) => text === `${base} moved`),
      isOver ? [moved] : [],
    );
    if (isOver) assert.deepEqual(is.decided, { ...none, ...counts });
    // Of a part no line of the day is made: the progress has one for the whole.
    assert.ok(of('recordPush').every(([, , isPart]) => isPart === true));
  });

test.run();
