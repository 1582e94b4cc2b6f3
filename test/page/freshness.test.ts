import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { because, markAll, marks, sortedWorstFirst, worstFirst } from '../../page/model/freshness.ts';
import { graphOf, taskNode } from '../../page/model/graph.ts';
import { acts, heldWords } from '../../page/model/judging.ts';
import { groups, verdictOf } from '../../page/model/verdicts.ts';
import type { HeldBase } from '../../shared/graph/answers.ts';
import { heldBecause } from '../../shared/graph/heldOf.ts';
import { Judgement, type Policy } from '../../shared/model/bases/policy.ts';
import { type PlanState as Task, Verdict } from '../../shared/model/state.ts';

const now = Date.parse('2026-11-23T15:00:00Z');
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const base = 'baseacr.azurecr.io/base:1';
const newer = { digest: 'sha256:bbbb', since: minutesAgo(52), at: minutesAgo(50), push: 'p' };

function task(changes: Partial<Task> = {}, baseChanges: Partial<Task['bases'][number]> = {}): Task {
  return {
    ...{ registry: 'appacr', task: 'app', enabled: true, trigger: 'Runtime', open: [] },
    bases: [
      { image: base, type: 'RunTime', digest: 'sha256:aaaa', pinnedAt: minutesAgo(99), ...baseChanges },
    ],
    outputs: ['appacr.azurecr.io/app:1'],
    built: { runId: 'ca1', pins: [] },
    last: last('Succeeded', 0),
    ...changes,
  };
}
const last = (status: 'Succeeded' | 'Failed', failures: number) => ({
  ...{ runId: 'ca9', status, failures, automatic: true, endedAt: minutesAgo(60) },
});
const open = (phase: 'Queued' | 'Pinned') => [{ runId: 'cb1', phase, automatic: true, canonical: true }];
const maker = (changes: Partial<Task>, baseChanges = {}) =>
  task(
    { registry: 'baseacr', task: 'base', outputs: [base], ...changes },
    { image: 'docker.io/library/node:22', ...baseChanges },
  );

const moment = {
  now,
  began: (registry: string, runId: string) =>
    `${registry}/${runId}` === 'appacr/cb1' ? new Date(now - 72_000).toISOString() : undefined,
  place: (registry: string, runId: string) => (`${registry}/${runId}` === 'appacr/cb1' ? 3 : undefined),
};

const young: HeldBase = {
  ...{
    image: base,
    digest: 'sha256:bbbb',
    since: minutesAgo(9),
    because: 'tooYoung',
    reason: 'bbbb is held',
  },
  ...{ until: minutesAgo(-120), admissible: 'sha256:aaaa' },
};
const { admissible: _, ...bad } = { ...young, digest: 'sha256:aaaa', because: 'quarantined' as const };

