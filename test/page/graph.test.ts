import assert from 'node:assert/strict';
import { test } from 'uvu';
import { cutAround } from '../../page/model/cut.ts';
import { found, matrix } from '../../page/model/find.ts';
import { markAll, worstFirst } from '../../page/model/freshness.ts';
import { allBelow, graphOf, type Node, nodeOfImage, taskNode } from '../../page/model/graph.ts';
import { inColumns, leavesInOrder } from '../../page/model/layout.ts';
import { nearestNames } from '../../page/model/nearest.ts';
import type { PlanState as Task } from '../../shared/model/state.ts';

const image = (name: string) => `acr.azurecr.io/${name}:1`;
const task = (name: string, bases: string[], outputs = [image(name)]): Task => ({
  ...{ registry: 'acr', task: name, enabled: true, trigger: 'Runtime', open: [], outputs },
  bases: bases.map((base) => ({
    image: base,
    type: 'RunTime',
    digest: 'd',
    pinnedAt: '2026-01-01T00:00:00Z',
  })),
  built: { runId: 'ca1', pins: [] },
});
const outside = 'docker.io/library/node:22';
const waves = (nodes: Map<string, Node>) =>
  Object.fromEntries([...nodes.values()].map(({ title, wave }) => [title, wave]));

const graphs: [title: string, tasks: Task[], waves: Record<string, number>][] = [
  ['a chain', [task('b', [image('a')]), task('a', [outside])], { 'library/node:22': 0, 'a:1': 1, 'b:1': 2 }],
  [
    'a diamond: the longest way counts',
    [task('a', [outside]), task('b', [image('a')]), task('c', [image('b'), image('a')])],
    { 'library/node:22': 0, 'a:1': 1, 'b:1': 2, 'c:1': 3 },
  ],
  ['a task on nothing', [task('a', [])], { 'a:1': 1 }],
  ['a task without a stable name', [task('a', [outside], [])], { 'library/node:22': 0, a: 1 }],
  ['a task on its own image', [task('a', [image('a'), outside])], { 'library/node:22': 0, 'a:1': 1 }],
  ['a ring', [task('a', [image('b')]), task('b', [image('a')])], { 'a:1': 1, 'b:1': 1 }],
];
for (const [title, tasks, expected] of graphs)
  test(`waves of ${title}`, () => assert.deepEqual(waves(graphOf(tasks)), expected));

test('an image is found by its name, whoever makes it', () => {
  const nodes = graphOf([task('a', [outside])]);
  assert.equal(nodeOfImage(nodes, image('a'))!.key, taskNode('acr', 'a'));
  assert.equal(nodeOfImage(nodes, outside)!.wave, 0);
  assert.equal(nodeOfImage(nodes, image('none')), undefined);
});

/** A base with so many on it, of which the last is stale, each with one more on top. */
function wide(count: number) {
  const names = Array.from({ length: count }, (_, at) => `app-${String(at).padStart(4, '0')}`);
  const tasks = [
    task('base', [outside]),
    ...names.flatMap((name) => [task(name, [image('base')]), task(`on-${name}`, [image(name)])]),
  ];
  const behind = tasks.find((one) => one.task === names.at(-1))!;
  behind.bases = behind.bases.map((one) => ({
    ...one,
    newer: { digest: 'e', since: '2026-01-01T00:00:00Z', at: '2026-01-01T00:00:00Z' },
  }));
  const nodes = graphOf(tasks);
  return { nodes, marked: markAll(nodes), center: nodes.get(taskNode('acr', 'base'))! };
}

test('of many siblings eight are drawn, the worst first, and the others are counted', () => {
  const { center, marked } = wide(500);
  const cut = cutAround(center, worstFirst(marked));
  const children = cut.nodes.filter(({ wave }) => wave === 2);
  assert.equal(children.length, 8);
  assert.equal(children[0]!.title, 'app-0499:1');
  assert.deepEqual(
    cut.more.map(({ below, hidden }) => [below.title, hidden.length]),
    [['base:1', 492]],
  );
  assert.equal(cut.nodes.length, 1 + 1 + 8 + 8);
  assert.equal(allBelow(center).size, 1000);
});

test('no more than 200 boxes are drawn, however much an image is built on', () => {
  const bases = Array.from({ length: 300 }, (_, at) => `docker.io/library/base:${at}`);
  const nodes = graphOf([
    task('all', bases),
    ...Array.from({ length: 30 }, (_, at) => task(`on-${at}`, [image('all')])),
  ]);
  const cut = cutAround(nodes.get(taskNode('acr', 'all'))!, worstFirst(markAll(nodes)));
  assert.equal(cut.nodes.length, 200);
  assert.equal(cut.hiddenAbove, 101);
  assert.deepEqual(
    cut.more.map(({ hidden }) => hidden.length),
    [30],
  );
});

const finds: [find: string, show: string, titles: number][] = [
  ['', '', 22],
  ['app', '', 20],
  ['APP 0009', '', 2],
  ['acr/base', '', 1],
  ['node docker', '', 1],
  ['nothing such', '', 0],
  ['', 'attention', 1],
  ['', 'stale', 1],
  ['', 'behind', 1],
  ['', 'no such mark', 22],
];
for (const [find, show, count] of finds)
  test(`find '${find}', show '${show}': ${count} of 22`, () => {
    const { nodes, marked } = wide(10);
    assert.equal(found([...nodes.values()], marked, find, show).length, count);
  });

test('the matrix counts each image once, what is from outside first', () => {
  const { nodes, marked } = wide(10);
  const rows = matrix([...nodes.values()], marked);
  assert.deepEqual(
    rows.map(({ registry, cells }) => [registry, cells.map(({ total }) => total)]),
    [
      ['docker.io', [1, 0, 0, 0]],
      ['acr', [0, 1, 10, 10]],
    ],
  );
  assert.deepEqual(
    rows[1]!.cells[2]!.counts.map(({ mark, count }) => [mark.id, count]),
    [['stale', 1]],
  );
});

const boxes = [
  { id: 'base', column: 0 },
  { id: 'worst', column: 1 },
  { id: 'fine', column: 1 },
];
const edges = [
  { from: 'base', to: 'worst' },
  { from: 'base', to: 'fine' },
];
test('without a layout boxes stand in plain columns, and leaves exchange places so that the worst is first', () => {
  const asked = { ask: 1, boxes, edges, width: 100, height: 20 };
  const drawing = inColumns(asked);
  assert.deepEqual(drawing.places, [
    { id: 'base', x: 0, y: 0 },
    { id: 'worst', x: 172, y: 0 },
    { id: 'fine', x: 172, y: 30 },
  ]);
  const upsideDown = {
    places: drawing.places.map((place) => ({ ...place, y: place.x > 0 ? 30 - place.y : 0 })),
    lines: drawing.lines,
  };
  const ordered = leavesInOrder(upsideDown, asked);
  assert.deepEqual(
    ordered.places.map(({ id, y }) => [id, y]),
    [
      ['base', 0],
      ['worst', 0],
      ['fine', 30],
    ],
  );
  assert.deepEqual(ordered.lines[0]!.points, drawing.lines[1]!.points);
});

test('the nearest names have most of the words', () => {
  const names = ['a.io/base/node:22', 'a.io/base/python:3', 'a.io/nodes:1', 'b.io/other:1'];
  assert.deepEqual(nearestNames('base/node:20', names, 2), ['a.io/base/node:22', 'a.io/base/python:3']);
});

test.run();
