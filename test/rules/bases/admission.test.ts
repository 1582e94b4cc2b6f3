import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Policy } from '../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import {
  decideOnBase,
  holdOn,
  pinsOn,
  standingOf,
  type Terms,
  unchangedText,
  wouldHold,
} from '../../../shared/rules/bases/admission.ts';
import { sampleState } from '../../doubles/storeContract.ts';

const image = 'docker.io/library/node:22';
const now = new Date('2026-11-23T10:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();

/** `A5 B4 C1`: digests and the days since each was first seen; `!` quarantined, `+` admitted. */
function standing(digests: string, policy?: Omit<Policy, 'images'>) {
  const read = digests.split(' ').map((text) => /^(\w)(\d+)([!+]?)$/.exec(text)!);
  const terms: Terms = {
    policies: policy ? [{ images: 'docker.io/**', ...policy }] : [],
    judgements: read.flatMap(([, digest = '', , mark]) =>
      mark
        ? [
            {
              digest,
              image,
              reason: 'x',
              time: daysAgo(0),
              verdict: mark === '!' ? 'quarantined' : 'admitted',
            },
          ]
        : [],
    ),
    now,
  };
  const seen = read.map(([, digest = '', days]) => {
    const since = daysAgo(Number(days));
    return { digest, firstSeen: since, since, sure: true };
  });
  return standingOf({ image, digests: seen }, terms);
}

const age = { minimumAge: '3d' };
const policy: Policy = { images: 'docker.io/**', ...age };
const sighting = (days: number) => ({ digest: 'B', firstSeen: daysAgo(days), since: daysAgo(0), sure: true });
const young = 'docker.io/** has a minimum age of 3d';
type Verdicts = Terms['judgements'][number]['verdict'][];
const holds: [
  days: number,
  policy: Policy | undefined,
  judged: Verdicts,
  reason: string | undefined,
  until?: string,
][] = [
  [1, undefined, [], undefined],
  [1, { images: 'docker.io/**', pause: 'x' }, [], undefined],
  [1, policy, [], `is held until ${daysAgo(-2)}: ${young}`, daysAgo(-2)],
  [3, policy, [], undefined],
  [1, policy, ['admitted'], undefined],
  [9, policy, ['quarantined'], 'is quarantined: why'],
  [9, undefined, ['quarantined'], 'is quarantined: why'],
  [9, policy, ['quarantined', 'released'], undefined],
  [1, policy, ['quarantined', 'released'], `is held until ${daysAgo(-2)}: ${young}`, daysAgo(-2)],
  [1, policy, ['quarantined', 'admitted'], undefined],
  [9, policy, ['admitted', 'quarantined'], 'is quarantined: why'],
];
for (const [days, of, judged, reason, until] of holds)
  test(`a digest of ${days} days, ${of ? JSON.stringify(of) : 'no policy'}, ${judged.join(', then ') || 'not judged'}: ${reason ?? 'may be built on'}`, () => {
    const on = (digest: string, verdict: Verdicts[number]) => ({
      ...{ digest, image, reason: 'why', time: daysAgo(0), verdict },
    });
    const judgements = [
      on('C', 'quarantined'),
      ...judged.map((verdict) => on('B', verdict)),
      on('D', 'admitted'),
    ];
    const held = holdOn(sighting(days), of, { policies: [], judgements, now });
    assert.deepEqual(held, reason && { digest: 'B', reason, ...(until && { until }) });
  });

test('what is pushed now is held for as long as its policy says', () => {
  const until = daysAgo(-3);
  assert.deepEqual(wouldHold(image, [policy], now), { reason: `is held until ${until}: ${young}`, until });
  assert.equal(wouldHold('quay.io/x:1', [policy], now), undefined);
});

test('how an image stands has no more than what is known', () => {
  const members = (digests: string, of?: Omit<Policy, 'images'>) => Object.keys(standing(digests, of));
  assert.deepEqual(members('A5 B4'), ['seen', 'newest', 'admissible', 'terms']);
  assert.deepEqual(members('A5 B1', { ...age, pause: 'x' }), [
    'seen',
    'newest',
    'admissible',
    'held',
    'paused',
    'terms',
  ]);
  assert.deepEqual(members('B1', age), ['seen', 'newest', 'held', 'terms']);
});

interface Same {
  title: string;
  change?: Partial<TaskState>;
  /** What each digest is for linux/amd64; `*` for every platform. */
  contents?: Record<string, string>;
  digests?: string;
  does: 'skip' | 'start' | 'merge';
  reason: RegExp;
}
const pinOf = (digest: string) => ({ image, type: 'RunTime' as const, digest });
const builtOn = (digest: string) => ({
  built: { runId: 'ca1', pins: [{ ...pinOf('X'), image: 'os' }, pinOf(digest)] },
});
const isBuilding = (canonical: boolean, phase: 'Pinned' | 'Queued' = 'Pinned'): Partial<TaskState> => ({
  open: [{ runId: 'ca2', phase, automatic: true, canonical }],
});
const unchanged = /^linux\/amd64 of docker\.io\/library\/node:22 is unchanged$/;
const sames: Same[] = [
  { title: 'that was built on the same', does: 'skip', reason: unchanged },
  {
    title: 'that was built on another digest',
    change: builtOn('Z'),
    does: 'start',
    reason: /^built on A, now B$/,
  },
  { title: 'that was never built', change: { built: undefined as never }, does: 'start', reason: /now B$/ },
  {
    title: 'of which a later run may have pushed',
    change: { unsure: true },
    does: 'start',
    reason: /now B$/,
  },
  {
    title: 'that is being built on the same for the first time',
    change: { ...isBuilding(true), built: undefined as never },
    does: 'skip',
    reason: unchanged,
  },
  {
    title: 'of which something else is being built for the first time',
    change: { ...isBuilding(false), built: undefined as never },
    does: 'start',
    reason: /now B$/,
  },
  {
    title: 'whose next run is queued',
    change: isBuilding(true, 'Queued'),
    does: 'merge',
    reason: /ca2 is queued/,
  },
  { title: 'whose digests differ', contents: { A: 'x', B: 'y' }, does: 'start', reason: /now B$/ },
  { title: 'of whose digests nothing is known', contents: {}, does: 'start', reason: /now B$/ },
  {
    title: 'for another architecture, of which nothing is known',
    change: { platform: { os: 'Linux', architecture: 'arm64' } },
    does: 'start',
    reason: /now B$/,
  },
  {
    title: 'whose digest is quarantined, and the older one is the same',
    change: { bases: [{ ...pinOf('B'), pinnedAt: daysAgo(0) }], ...builtOn('B') },
    digests: 'A5 B1!',
    does: 'start',
    reason: /^B is quarantined: built on B, now A$/,
  },
];
for (const { title, change = {}, contents = { A: 'x', B: 'x' }, digests = 'A5 B4', does, reason } of sames)
  test(`a task ${title} ${does}s`, () => {
    const bases: TaskState['bases'] = [
      { ...pinOf('X'), image: 'os', pinnedAt: daysAgo(0) },
      { ...pinOf('A'), pinnedAt: daysAgo(0) },
    ];
    const state = { ...sampleState('appacr', 'app'), bases, ...builtOn('A'), ...change };
    const known = standing(digests);
    for (const one of known.seen.digests)
      if (contents[one.digest]) one.contents = { 'linux/amd64': contents[one.digest]! };
    const push = { id: 'e', image, digest: known.newest.digest, timestamp: daysAgo(0) };
    const choice = decideOnBase(push, state, known);
    assert.equal(choice.do, does, choice.reason);
    assert.match(choice.reason, reason);
    if (reason === unchanged) {
      assert.equal(choice.do === 'skip' && choice.sameAs, 'A');
      assert.equal(choice.reason, unchangedText(image, state));
    }
  });

const words: [digests: string, policy: Omit<Policy, 'images'> | undefined, on: string, says: RegExp][] = [
  ['A5 B1', age, 'A', /^B is held until .*: docker\.io\/\*\* has a minimum age of 3d$/],
  ['A5 B1', age, 'B', /^app is built on this digest already$/],
  ['A5 B1!', undefined, 'B', /^B is quarantined: built on B, now A$/],
  ['B1!', undefined, 'B', /^B is quarantined: x\. There is no older digest to go back to$/],
  ['A5! B1!', undefined, 'A', /^B is quarantined: x\. There is no older digest to go back to$/],
  ['A5 B1!', undefined, 'A', /^B is quarantined: x$/],
  ['A5 B4 C1', age, 'A', /^built on A, now B$/],
  ['A5 B1', { pause: 'x' }, 'A', /^docker\.io\/\*\* is paused: x$/],
  ['A5 B1', { ...age, pause: 'x' }, 'A', /^docker\.io\/\*\* is paused: x$/],
  ['A5 B1!', { pause: 'x' }, 'B', /^docker\.io\/\*\* is paused: x$/],
  ['A5 B4', age, 'Z', /^built on Z, now B$/],
];
for (const [digests, of, on, says] of words)
  test(`${digests} with ${JSON.stringify(of ?? 'no policy')}: a task on ${on} is told ${says}`, () => {
    const bases: TaskState['bases'] = [{ ...pinOf(on), pinnedAt: daysAgo(0) }];
    const known = standing(digests, of);
    const push = { id: 'e', image, digest: known.newest.digest, timestamp: daysAgo(9) };
    assert.match(decideOnBase(push, { ...sampleState('appacr', 'app'), bases }, known).reason, says);
  });

test('why a run is not pinned to the newest digest', () => {
  const pins = (digests: string, of: Omit<Policy, 'images'> | undefined, on?: string) =>
    pinsOn(standing(digests, of), on);
  const why = `B is held until ${daysAgo(-2)}: ${young}`;
  assert.deepEqual(pins('A5 B1', age, 'A'), [{ digest: 'A', notNewest: why }]);
  assert.deepEqual(pins('B1', age), [
    { digest: 'B', notNewest: `${why}. It is the task's first build, which takes what there is` },
  ]);
  assert.deepEqual(pins('B1', age, 'Z'), []);
  assert.deepEqual(pins('A1 B1', age, 'A'), [{ digest: 'A', notNewest: why }]);
});

const rows: [
  digests: string,
  policy: Omit<Policy, 'images'> | undefined,
  on: string,
  does: string,
  pins: string,
][] = [
  ['A5 B1', undefined, 'A', 'start', ''],
  ['A5 B1', age, 'A', 'hold', 'A'],
  ['A5 B3', age, 'A', 'start', ''],
  ['A5 B4 C1', age, 'A', 'start', 'BA'],
  ['A5 B4 C1', age, 'B', 'hold', 'BA'],
  ['A5 B2 C1', age, 'B', 'hold', 'BA'],
  ['A5 B1+', age, 'A', 'start', ''],
  ['A5 B1!', undefined, 'B', 'start', 'A'],
  ['A5 B1!', undefined, 'A', 'hold', 'A'],
  ['A5 B4! C3!', undefined, 'C', 'start', 'A'],
  ['A5! B4!', undefined, 'B', 'hold', ''],
  ['A2 B1!', age, 'B', 'hold', ''],
  ['A5! B1', undefined, 'A', 'start', ''],
  ['A5 B1', { pause: 'x' }, 'A', 'hold', ''],
  ['A5 B1', { pause: 'x' }, 'B', 'skip', ''],
];
for (const [digests, policy, on, does, pins] of rows)
  test(`${digests} with ${JSON.stringify(policy ?? 'no policy')}: a task on ${on} ${does}s, and is pinned to one of "${pins}"`, () => {
    const bases: TaskState['bases'] = [{ image, type: 'RunTime', digest: on, pinnedAt: daysAgo(0) }];
    const state = { ...sampleState('appacr', 'app'), bases };
    const known = standing(digests, policy);
    const push = { id: 'e', image, digest: known.newest.digest, timestamp: daysAgo(9) };
    const choice = decideOnBase(push, state, known);
    assert.equal(choice.do, does, choice.reason);
    const pinned = known.held ? pinsOn(known, on).map(({ digest }) => digest) : [];
    assert.equal(pinned.join(''), pins);
  });

const unwatched: [title: string, digests: string, changes: Partial<TaskState>, says: RegExp][] = [
  ['disabled, with a digest to go back to', 'A5 B1!', { enabled: false }, /is disabled$/],
  ['disabled, with none', 'B1!', { enabled: false }, /is disabled$/],
  ['disabled, while its image is too young', 'A5! B1', { enabled: false }, /is disabled$/],
  ['whose trigger is disabled', 'A5 B1!', { trigger: 'Disabled' }, /base image trigger of app is disabled$/],
  ['whose trigger is disabled, with none', 'B1!', { trigger: 'Disabled' }, /trigger of app is disabled$/],
  ['that builds a stage on it', 'A5 B1!', { trigger: 'Runtime' }, /only a build stage of app/],
  ['that builds a stage on it, with none', 'B1!', { trigger: 'Runtime' }, /only a build stage of app/],
];
for (const [title, digests, changes, says] of unwatched)
  test(`a quarantine moves no task ${title}, and says that cause`, () => {
    const type = changes.trigger === 'Runtime' ? 'BuildTime' : 'RunTime';
    const bases: TaskState['bases'] = [{ image, type, digest: 'B', pinnedAt: daysAgo(0) }];
    const state = { ...sampleState('appacr', 'app'), bases, ...changes };
    const push = { id: 'e', image, digest: 'B', timestamp: daysAgo(9) };
    const { do: does, reason } = decideOnBase(push, state, standing(digests, undefined));
    assert.equal(does, 'skip', reason);
    assert.match(reason, says);
  });

const first: [digests: string, policy: Omit<Policy, 'images'> | undefined, pins: string][] = [
  ['B1', age, 'B'],
  ['A5 B1', age, 'A'],
  ['A5! B1', age, 'B'],
  ['B1!', undefined, ''],
];
for (const [digests, policy, pins] of first)
  test(`${digests}: the first build of a task is pinned to "${pins}"`, () => {
    const found = pinsOn(standing(digests, policy), undefined);
    assert.equal(found.map(({ digest }) => digest).join(''), pins);
  });

test.run();
