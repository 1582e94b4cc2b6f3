import assert from 'node:assert/strict';
import { test } from 'uvu';
import { isOwn, keepNotes, moved, tellHeld } from '../../../../shared/flow/clock/movedBase.ts';
import type { Judgement, Policy } from '../../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { createWorld } from '../../../worlds/world.ts';
import {
  base,
  callsOf,
  earlier,
  linesOf,
  pushWorld,
  putTaskRow,
  seen,
  taskOn,
  time,
} from '../../push/steps/pushWorld.ts';

const own = 'appacr.azurecr.io/base:1';
const long = '2026-01-01T00:00:00.000Z';
const young: Policy = { images: base, minimumAge: '3d' };
const paused = (task: string): Policy => ({ tasks: `appacr/${task}`, pause: 'frozen' });
const said = (digest: string, verdict: Judgement['verdict'], image = base): Judgement => ({
  ...{ digest, image, verdict, reason: 'CVE', time: earlier },
});
const task = (name: string, image = base, change: Partial<TaskState> = {}) =>
  taskOn(name, [image], { trigger: 'All', ...change });
const old = { digest: 'old', firstSeen: long, since: long };
const serverOf = (image: string) => image.split('/')[0]!;

interface Row {
  title: string;
  /** The tasks that are built on the image, at `old`; one where not given. */
  tasks?: TaskState[];
  image?: string;
  policies?: Policy[];
  judgements?: Judgement[];
  /** What was seen of the image before; the registry answers `digest`. */
  before?: Parameters<typeof seen>[0];
  digest?: string;
  /** Since when it is held for tasks; those that are started; whether it is decided on, also when it is seen again. */
  held?: string[];
  started?: string[];
  decided?: [first: boolean, again: boolean];
  /** Whether what was seen is read. */
  isSeen?: boolean;
}
const rows: Row[] = [
  { title: 'the same as before', digest: 'old', isSeen: false },
  { title: 'another', started: ['app'], decided: [true, false] },
  { title: 'another, in a registry of the settings', image: own, started: ['app'], decided: [true, false] },
  {
    title: 'another, for two tasks',
    tasks: [task('app'), task('web')],
    started: ['app', 'web'],
    decided: [true, false],
  },
  {
    title: 'another, for one task and a disabled one',
    tasks: [task('app'), task('web', base, { enabled: false })],
    ...{ started: ['app'], decided: [true, false] },
  },
  {
    title: 'another, for one task and a paused one',
    ...{ tasks: [task('app'), task('web')], policies: [paused('web')] },
    ...{ held: [time], started: ['app'], decided: [true, false] },
  },
  { title: 'the same, of an image with a policy', policies: [young], before: [old], digest: 'old' },
  { title: 'one that is too young', policies: [young], before: [old], held: [time], decided: [true, false] },
  { title: 'the first of all, too young', policies: [young], held: [time], decided: [true, false] },
  {
    title: 'the second that is too young',
    ...{
      policies: [young],
      before: [old, 'first'],
      held: [earlier],
      decided: [true, false] as [boolean, boolean],
    },
  },
  {
    title: 'one that was seen too young before',
    ...{
      policies: [young],
      before: [old, 'new'],
      held: [earlier],
      decided: [false, false] as [boolean, boolean],
    },
  },
  {
    title: 'one that is quarantined',
    ...{
      judgements: [said('new', 'quarantined')],
      before: [old],
      held: [time],
      decided: [true, false] as [boolean, boolean],
    },
  },
  {
    title: 'the same, where another image was quarantined',
    judgements: [said('x', 'quarantined', own)],
    before: [old],
    digest: 'old',
  },
  {
    title: 'the same, of an image of which one was let in',
    judgements: [said('x', 'admitted')],
    before: [old],
    digest: 'old',
  },
  {
    title: 'the same, where another image was let in',
    judgements: [said('x', 'admitted', own)],
    ...{ before: [old], digest: 'old', isSeen: false },
  },
  {
    title: 'the same, where one image was let in and another quarantined',
    judgements: [said('x', 'admitted', own), said('y', 'quarantined', own)],
    ...{ before: [old], digest: 'old' },
  },
];
for (const row of rows) {
  const {
    title,
    image = base,
    tasks = [task('app', image)],
    policies = [],
    judgements = [],
    digest = 'new',
  } = row;
  const { held = [], started = [], decided = [false, false], isSeen = true } = row;
  test(`a look at a base image finds ${title}: ${started.length} tasks start, ${held.length} are held`, async () => {
    const world = await pushWorld(tasks);
    const { store, settings } = world.ports;
    await store.takeRunNumbers('appacr', 60);
    for (const { task: name } of tasks) await putTaskRow(world, name);
    // The edges were lost: no event finds the tasks.
    for (const key of tasks)
      await store.changeEdges(key, { bases: [], outputs: [] }, { bases: [image], outputs: [] });
    if (row.before) await store.putSightings(seen(row.before, image), undefined);
    if (judgements.length > 0) await store.putJudgements({ judgements }, undefined);
    settings.policies = policies;
    const lines = linesOf(world);
    const terms = { policies, judgements, now: new Date(time) };
    const read = { id: 'seen-1', image, digest, timestamp: time };
    const look = async () => {
      const calls = callsOf(world, 'imageEdges', 'sightings', 'changeEdges');
      const now = await Promise.all(
        tasks.map(async (one) => (await store.state(one.registry, one.task))!.value),
      );
      const { held: found } = await moved(
        { image, registry: serverOf(image), tasks: now },
        read,
        terms,
        world.ports,
      );
      const count = (name: string) => calls.filter((call) => call.name === name).length;
      return {
        found,
        isDecided: count('imageEdges') > 0,
        isSeen: count('sightings') > 0,
        restored: count('changeEdges'),
      };
    };
    const first = await look();
    assert.deepEqual(
      first.found,
      held.map((since) => ({ registry: serverOf(image), since })),
    );
    assert.equal(first.isSeen, isSeen);
    const again = await look();
    assert.deepEqual([first.isDecided, again.isDecided], decided);
    assert.deepEqual([first.restored, again.restored], [started.length, 0]);
    const states = await Promise.all(tasks.map((one) => store.state(one.registry, one.task)));
    const open = states.filter((one) => one!.value.open.length > 0).map((one) => one!.value.task);
    assert.deepEqual(open, started);
    assert.deepEqual(
      (await store.imageEdges(image)).dependents.map((one) => one.task),
      started,
    );
    const message = `${image} moved without an event`;
    const says =
      image === own
        ? [
            'warning',
            `stale edge: ${message}`,
            { registry: serverOf(own), tasks: started.length, seconds: 300 },
          ]
        : ['information', message, { tasks: started.length }];
    assert.deepEqual(
      lines.filter(([, text]) => String(text).includes('moved without an event')),
      started.length > 0 ? [says] : [],
    );
  });
}

