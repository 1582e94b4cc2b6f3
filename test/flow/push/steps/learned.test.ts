import assert from 'node:assert/strict';
import { test } from 'uvu';
import { countedBy, learned, loginTo } from '../../../../shared/flow/push/counted.ts';
import { learnContents } from '../../../../shared/flow/push/learnContents.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { standingOf } from '../../../../shared/rules/bases/admission.ts';
import { writesOf } from '../../queue/steps/queueRows.ts';
import {
  base,
  callsOf,
  earlier,
  linesOf,
  passwordLogin,
  push,
  pushWorld,
  putTaskRow,
  seen,
  taskOn,
  time,
} from './pushWorld.ts';

const terms = (judgements: Judgement[] = []) => ({ policies: [], judgements, now: new Date(time) });
const quarantined: Judgement = {
  ...{ digest: 'bad', image: 'docker.io/library/other:1', verdict: 'quarantined', reason: 'CVE-2026-1' },
  ...{ holds: ['same'], time: earlier },
};
const named: Judgement = { ...quarantined, image: base, holds: [] };
const armed = { platform: { os: 'Linux', architecture: 'arm64' } } as const;
const known = (digest: string) => ({ digest, contents: { 'linux/amd64': `of ${digest}` } });

interface Row {
  title: string;
  digests: Parameters<typeof seen>[0];
  states: TaskState[];
  judgements?: Judgement[];
  /** What a digest is, where that is the same as another. */
  contents?: Record<string, string>;
  /** The digests of which the registry is asked, in order, and for which platforms. */
  asked: string[];
  platforms?: string[];
  /** What may be built on then. */
  counts: string | undefined;
}
const rows: Row[] = [
  {
    title: 'of what the task is built on and what is pushed',
    ...{
      digests: ['older', 'old', 'new'],
      states: [taskOn('app', [base])],
      asked: ['new', 'old'],
      counts: 'new',
    },
  },
  {
    title: 'of nothing for a task that would not start',
    ...{
      digests: ['old', 'new'],
      states: [taskOn('app', [base], { enabled: false })],
      asked: [],
      counts: 'new',
    },
  },
  { title: 'of nothing without tasks', digests: ['old', 'new'], states: [], asked: [], counts: 'new' },
  {
    title: 'though it would not start, as a quarantine names the image',
    digests: ['old', 'new'],
    states: [taskOn('app', [base], { enabled: false })],
    judgements: [named],
    ...{ asked: ['new', 'old'], counts: 'new' },
  },
  {
    title: 'as one that starts signs in',
    digests: ['old', 'new'],
    states: [taskOn('off', [base], { enabled: false }), taskOn('app', [base])],
    ...{ asked: ['new', 'old'], counts: 'new' },
  },
  {
    title: 'of nothing that is known',
    digests: [known('old'), known('new')],
    ...{ states: [taskOn('app', [base])], asked: [], counts: 'new' },
  },
  {
    title: 'for the platform of which it is not known',
    digests: [known('old'), known('new')],
    states: [taskOn('app', [base]), taskOn('arm', [base], armed), taskOn('also', [base], armed)],
    ...{ asked: ['new', 'old'], platforms: ['linux/amd64', 'linux/arm64'], counts: 'new' },
  },
  {
    title: 'not of what it is built on by another name',
    digests: ['older', 'old', 'new'],
    states: [
      {
        ...taskOn('app', [base, 'docker.io/library/other:1']),
        bases: [
          { image: base, type: 'RunTime', digest: 'old', pinnedAt: earlier },
          { image: 'docker.io/library/other:1', type: 'RunTime', digest: 'older', pinnedAt: earlier },
        ],
      },
    ],
    ...{ asked: ['new', 'old'], counts: 'new' },
  },
  {
    title: 'of the next older one, as the newest is a copy of what is quarantined',
    ...{ digests: ['old', 'mid', 'new'], states: [taskOn('app', [base])], judgements: [quarantined] },
    ...{ contents: { new: 'same' }, asked: ['new', 'old', 'mid'], counts: 'mid' },
  },
  {
    title: 'of each older one, as all are copies of it',
    ...{ digests: ['old', 'mid', 'new'], states: [taskOn('app', [base])], judgements: [quarantined] },
    contents: { new: 'same', mid: 'same', old: 'same' },
    ...{ asked: ['new', 'old', 'mid'], counts: undefined },
  },
];
for (const { title, digests, states, judgements, contents = {}, asked, platforms, counts } of rows)
  test(`a registry is asked before a push starts tasks, ${title}`, async () => {
    const world = await pushWorld(states);
    const { ports } = world;
    await ports.store.putSightings(seen(digests), undefined);
    const before = standingOf(seen(digests), terms(judgements));
    const { contentsOf } = ports.registry;
    const asks: unknown[][] = [];
    ports.registry.contentsOf = async (image, login, of) => {
      asks.push([login, of]);
      const said = contents[image.digest!];
      const answer = await contentsOf(image, login, of);
      return said === undefined ? answer : { contents: { '*': said } };
    };
    // Those that start can read it.
    for (const { task, enabled } of states)
      await putTaskRow(world, task, enabled ? 'baseacr.azurecr.io' : undefined);
    const after = await learned(push, before, states, ports);
    assert.deepEqual(world.asked, asked);
    assert.deepEqual(
      asks,
      asked.map(() => [
        judgements?.[0] === named ? { kind: 'anonymous' } : passwordLogin,
        platforms ?? ['linux/amd64'],
      ]),
    );
    assert.equal(after.admissible?.digest, counts);
    assert.deepEqual((await ports.store.sightings(base))!.value, after.seen, 'its answers are kept');
  });

