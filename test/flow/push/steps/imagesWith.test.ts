import assert from 'node:assert/strict';
import { test } from 'uvu';
import { holdsOf, imagesWith } from '../../../../shared/flow/push/imagesWith.ts';
import type { Answered } from '../../../../shared/model/bases/sightings.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { base, callsOf, linesOf, passwordLogin, pushWorld, putTaskRow, seen, taskOn } from './pushWorld.ts';

const hub = 'docker.io/library/alpine:3';
const arm = { platform: { os: 'Linux', architecture: 'arm64', variant: 'v8' } } as const;
const windows = { platform: { os: 'Windows', architecture: 'amd64' } } as const;

const answers: [title: string, answer: Answered, holds: string[]][] = [
  ['an image', { contents: { '*': 'same' } }, ['same']],
  [
    'an index',
    {
      contents: { 'linux/amd64': 'a', 'linux/arm64': 'b' },
      manifests: { 'linux/amd64': ['m1', 'm2'], 'linux/arm64': ['m3'] },
    },
    ['m1', 'm2', 'm3', 'a', 'b'],
  ],
  [
    'an index of one image for two platforms',
    { contents: { 'linux/amd64': 'a', 'linux/arm64': 'a' }, manifests: { 'linux/amd64': ['m'], '*': ['m'] } },
    ['m', 'a'],
  ],
  ['what is for no such platform', { contents: {} }, []],
];
for (const [title, answer, holds] of answers)
  test(`what a digest holds is each manifest and each content once: ${title}`, async () => {
    const { ports } = await pushWorld([]);
    ports.registry.contentsOf = async () => answer;
    assert.deepEqual(await holdsOf(base, 'bad', [], ports), holds);
  });

/** Each: tasks, the platforms that the registry is asked for, and the login. */
const asks: [title: string, image: string, states: TaskState[], platforms: string[], login: object][] = [
  ['without tasks', hub, [], ['linux/amd64', 'linux/arm64'], { kind: 'anonymous' }],
  [
    'with a task for another platform',
    hub,
    [taskOn('win', ['docker.io/library/other:1'], windows)],
    ['linux/amd64', 'linux/arm64', 'windows/amd64'],
    { kind: 'anonymous' },
  ],
  [
    'with two tasks for one platform',
    'appacr.azurecr.io/base:1',
    [taskOn('one', [hub], arm), taskOn('two', [hub], arm)],
    ['linux/amd64', 'linux/arm64', 'linux/arm64/v8'],
    { kind: 'identity' },
  ],
  [
    'with one that is built on it and on another, as that one signs in',
    hub,
    [taskOn('aside', ['docker.io/library/other:1']), taskOn('secret', ['docker.io/library/other:1', hub])],
    ['linux/amd64', 'linux/arm64'],
    passwordLogin,
  ],
];
for (const [title, image, states, platforms, login] of asks)
  test(`a registry is asked what a digest holds for the usual platforms and those of tasks: ${title}`, async () => {
    const world = await pushWorld(states);
    const { ports } = world;
    await putTaskRow(world, 'secret', 'docker.io');
    const asked: unknown[][] = [];
    ports.registry.contentsOf = async (...one) => {
      asked.push(one);
      return { contents: {} };
    };
    await holdsOf(image, 'bad', states, ports);
    const [server, ...path] = image.split(':')[0]!.split('/');
    assert.deepEqual(asked, [
      [{ registry: server, repository: path.join('/'), digest: 'bad' }, login, platforms],
    ]);
  });

test('of a registry that does not answer it is logged that nothing is known', async () => {
  const world = await pushWorld([]);
  const lines = linesOf(world);
  world.trouble.registry = () => new RegistryError('Unreachable', 'it does not answer');
  assert.deepEqual(await holdsOf(base, 'bad', [], world.ports), []);
  assert.deepEqual(lines, [['information', `what bad of ${base} holds is not known: it does not answer`]]);
});

const on = (image: string, digest: string) => {
  const state = taskOn('app', [image]);
  return { ...state, bases: state.bases.map((one) => ({ ...one, digest })) };
};
const index = { digest: 'index', manifests: { 'linux/amd64': ['m1'], 'linux/arm64': ['m2'] } };
const copy = { digest: 'copy', contents: { '*': 'same' } };
/** Each: what tasks are built on, what was seen of it, by which images they are built on one of the texts; rows read. */
const images: [
  title: string,
  states: Pick<TaskState, 'bases'>[],
  digests: Parameters<typeof seen>[0],
  found: string[],
  reads: number,
][] = [
  ['no task', [], [], [], 0],
  ['a task on the digest', [on(base, 'bad')], [], [base], 0],
  ['two tasks, of which one is on the digest', [on(base, 'old'), on(base, 'bad')], [], [base], 0],
  ['a task on another digest', [on(base, 'old')], ['old'], [], 1],
  ['a task on an image that was never seen', [on(base, 'old')], [], [], 1],
  ['a task on an index of it', [on(base, 'index')], ['old', index], [base], 1],
  ['a task on a copy of it', [on(base, 'copy')], ['old', copy], [base], 1],
  ['a task that has not followed to an index of it', [on(base, 'old')], ['old', index, 'new'], [base], 1],
  ['a task that has not followed to the digest', [on(base, 'old')], ['old', 'bad'], [base], 1],
  [
    'two tasks, of which one has not followed',
    [on(base, 'new'), on(base, 'old')],
    ['old', copy, 'new'],
    [base],
    1,
  ],
  ['a task on what came after it', [on(base, 'old')], [index, copy, 'bad', 'old', 'new'], [], 1],
  ['a task on what was never seen, where it was', [on(base, 'older')], [copy, 'old'], [base], 1],
  [
    'a task on an index of another',
    [on(base, 'index')],
    [{ ...index, manifests: { 'linux/amd64': ['m1'] } }],
    [],
    1,
  ],
  ['tasks on the digest by two images', [on(base, 'bad'), on(hub, 'bad')], [], [base, hub], 0],
  ['one of two images', [on(hub, 'old'), on(base, 'copy')], [copy], [base], 2],
];
for (const [title, states, digests, found, reads] of images)
  test(`the images by which tasks are built on a digest: ${title}`, async () => {
    const world = await pushWorld([]);
    if (digests.length > 0) await world.ports.store.putSightings(seen(digests), undefined);
    const calls = callsOf(world, 'sightings');
    assert.deepEqual(await imagesWith(['bad', 'm2', 'same'], states, world.ports), found);
    assert.equal(calls.length, reads);
  });

test.run();