const pause: Policy[] = [{ tasks: 'appacr/*', pause: 'the release is frozen' }];
const cases: [
  title: string,
  tasks: Task[],
  id: string,
  word: string,
  held?: HeldBase | undefined,
  policies?: Policy[],
][] = [
  ['a paused task with a newer base', [task({}, { newer })], 'held', '◧ paused', undefined, pause],
  [
    'a task on a paused base that is newer',
    [task({}, { newer })],
    'held',
    '◧ paused',
    { ...young, because: 'paused' },
  ],
  ['a paused task on the newest base', [task()], 'fresh', '● fresh', undefined, pause],
  [
    'a paused task whose run on the digest before failed',
    [task({ last: last('Failed', 1) }, { newer })],
    'failed',
    '✕ failed, paused',
    undefined,
    pause,
  ],
  [
    'a paused task whose runs on the digest before failed three times',
    [task({ last: last('Failed', 3) }, { newer })],
    'stopped',
    '‖ stopped, paused',
    undefined,
    pause,
  ],
  [
    'a paused task that is behind, and whose maker is stale',
    [task({}, { newer }), maker({}, { newer })],
    'held',
    '◧ paused',
    undefined,
    pause,
  ],
  [
    'a paused task that is disabled',
    [task({ enabled: false }, { newer })],
    'stale',
    '▲ stale for 52 min',
    undefined,
    pause,
  ],
  [
    'a paused task that somebody has started',
    [task({ open: open('Queued') }, { newer })],
    'queued',
    '◌ queued, 3rd',
    undefined,
    pause,
  ],
  [
    'a task of another registry than the paused ones',
    [task({}, { newer })],
    'stale',
    '▲ stale for 52 min',
    undefined,
    [{ tasks: 'other/*', pause: 'the release is frozen' }],
  ],
  [
    'a base whose maker is paused',
    [task(), maker({}, { newer })],
    'fresh',
    '● fresh',
    undefined,
    [{ tasks: 'baseacr/*', pause: 'the release is frozen' }],
  ],
  ['a base that is too young', [task()], 'held', '◧ held until 17:00, for 2 h', young],
  ['a base that is paused', [task()], 'held', '◧ paused', { ...young, because: 'paused' }],
  [
    'a newer base that is quarantined',
    [task()],
    'held',
    '◧ held: quarantined',
    { ...young, because: 'quarantined' },
  ],
  [
    'the newest of a paused base',
    [task()],
    'fresh',
    '● fresh',
    { ...young, digest: 'sha256:aaaa', because: 'paused' },
  ],
  ['a quarantined base, with none to go back to', [task()], 'quarantined', '⊘ on a quarantined digest', bad],
  ['a newer base while a newer one yet is held', [task({}, { newer })], 'stale', '▲ stale for 52 min', young],
  [
    'a run that goes on while a base is held',
    [task({ open: open('Pinned') })],
    'running',
    '▶ running 1:12',
    young,
  ],
  ['built on the newest bases', [task()], 'fresh', '● fresh'],
  ['a newer base', [task({}, { newer })], 'stale', '▲ stale for 52 min'],
  ['a base whose maker is stale', [task(), maker({}, { newer })], 'behind', '◐ stands on a stale image'],
  [
    'a failed run with a newer base',
    [task({ last: last('Failed', 1) }, { newer })],
    'failed',
    '✕ failed, stale for 52 min',
  ],
  ['a failed run by hand', [task({ last: last('Failed', 1) })], 'failed', '✕ failed'],
  [
    'three failures',
    [task({ last: last('Failed', 3) }, { newer })],
    'stopped',
    '‖ stopped, stale for 52 min',
  ],
  ['a run that goes on', [task({ open: open('Pinned') }, { newer })], 'running', '▶ running 1:12'],
  ['a queued run', [task({ open: open('Queued') }, { newer })], 'queued', '◌ queued, 3rd'],
  [
    'a run after failures',
    [task({ open: open('Pinned'), last: last('Failed', 3) })],
    'running',
    '▶ running 1:12',
  ],
  [
    'never built',
    [task({ built: undefined, last: undefined, bases: [] })],
    'unknown',
    '– not known: run it once',
  ],
];
for (const [title, tasks, id, word, held, policies] of cases)
  test(`${title} is ${id}`, () => {
    const nodes = graphOf(tasks, new Map(), held ? [held] : [], policies);
    const marked = markAll(nodes);
    const node = nodes.get(taskNode('appacr', 'app'))!;
    const mark = marked.get(node)!;
    assert.deepEqual([mark.id, `${mark.shape} ${mark.word(node, moment)}`], [id, word]);
  });

test('a base that no task makes is from outside, and one that could not be looked at is said with its reason', () => {
  const nodes = graphOf([task()], new Map([[base, 'it answers 404']]));
  const marked = markAll(nodes);
  assert.equal(marked.get(nodes.get(`image ${base}`)!)!.id, 'outside');
  const node = nodes.get(taskNode('appacr', 'app'))!;
  assert.equal(marked.get(node)!.id, 'unseen');
  assert.equal(because(node, marked.get(node)!), `${base}: it answers 404`);
});

test('each mark has a shape, a title and a rank of its own, and a case here', () => {
  for (const field of ['id', 'shape', 'title', 'rank'] as const)
    assert.equal(new Set(marks.map((mark) => mark[field])).size, marks.length, field);
  const shown = new Set([...cases.map(([, , id]) => id), 'outside', 'unseen']);
  assert.deepEqual([...shown].sort(), marks.map(({ id }) => id).sort());
});

