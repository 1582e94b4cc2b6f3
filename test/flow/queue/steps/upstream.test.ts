import assert from 'node:assert/strict';
import { test } from 'uvu';
import { lookUpstream } from '../../../../shared/flow/queue/upstream.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import { CycleError } from '../../../../shared/rules/upstream.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import { at, id, registry } from './queueRows.ts';

const image = (name: string) => `appacr.azurecr.io/${name}:1`;
const running = { runId: id(1), phase: 'Pinned' as const, automatic: true, canonical: true };
/** A task that makes the image of its name, stands on others, and has a run under way where it is to be waited for. */
const task = (name: string, bases: string[], isOpen = false): TaskState => ({
  ...{
    ...sampleState(registry, name),
    trigger: 'All',
    outputs: [image(name)],
    open: isOpen ? [running] : [],
  },
  bases: bases.map((base) => ({ image: image(base), type: 'RunTime', digest: 'd', pinnedAt: at(-9) })),
});

interface Row {
  title: string;
  tasks: TaskState[];
  bases: string[];
  /** What the task is about to make, where no edge says so yet. */
  outputs?: string[];
  /** The edges of its own image are there. */
  isKnown?: boolean;
  unreadable?: string;
  gone?: string;
  waits?: string[];
  failed?: number;
  isCycle?: boolean;
  /** The images that are asked for, and the states that are read. */
  images: string[];
  states: string[];
}
const rows: Row[] = [
  { title: 'that stands on nothing', tasks: [], bases: [], images: [], states: [] },
  { title: 'whose base nobody makes', tasks: [], bases: ['a'], images: ['a'], states: [] },
  {
    title: 'whose base is made',
    tasks: [task('a', [], true)],
    bases: ['a'],
    waits: ['a'],
    images: ['a'],
    states: ['a'],
  },
  {
    title: 'whose base is made on another that is made',
    tasks: [task('a', ['b']), task('b', ['c'], true)],
    bases: ['a'],
    waits: ['b'],
    images: ['a', 'b', 'c'],
    states: ['a', 'b'],
  },
  {
    title: 'on two that stand on the same',
    tasks: [task('a', ['c']), task('b', ['c']), task('c', [], true)],
    bases: ['a', 'b'],
    waits: ['c'],
    images: ['a', 'b', 'c'],
    states: ['a', 'b', 'c'],
  },
  {
    title: 'whose base is named twice',
    tasks: [task('a', [], true)],
    bases: ['a', 'a'],
    waits: ['a'],
    images: ['a'],
    states: ['a'],
  },
  {
    title: 'whose base is made by a task that is gone',
    tasks: [task('a', [])],
    gone: 'a',
    bases: ['a'],
    images: ['a'],
    states: ['a'],
  },
  {
    title: 'one of whose makers cannot be read',
    tasks: [task('a', [], true), task('b', [], true)],
    unreadable: 'a',
    bases: ['a', 'b'],
    waits: ['b'],
    failed: 1,
    images: ['a', 'b'],
    states: ['a', 'b'],
  },
  {
    title: 'on what it makes itself',
    tasks: [],
    bases: ['app'],
    isKnown: true,
    isCycle: true,
    images: ['app'],
    states: [],
  },
  {
    title: 'on what it is about to make',
    tasks: [],
    bases: ['app'],
    outputs: ['app'],
    isCycle: true,
    images: ['app'],
    states: [],
  },
  { title: 'on what it is not about to make', tasks: [], bases: ['app'], images: ['app'], states: [] },
  {
    title: 'whose base is made on what it makes',
    tasks: [task('a', ['app'])],
    bases: ['a'],
    isKnown: true,
    isCycle: true,
    images: ['a', 'app'],
    states: ['a'],
  },
];
for (const row of rows)
  test(`upstream of a task ${row.title} ${row.isCycle ? 'is itself' : `are ${row.states.length}`}`, async () => {
    const own = task('app', row.bases);
    const asked: { images: string[]; states: string[] } = { images: [], states: [] };
    const name = (of: string) => /\/(\w+):1$/.exec(of)![1]!;
    const store = {
      async producers(of: string) {
        asked.images.push(name(of));
        const makers = [...row.tasks, ...(row.isKnown ? [own] : [])];
        return makers
          .filter(({ outputs }) => outputs.includes(of))
          .map(({ task: maker }) => ({ registry, task: maker }));
      },
      async state(_: string, of: string) {
        asked.states.push(of);
        if (of === row.unreadable) throw new UnreadableError('cut short');
        const value = row.tasks.find((one) => one.task === of && of !== row.gone);
        return value && { value, etag: 'v1' };
      },
    };
    const known = row.outputs ? { outputs: row.outputs.map(image) } : undefined;
    const looking = lookUpstream(own, row.bases.map(image), store, known);
    if (row.isCycle) await assert.rejects(looking, CycleError);
    else {
      const { open, failed } = await looking;
      const waited = row.waits?.map((one) => `${id(1)} of ${registry}/${one}`);
      assert.equal(
        open?.reason,
        waited && `waits for ${waited.join(' and ')}: it is built on what they make`,
      );
      assert.equal(failed.length, row.failed ?? 0);
      if (row.unreadable)
        assert.equal(failed[0], 'appacr/a makes a base image, and what is known of it cannot be read');
    }
    assert.deepEqual(asked, { images: row.images, states: row.states });
  });

test('a state that is away is not taken for one that cannot be read', async () => {
  const away = new TypeError('away');
  const store = {
    producers: async () => [{ registry, task: 'a' }],
    state: () => Promise.reject(away),
  };
  await assert.rejects(lookUpstream(task('app', ['a']), [image('a')], store), away);
});

test.run();
