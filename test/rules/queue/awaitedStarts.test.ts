import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { TaskState } from '../../../shared/model/state.ts';
import { awaitedStarts } from '../../../shared/rules/queue/awaitedStarts.ts';
import { sampleState } from '../../doubles/storeContract.ts';

const at = '2026-11-23T10:00:00.000Z';
const image = (name: string) => `appacr.azurecr.io/${name}:1`;
/** A task that stands on the last of some images, and takes files of the others. */
const task = (name: string, bases: string[], more: Partial<TaskState> = {}): TaskState => ({
  ...sampleState('appacr', name),
  trigger: 'Runtime',
  open: [],
  outputs: [image(name)],
  bases: bases.map((base, index) => ({
    image: image(base),
    type: index === bases.length - 1 ? 'RunTime' : 'BuildTime',
    digest: 'sha256:1',
    pinnedAt: at,
  })),
  ...more,
});
const queued = { runId: 'ca1', phase: 'Queued' as const, automatic: true, canonical: true };

const rows: [title: string, starts: TaskState[], awaited: Record<string, string>][] = [
  ['none of them makes what another stands on', [task('a', ['base']), task('b', ['base'])], {}],
  ['one stands on what another makes', [task('a', ['base']), task('b', ['a'])], { b: 'a' }],
  [
    'all that the task is built on would start it',
    [task('a', ['base']), task('b', ['a', 'base'], { trigger: 'All' })],
    { b: 'a' },
  ],
  // The maker may be above the task by others that the push does not start, and waits for it then.
  [
    'it takes files of what another makes, which would not start it',
    [task('a', ['x']), task('b', ['a', 'base'])],
    {},
  ],
  ['its trigger is off', [task('a', ['base']), task('b', ['a'], { trigger: 'Disabled' })], {}],
  ['it is disabled', [task('a', ['base']), task('b', ['a'], { enabled: false })], {}],
  ['it has a run already', [task('a', ['base']), task('b', ['a'], { open: [queued] })], {}],
  ['the maker has a run already', [task('a', ['base'], { open: [queued] }), task('b', ['a'])], { b: 'a' }],
  ['it stands on what it makes itself', [task('a', ['a'])], {}],
  ['the maker stands on what it makes itself', [task('a', ['a']), task('b', ['a'])], { b: 'a' }],
  ['two stand on each other', [task('a', ['b']), task('b', ['a'])], {}],
  ['three stand in a row', [task('a', ['base']), task('b', ['a']), task('c', ['b'])], { b: 'a' }],
  [
    'two makers, of which one stands on another',
    [task('a', ['base']), task('b', ['a']), task('c', ['b', 'a'], { trigger: 'All' })],
    { b: 'a', c: 'a' },
  ],
  [
    'two make the same image',
    [task('a', ['base']), task('a2', ['base'], { outputs: [image('a')] }), task('b', ['a'])],
    { b: 'a' },
  ],
];

for (const [title, starts, awaited] of rows)
  for (const [order, some] of [
    ['in this order', starts],
    ['the other way round', starts.toReversed()],
  ] as const)
    test(`who waits from the first, where ${title}, ${order}`, () => {
      const found = [...awaitedStarts([...some])].map(([one, { task: maker }]) => [
        one.task,
        maker === 'a2' ? 'a' : maker,
      ]);
      assert.deepEqual(Object.fromEntries(found), awaited);
    });

test.run();
