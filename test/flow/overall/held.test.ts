import assert from 'node:assert/strict';
import { test } from 'uvu';
import { heldNow, heldUnder } from '../../../shared/flow/overall/held.ts';
import type { HeldBase } from '../../../shared/graph/answers.ts';
import type { Judgement, Policy } from '../../../shared/model/bases/policy.ts';
import { newScan } from '../../../shared/model/scan.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { base, callsOf, earlier, pushWorld, seen, taskOn, time } from '../push/steps/pushWorld.ts';

const young: Policy = { images: base, minimumAge: '3d' };
const paused: Policy = { images: base, pause: 'frozen' };
const long = '2026-01-01T00:00:00.000Z';
const old = { digest: 'old', firstSeen: long, since: long };
const said = (digest: string, verdict: Judgement['verdict'] = 'quarantined', image = base): Judgement => ({
  ...{ digest, image, verdict, reason: 'CVE' },
  time: '2026-11-23T09:30:00.000Z',
});
const known = { image: base, digest: 'new', since: earlier };
const digest = `sha256:${'a'.repeat(64)}`;
const until = '2026-11-26T08:00:00.000Z';
const reason = `new is held until ${until}: ${base} has a minimum age of 3d`;

interface Row {
  title: string;
  policies?: Policy[];
  judgements?: Judgement[];
  /** What was seen of the image; the task is built on `old`. */
  digests?: Parameters<typeof seen>[0] | undefined;
  change?: Partial<TaskState>;
  /** A push, a run or a round has noted the image. */
  isNoted?: true;
  held: HeldBase[];
  /** Whether the tasks are read, and what was seen of the image. */
  reads?: [tasks: boolean, image: boolean];
}
const rows: Row[] = [
  { title: 'nothing is said of anything', held: [], reads: [false, false] },
  {
    title: 'tasks are paused alone',
    policies: [{ tasks: 'appacr/*', pause: 'x' }],
    held: [],
    reads: [false, false],
  },
  { title: 'a digest is let in', judgements: [said('new', 'admitted')], held: [], reads: [false, false] },
  {
    title: 'a quarantine is taken back',
    judgements: [said('new'), said('new', 'released')],
    ...{ held: [], reads: [false, false] },
  },
  {
    title: 'another image has a policy',
    policies: [{ images: 'docker.io/**', minimumAge: '3d' }],
    ...{ held: [], reads: [true, false] },
  },
  {
    title: 'the digest of another image is quarantined',
    judgements: [said('other', 'quarantined', 'docker.io/library/x:1')],
    change: { bases: [{ image: base, type: 'RunTime', digest: 'new', pinnedAt: earlier }] },
    ...{ held: [], reads: [true, false] },
  },
  {
    title: 'the newest is too young',
    policies: [young],
    held: [{ ...known, because: 'tooYoung', reason, until, admissible: 'old' }],
  },
  {
    title: 'all are too young',
    policies: [young],
    digests: ['old', 'new'],
    held: [{ ...known, because: 'tooYoung', reason, until }],
  },
  { title: 'the newest is old enough', policies: [young], digests: [old], held: [] },
  {
    title: 'it is paused',
    policies: [paused],
    held: [{ ...known, because: 'paused', reason: `${base} is paused: frozen`, admissible: 'new' }],
  },
  {
    title: 'it is paused and too young',
    policies: [{ ...young, ...paused }],
    held: [{ ...known, because: 'paused', reason: `${base} is paused: frozen`, admissible: 'old' }],
  },
  {
    title: 'the newest is quarantined',
    isNoted: true,
    judgements: [said('new')],
    held: [
      {
        ...{ ...known, since: '2026-11-23T09:30:00.000Z', admissible: 'old' },
        ...{ because: 'quarantined', reason: 'new is quarantined: CVE' },
      },
    ],
  },
  {
    title: 'the only one is quarantined, under another name',
    isNoted: true,
    judgements: [said('old', 'quarantined', 'docker.io/library/x:1')],
    digests: [old],
    held: [
      {
        ...{ image: base, digest: 'old', since: '2026-11-23T09:30:00.000Z' },
        ...{ because: 'quarantined', reason: 'old is quarantined: CVE' },
      },
    ],
  },
  {
    title: 'the newest is quarantined, and later one of another image',
    isNoted: true,
    judgements: [
      said(digest),
      { ...said('other', 'quarantined', 'docker.io/library/x:1'), time: '2026-11-23T09:45:00.000Z' },
    ],
    digests: [old, digest],
    held: [
      {
        ...{ ...known, digest, since: '2026-11-23T09:30:00.000Z', admissible: 'old' },
        ...{ because: 'quarantined', reason: `sha256:${'a'.repeat(12)} is quarantined: CVE` },
      },
    ],
  },
  { title: 'an older one is quarantined', isNoted: true, judgements: [said('old')], held: [] },
  {
    title: 'an older one is quarantined, and it is not noted',
    judgements: [said('old')],
    ...{ held: [], reads: [true, false] },
  },
  { title: 'it is noted, and nothing is said any more', isNoted: true, held: [], reads: [false, false] },
  { title: 'it was never seen', policies: [young], digests: undefined, held: [] },
  { title: 'none of it is there any more', policies: [young], digests: [], held: [] },
  {
    title: 'no task is built on it',
    policies: [young],
    change: { bases: [] },
    held: [],
    reads: [true, false],
  },
];
for (const { title, policies = [], judgements = [], change, held, reads = [true, true], ...row } of rows)
  test(`of the base image of a task is told that it is held, where ${title}: ${held.length ? held[0]!.because : 'not'}`, async () => {
    const states = [taskOn('app', [base], change)];
    const world = await pushWorld(states);
    const digests = 'digests' in row ? row.digests : [old, 'new'];
    if (digests) await world.ports.store.putSightings(seen(digests), undefined);
    if (row.isNoted) await world.ports.store.noteHeld(base);
    let isRead = false;
    const statesOf = async () => {
      isRead = true;
      return states;
    };
    const calls = callsOf(world, 'sightings');
    const terms = { policies, judgements, now: new Date(time) };
    assert.deepEqual(await heldUnder(terms, statesOf, world.ports), held);
    assert.deepEqual([isRead, calls.length > 0], reads);
  });

for (const isAll of [true, false])
  test(`of all registries ${isAll ? 'all that there may be' : 'nothing'} is told`, async () => {
    const world = await pushWorld([taskOn('app', [base])]);
    const { store, settings } = world.ports;
    const judgements = [said('a', 'admitted'), said('new'), said('b'), said('b', 'released')];
    if (isAll) {
      settings.policies = [
        { tasks: 'appacr/web', pause: 'moving' },
        paused,
        { tasks: 'appacr/odd' } as Policy,
        { tasks: 'other/*', pause: 'closed' },
      ];
      await store.putJudgements({ judgements }, undefined);
      await store.putSightings(seen([old, 'new']), undefined);
      await store.putScan({ ...newScan, unseen: [{ image: 'x:1', reason: 'away' }] }, undefined);
    }
    const { value, ...told } = await heldNow(async () => [taskOn('app', [base])], world.ports);
    assert.deepEqual(
      value.map(({ because }) => because),
      isAll ? ['paused'] : [],
    );
    assert.deepEqual(told, {
      ...(isAll && {
        pausedTasks: [
          { tasks: 'appacr/web', reason: 'moving' },
          { tasks: 'other/*', reason: 'closed' },
        ],
      }),
      judgements: isAll ? [judgements[1], judgements[0]] : [],
      notSeen: isAll ? [{ image: 'x:1', reason: 'away' }] : [],
    });
  });

test.run();
