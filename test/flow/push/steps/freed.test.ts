import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { decideOnBase, standingOf } from '../../../../shared/rules/bases/admission.ts';
import { base, publicBase, runByHand } from '../../../worlds/diamondWorld.ts';
import { builtOn, onBase, sayOf, worldOf } from '../../../worlds/replay/copiesWorld.ts';
import { deliver, hours } from '../../../worlds/replay/heldWorld.ts';
import { settle, settleWithoutRounds } from '../../../worlds/settle.ts';
import type { World } from '../../../worlds/world.ts';
import { push, seen, taskOn } from './pushWorld.ts';

const early = '2026-11-23T08:30:00.000Z';
const late = '2026-11-23T09:30:00.000Z';
const ended = (status: 'Failed' | 'Canceled' | 'Succeeded', failures: number): TaskState['last'] => ({
  runId: 'c2',
  status,
  inputs: '',
  failures,
  automatic: true,
  endedAt: '2026-11-23T09:00:00.000Z',
});
const said = (verdict: Judgement['verdict'], time: string, digest = 'new', holds?: string[]): Judgement => ({
  ...{ image: push.image, digest, verdict, reason: 'CVE', time },
  ...(holds && { holds }),
});
const bad = (digest?: string) => said('quarantined', '2026-11-23T08:00:00.000Z', digest);
const running = { runId: 'c3', phase: 'Pinned', automatic: true, canonical: true } as const;

/** Each: how the run for the newest digest ended, what was said of the digest, what else; whether another run is begun. */
const rows: [
  title: string,
  last: TaskState['last'],
  judgements: Judgement[],
  isBegun: boolean,
  change?: Partial<TaskState>,
][] = [
  ['failed, nothing was said', ended('Failed', 1), [], false],
  ['failed, released since', ended('Failed', 1), [bad(), said('released', late)], true],
  ['failed three times, released since', ended('Failed', 3), [bad(), said('released', late)], true],
  [
    'failed, released and admitted since',
    ended('Failed', 3),
    [bad(), said('released', late), said('admitted', late)],
    true,
  ],
  ['failed, admitted since', ended('Failed', 3), [said('admitted', late)], false],
  [
    'failed, an admission was taken back since',
    ended('Failed', 3),
    [said('admitted', early), said('released', late)],
    false,
  ],
  ['failed in that instant', ended('Failed', 3), [bad(), said('released', '2026-11-23T09:00:00.000Z')], true],
  ['failed, released before', ended('Failed', 3), [bad(), said('released', early)], false],
  [
    'failed, released and quarantined again',
    ended('Failed', 3),
    [said('released', early), said('quarantined', late)],
    true,
  ],
  ['failed, another was released', ended('Failed', 3), [bad('old'), said('released', late, 'old')], false],
  [
    'failed, a part of it was released',
    ended('Failed', 3),
    [bad('part'), said('released', late, 'part')],
    true,
  ],
  [
    'failed, a part for another platform was released',
    ended('Failed', 3),
    [bad('other'), said('released', late, 'other')],
    false,
  ],
  [
    'failed, what is the same was released',
    ended('Failed', 3),
    [said('quarantined', early, 'x', ['same']), said('released', late, 'x', ['same'])],
    true,
  ],
  ['was cancelled, released since', ended('Canceled', 0), [bad(), said('released', late)], false],
  ['succeeded, released since', ended('Succeeded', 0), [bad(), said('released', late)], false],
  [
    'failed, released, a run is going on',
    ended('Failed', 3),
    [said('released', late)],
    false,
    { open: [running] },
  ],
  [
    'failed, released, disabled',
    ended('Failed', 3),
    [bad(), said('released', late)],
    false,
    { enabled: false },
  ],
  [
    'failed, released, and it is only a build stage',
    ended('Failed', 3),
    [bad(), said('released', late)],
    true,
    { bases: taskOn('app', [push.image]).bases.map((one) => ({ ...one, type: 'BuildTime' as const })) },
  ],
  [
    'failed, released, and its trigger is disabled',
    ended('Failed', 3),
    [bad(), said('released', late)],
    false,
    { trigger: 'Disabled' },
  ],
];
for (const [title, last, judgements, isBegun, change = {}] of rows)
  test(`of a task that was tried on the newest digest, whose run ${title}: ${isBegun ? 'another run' : 'nothing'}`, () => {
    const on = taskOn('app', [push.image], change);
    const state = { ...on, last, bases: on.bases.map((one) => ({ ...one, digest: 'new' })) };
    const newest = {
      digest: 'new',
      manifests: { 'linux/amd64': ['part'], 'linux/arm64': ['other'] },
      contents: { 'linux/amd64': 'same' },
    };
    const terms = { policies: [], judgements, now: new Date('2026-11-23T10:00:00.000Z') };
    const choice = decideOnBase(push, state, standingOf(seen(['old', newest]), terms));
    assert.equal(choice.do, isBegun ? 'start' : 'skip');
  });