test('what is held is entered under the newest digest, what is built under the one that counts', () => {
  const young = { ...terms(), policies: [{ images: base, minimumAge: '1h' }] };
  const standing = standingOf(seen(['old', { digest: 'newest', firstSeen: time }]), young);
  const counted = countedBy(push, standing);
  assert.deepEqual(counted.push, { ...push, digest: 'old' });
  assert.deepEqual(counted.newest, { ...push, digest: 'newest' });
  assert.equal(counted.decide(taskOn('app', [base])).do, 'hold');
  assert.equal(counted.decide(taskOn('off', [base], { enabled: false })).do, 'skip');
});

/** Each: the registry that the task has a password for, and whether there is a task. */
const logins: [
  title: string,
  server: string,
  names: string | undefined,
  task: 'here' | 'gone' | 'none',
  login: object | RegExp,
][] = [
  ['of the settings, with a task', 'appacr.azurecr.io', 'appacr.azurecr.io', 'here', { kind: 'identity' }],
  ['of the settings, without one', 'otheracr.azurecr.io', undefined, 'none', { kind: 'identity' }],
  ['that is another, without a task', 'docker.io', undefined, 'none', { kind: 'anonymous' }],
  ['that is another, with a task that names it', 'docker.io', 'docker.io', 'here', passwordLogin],
  ['that is another, with a task that names none', 'docker.io', undefined, 'here', { kind: 'anonymous' }],
  ['that is another, with a task that names a third', 'docker.io', 'quay.io', 'here', { kind: 'anonymous' }],
  [
    'that is another, with a task that is gone',
    ...(['docker.io', undefined, 'gone'] as const),
    /the credentials of task app of appacr, which is built on it, cannot be read/,
  ],
];
for (const [title, server, names, task, login] of logins)
  test(`the login of a registry ${title}`, async () => {
    const world = await pushWorld([]);
    if (task === 'here') await putTaskRow(world, 'app', names);
    const asking = loginTo(server, task === 'none' ? undefined : taskOn('app', [base]), world.ports);
    if (login instanceof RegExp) await assert.rejects(asking, login);
    else assert.deepEqual(await asking, login);
  });

/** Each: how many digests there are to ask of, how the registry answers, and what is asked and written. */
const learns: [
  title: string,
  digests: number,
  fails: number | undefined,
  asked: string[],
  written: number,
][] = [
  ['nothing', 0, undefined, [], 0],
  ['the four newest, the newest first', 6, undefined, ['d5', 'd4', 'd3', 'd2'], 1],
  ['what it answers before it fails', 3, 2, ['d2', 'd1'], 1],
  ['nothing where it does not answer', 3, 1, ['d2'], 0],
];
for (const [title, count, fails, asked, written] of learns)
  test(`of a registry is learned ${title}`, async () => {
    const world = await pushWorld([]);
    const { ports } = world;
    const digests = Array.from({ length: count }, (_, at) => `d${at}`);
    const before = seen(digests);
    await ports.store.putSightings(before, undefined);
    const calls = callsOf(world, 'putSightings');
    const lines = linesOf(world);
    world.trouble.registry = () =>
      world.asked.length === fails ? new RegistryError('Unreachable', 'it does not answer') : undefined;
    let logins = 0;
    const wanted = { digests: [...digests, 'unseen'], platforms: ['linux/amd64'] };
    const loginOf = async () => {
      logins++;
      return { kind: 'anonymous' } as const;
    };
    const after = await learnContents(before, wanted, loginOf, ports);
    assert.deepEqual([world.asked, calls.length, logins], [asked, written, count > 0 ? 1 : 0]);
    const told = after.digests.filter(({ contents }) => contents).map(({ digest }) => digest);
    assert.deepEqual(told.sort(), asked.slice(0, fails && fails - 1).sort());
    assert.deepEqual(
      lines,
      fails ? [['information', `whether ${base} has changed is not known: it does not answer`]] : [],
    );
  });

for (const [title, platforms, asked] of [
  ['one of two platforms', ['linux/amd64', 'linux/arm64'], ['d']],
  ['neither of two', ['linux/arm64', 'linux/s390x'], ['d']],
  ['the only one', ['linux/amd64'], []],
] as const)
  test(`where it is known for ${title}, the registry is asked of ${asked.length}`, async () => {
    const world = await pushWorld([]);
    const before = seen([known('d')]);
    await world.ports.store.putSightings(before, undefined);
    const wanted = { digests: ['d'], platforms: [...platforms] };
    await learnContents(before, wanted, async () => ({ kind: 'anonymous' }), world.ports);
    assert.deepEqual(world.asked, asked);
  });

test('what is learned of an image whose row is gone meanwhile counts all the same', async () => {
  const world = await pushWorld([]);
  const calls = callsOf(world, 'putSightings');
  const writes = writesOf(world);
  const wanted = { digests: ['d'], platforms: ['linux/amd64'] };
  const after = await learnContents(seen(['d']), wanted, async () => ({ kind: 'anonymous' }), world.ports);
  assert.deepEqual(after.digests[0]!.contents, { 'linux/amd64': 'linux/amd64 of d' });
  assert.deepEqual([calls, writes], [[], []]);
});

test.run();