test('how many tasks are held is told for each registry, and since when the oldest is', () => {
  const world = createWorld({ registries: ['appacr'] });
  const lines = linesOf(world);
  const ago = (seconds: number) => new Date(Date.parse(time) - seconds * 1000).toISOString();
  tellHeld(
    [
      { registry: 'a.io', since: ago(60) },
      { registry: 'b.io', since: ago(-60) },
      { registry: 'a.io', since: ago(300) },
      { registry: 'a.io', since: ago(90) },
    ],
    world.ports,
  );
  assert.deepEqual(lines, [
    ['information', 'held edges of a.io', { registry: 'a.io', tasks: 3, seconds: 300 }],
    ['information', 'held edges of b.io', { registry: 'b.io', tasks: 1, seconds: 0 }],
  ]);
  tellHeld([], world.ports);
  assert.equal(lines.length, 2);
});

/** Each: the images that are noted, what a round has found of images, and the notes then; no sightings are known. */
const notes: [before: string[], found: [image: string, isBad: boolean][], after: string[], calls: number][] =
  [
    [[base], [], [base], 0],
    [[], [[base, true]], [base], 2],
    [[base], [[base, true]], [base], 1],
    [[base], [[base, false]], [], 2],
    [[], [[base, false]], [], 1],
    [[own], [[base, false]], [], 2],
    [[base, own], [[base, true]], [base], 2],
  ];
for (const [before, found, after, count] of notes)
  test(`with ${before.length} images noted, a round that has looked at ${found.length} leaves ${after.length}, in ${count} calls`, async () => {
    const world = createWorld({ registries: ['appacr'] });
    for (const image of before) await world.ports.store.noteHeld(image);
    const calls = callsOf(world, 'heldImages', 'noteHeld', 'forgetHeld');
    await keepNotes(new Map(found), world.ports);
    assert.equal(calls.length, count);
    assert.deepEqual(await world.ports.store.heldImages(), after);
  });

/** Each: the digests that an image was seen with when its note would go, and whether it stays. */
const read: [title: string, digests: string[], stays: boolean][] = [
  ['a push of what is quarantined has come since', ['old', 'bad'], true],
  ['it is the only digest', ['bad'], true],
  ['a newer one was pushed', ['bad', 'new'], false],
  ['it was never seen', ['old'], false],
  ['no digest is left', [], false],
];
for (const isLookedAt of [true, false])
  for (const [title, digests, stays] of read)
    test(`a note ${stays ? 'stays' : 'goes'} where ${title}, of an image that ${isLookedAt ? 'seemed to be good' : 'was not looked at'}`, async () => {
      const { ports } = createWorld({ registries: ['appacr'] });
      const one = {
        image: own,
        digest: 'bad',
        verdict: 'quarantined',
        reason: 'CVE',
        time: '2026-11-23T09:00:00.000Z',
      } as const;
      await ports.store.putJudgements({ judgements: [one] }, undefined);
      await ports.store.putSightings(seen(digests, base), undefined);
      await ports.store.noteHeld(base);
      await keepNotes(new Map([[isLookedAt ? base : own, false]]), ports);
      assert.deepEqual(await ports.store.heldImages(), stays ? [base] : []);
    });

test('a registry is own where the settings name its server', () => {
  const { ports } = createWorld({ registries: ['appacr', 'otheracr'] });
  assert.equal(isOwn('otheracr.azurecr.io', ports), true);
  assert.equal(isOwn('otheracr', ports), false);
});

test.run();