test('each mark is in the table of the page’s documentation', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/page.md'), 'utf8');
  for (const { shape } of marks) assert.ok(text.includes(`\`${shape} `), shape);
});

test('each verdict has a shape, a word and a group, and one of a newer app is shown by its name', () => {
  const rows = Verdict.options.map(verdictOf);
  assert.deepEqual(
    rows.map(({ word }) => word),
    Verdict.options,
  );
  assert.equal(new Set(rows.map(({ shape }) => shape)).size, rows.length);
  for (const { id } of groups)
    assert.ok(
      rows.some(({ group }) => group === id),
      id,
    );
  for (const name of ['later', 'constructor']) assert.equal(verdictOf(name).word, name);
});

test('each cause of a hold has its words, and each judgement its button', () => {
  assert.deepEqual(Object.keys(heldWords).sort(), [...heldBecause].sort());
  assert.deepEqual(Object.keys(acts).sort(), [...Judgement.shape.verdict.options].sort());
});

const reasons: [title: string, task: Task, sentence: RegExp | undefined, policies?: Policy[]][] = [
  ['a disabled task', task({ enabled: false }, { newer }), /^the task is disabled; built on aaaa, now bbbb$/],
  ['a disabled trigger', task({ trigger: 'Disabled' }, { newer }), /^its base image trigger is disabled/],
  ['a build stage', task({}, { newer, type: 'BuildTime' }), /^only a build stage is newer/],
  ['a newer base', task({}, { newer }), /^built on aaaa, now bbbb$/],
  ['a failure', task({ last: last('Failed', 1) }, { newer }), /^run ca9 ended Failed$/],
  ['three failures', task({ last: last('Failed', 3) }, { newer }), /failed 3 times in a row/],
  ['a fresh one', task(), undefined],
  [
    'the base that is newer for longest, and what is built on',
    task({
      built: { runId: 'ca1', pins: [{ image: 'old', type: 'RunTime', digest: 'sha256:0000' }] },
      bases: [
        ...task({}, { newer }).bases,
        {
          ...{ image: 'old', type: 'RunTime', digest: 'sha256:dddd', pinnedAt: minutesAgo(99) },
          newer: { ...newer, digest: 'sha256:eeee', since: minutesAgo(90) },
        },
      ],
    }),
    /^built on 0000, now eeee$/,
  ],
  [
    'a failure of a paused task',
    task({ last: last('Failed', 1) }, { newer }),
    /^run ca9 ended Failed; appacr\/\* is paused: the release is frozen$/,
    pause,
  ],
  [
    'a paused task',
    task({}, { newer }),
    /^appacr\/\* is paused: the release is frozen; built on aaaa, now bbbb$/,
    pause,
  ],
];
for (const [title, one, sentence, policies] of reasons)
  test(`why: ${title}`, () => {
    const nodes = graphOf([one], undefined, undefined, policies);
    const node = nodes.get(taskNode('appacr', 'app'))!;
    const said = because(node, markAll(nodes).get(node)!);
    if (sentence) assert.match(said!, sentence);
    else assert.equal(said, undefined);
  });

test('lists begin with what failed, then what is stale, and end with what is fresh', () => {
  const named = (name: string, one: Task) => ({ ...one, task: name, outputs: [] });
  const nodes = graphOf([
    named('fresh', task()),
    named('stale', task({}, { newer })),
    named('stopped', task({ last: last('Failed', 3) })),
    named('failed', task({ last: last('Failed', 1) })),
    named('queued', task({ open: open('Queued') })),
  ]);
  const marked = markAll(nodes);
  const sorted = [...nodes.values()].filter(({ task }) => task).sort(worstFirst(marked));
  assert.deepEqual(
    sorted.map(({ title }) => title),
    ['stopped', 'failed', 'stale', 'queued', 'fresh'],
  );
  assert.deepEqual(sortedWorstFirst(nodes.values(), marked), [...nodes.values()].sort(worstFirst(marked)));
});

test.run();