const lastOf = async (world: World, task: string) =>
  (await world.ports.store.state(task === 'mid1-task' ? 'mid1acr' : 'mid2acr', task))!.value.last!;

for (const tries of [1, 3])
  test(`tasks that failed ${tries} times as no digest was left are built on the one that is released`, async () => {
    const { world, first } = await worldOf();
    const bad = world.push(base);
    await deliver(world);
    for (const digest of [first, bad]) await sayOf(world, 'quarantined', digest);
    await settleWithoutRounds(world);
    if (tries === 3) await hours(world, 6);
    assert.equal((await lastOf(world, 'mid1-task')).failures, tries);
    world.pass(60);
    const { tasks } = await sayOf(world, 'released', bad);
    assert.equal(tasks.started, onBase.length);
    await settleWithoutRounds(world);
    assert.deepEqual(await builtOn(world), [bad, bad, bad, bad]);
  });

test('a push of one base image that failed over another is built once that is released', async () => {
  const { world } = await worldOf();
  const only = world.tags.get(publicBase)!;
  await sayOf(world, 'quarantined', only, publicBase);
  const good = world.push(base);
  await settle(world);
  await hours(world, 6);
  assert.equal((await lastOf(world, 'app2-task')).status, 'Failed');
  assert.equal((await sayOf(world, 'released', only, publicBase)).tasks.started, 1);
  await settle(world);
  assert.deepEqual(await builtOn(world), [good, good, good, good]);
});

/** Each: what makes a run speak of the digest that it is pinned to, or was called for, while the newest one is quarantined. */
const spoken: [title: string, happens: (world: World) => Promise<unknown>][] = [
  [
    'a push of another base image',
    async (world) => {
      world.push(publicBase);
      await deliver(world);
    },
  ],
  ['a run by hand', (world) => runByHand(world, 'mid1acr', 'mid1-task')],
  [
    'runs by hand of two levels',
    async (world) => {
      await runByHand(world, 'mid1acr', 'mid1-task');
      await runByHand(world, 'mid2acr', 'app2-task');
    },
  ],
  ['a round', async (world) => hours(world, 1)],
  [
    'a push that comes again',
    async (world) => {
      world.events.push({
        id: 'again',
        image: base,
        digest: world.tags.get(base)!,
        timestamp: new Date(world.now()).toISOString(),
      });
      await deliver(world);
    },
  ],
  ['another quarantine by its name', (world) => sayOf(world, 'quarantined', `sha256:${'9'.repeat(64)}`)],
];
for (const [title, happens] of spoken)
  test(`${title}: the digest that is gone back to does not count as the newest`, async () => {
    const { world, first } = await worldOf();
    const bad = world.push(base);
    await deliver(world);
    await settle(world);
    world.pass(3600);
    // Written down, and no task has heard of it yet.
    const { judgements, putJudgements } = world.ports.store;
    const { value, etag } = (await judgements()) ?? {};
    const one = {
      image: base,
      digest: bad,
      verdict: 'quarantined',
      reason: 'CVE',
      time: new Date(world.now()).toISOString(),
    } as const;
    await putJudgements({ judgements: [...(value?.judgements ?? []), one] }, etag);
    await happens(world);
    await settle(world);
    const digests = (await world.ports.store.sightings(base))!.value.digests.map(({ digest }) => digest);
    assert.deepEqual(digests.slice(-2), [first, bad]);
  });

test.run();
