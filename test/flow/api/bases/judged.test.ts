import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../../shared/flow/api/bases/judge.ts';
import { Refusal } from '../../../../shared/flow/refusal.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import { ConflictError } from '../../../../shared/ports/store.ts';
import type { World } from '../../../worlds/world.ts';
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

type Verdict = Judgement['verdict'];
const long = '2026-01-01T00:00:00.000Z';
const said = (digest: string, verdict: Verdict, more: Partial<Judgement> = {}): Judgement => ({
  ...{ digest, image: base, verdict, reason: 'CVE', time: earlier },
  ...more,
});
const [ancient, old] = ['ancient', 'old'].map((digest) => ({ digest, firstSeen: long, since: long }));
const digests = [ancient!, old!, 'new'];
/** A world of a task that is built on `old`, of which a newer digest is there. */
async function worldOf(judgements: Judgement[] = []): Promise<World> {
  const world = await pushWorld([taskOn('app', [base], { trigger: 'All' })]);
  const { store } = world.ports;
  await store.takeRunNumbers('appacr', 60);
  await putTaskRow(world, 'app');
  await store.putSightings(seen(digests), undefined);
  if (judgements.length > 0) await store.putJudgements({ judgements }, undefined);
  return world;
}
const asked = { image: base, reason: 'CVE' };
const judged = (world: World, verdict: Verdict, digest: string, more: object = {}) =>
  judge(world.ports.settings.registries[0]!, verdict, { ...asked, digest, ...more }, world.ports);
const kept = async ({ ports: { store } }: World) => (await store.judgements())!.value.judgements;

const holds = ['ancient', 'old', 'new', 'never'].map((digest) => [
  digest,
  [`linux/amd64 of ${digest}`, `linux/arm64 of ${digest}`],
]);
const holdsOf = Object.fromEntries(holds) as Record<string, string[]>;
const unused = (digest: string, never = '') =>
  `No task is built on ${digest} now.${never} What was said of it stays.`;

/** Each: what was said before, the verdict, what is said then, how many tasks are rebuilt, and the message. */
const rows: [
  title: string,
  before: Judgement[],
  verdict: Verdict,
  digest: string,
  written: boolean,
  rebuilt: number,
  message: string | undefined,
][] = [
  ['what a task is built on is quarantined', [], 'quarantined', 'old', true, 1, undefined],
  ['what a task may be built on next is quarantined', [], 'quarantined', 'new', true, 0, undefined],
  [
    'what no task is built on any more is quarantined',
    [],
    'quarantined',
    'ancient',
    true,
    1,
    unused('ancient'),
  ],
  [
    'what was never seen is quarantined',
    [],
    'quarantined',
    'never',
    true,
    1,
    unused('never', ` ${base} was never seen with it.`),
  ],
  [
    'the same is said again',
    [said('old', 'quarantined', { holds: ['x'] })],
    'quarantined',
    'old',
    false,
    1,
    undefined,
  ],
  [
    'another reason is said',
    [said('old', 'quarantined', { reason: 'x', holds: ['x'] })],
    'quarantined',
    'old',
    true,
    1,
    undefined,
  ],
  ['what was let in is quarantined', [said('old', 'admitted')], 'quarantined', 'old', true, 1, undefined],
  [
    'a quarantine is taken back',
    [said('old', 'quarantined', { holds: ['x'] })],
    'released',
    'old',
    true,
    1,
    undefined,
  ],
  ['what was let in is let in no more', [said('old', 'admitted')], 'released', 'old', true, 1, undefined],
  ['it is let in', [], 'admitted', 'new', true, 1, undefined],
  [
    'it is let in after a quarantine was taken back',
    [said('new', 'quarantined'), said('new', 'released')],
    'admitted',
    'new',
    true,
    1,
    undefined,
  ],
];
for (const [title, before, verdict, digest, written, rebuilt, message] of rows)
  test(`where ${title}, ${rebuilt} tasks are rebuilt`, async () => {
    const world = await worldOf(before);
    const lines = linesOf(world);
    const { judgement, tasks, message: told, pushes } = await judged(world, verdict, digest);
    const all = await kept(world);
    const known = before.findLast((one) => one.digest === digest)?.holds;
    const isAsked = verdict === 'quarantined' && !known;
    const expected = { ...said(digest, verdict, { time: written ? time : earlier }) };
    assert.deepEqual(judgement, {
      ...expected,
      ...((known || isAsked) && { holds: known ?? judgement.holds }),
    });
    if (isAsked) for (const part of holdsOf[digest]!) assert.ok(judgement.holds!.includes(part), part);
    assert.deepEqual(all, written ? [...before, judgement] : before);
    assert.equal(tasks.started ?? 0, rebuilt);
    assert.equal(told, message);
    assert.deepEqual(lines[0], ['warning', `${digest} of ${base} is ${verdict}: CVE`]);
    const decisions = (await Promise.all(pushes.map((id) => world.ports.store.push(id)))).flat();
    assert.deepEqual(
      decisions.map((one) => one.task),
      ['app'],
    );
    const again = await judged(world, verdict, digest);
    assert.deepEqual([again.pushes, await kept(world)], [pushes, all], 'it may be repeated');
  });

/** Each: what was said before, the verdict that does not fit it, and what is told. */
const refused: [title: string, before: Judgement[], verdict: Verdict, says: RegExp][] = [
  ['nothing was said', [], 'released', /^old is neither quarantined nor admitted\.$/],
  [
    'it was taken back',
    [said('old', 'quarantined'), said('old', 'released', { reason: 'x' })],
    'released',
    /is neither/,
  ],
  ['another is quarantined', [said('new', 'quarantined')], 'released', /is neither/],
  [
    'it is quarantined',
    [said('old', 'quarantined')],
    'admitted',
    /^old is quarantined: CVE\. Release it first/,
  ],
];
for (const [title, before, verdict, says] of refused)
  test(`${verdict} is refused where ${title}, and nothing is written`, async () => {
    const world = await worldOf(before);
    const calls = callsOf(world, 'putJudgements', 'states');
    await assert.rejects(
      judged(world, verdict, 'old'),
      (error) =>
        error instanceof Refusal &&
        error.status === 409 &&
        error.code === 'Conflict' &&
        says.test(error.message),
    );
    assert.deepEqual(calls, []);
  });

test('who said it is known where that is, and an image is of the registry that is asked', async () => {
  const world = await worldOf();
  const { judgement } = await judged(world, 'quarantined', 'old', { by: 'somebody', image: 'app:1' });
  assert.deepEqual([judgement.by, judgement.image], ['somebody', 'appacr.azurecr.io/app:1']);
  assert.equal('by' in (await judged(world, 'released', 'old')).judgement, false);
});

test('what a digest holds is not known where its registry does not answer, and what is said is kept', async () => {
  const world = await worldOf();
  world.trouble.registry = () => new Error('away');
  const calls = callsOf(world, 'putJudgements');
  const { judgement } = await judged(world, 'quarantined', 'old');
  assert.equal('holds' in judgement, false);
  assert.equal(calls.length, 1);
});

test('what others say meanwhile is kept', async () => {
  const world = await worldOf([said('x', 'quarantined')]);
  const { store } = world.ports;
  const { putJudgements } = store;
  let nth = 0;
  // Another is before each of the two writes: of what is said, and of what the digest holds.
  store.putJudgements = async (value, etag) => {
    if (++nth % 2 === 0) return putJudgements(value, etag);
    const now = (await store.judgements())!;
    const judgements = [...now.value.judgements, said(`other${nth}`, 'admitted')];
    await putJudgements({ judgements }, now.etag);
    throw new ConflictError('another was before');
  };
  const { judgement } = await judged(world, 'quarantined', 'old');
  const all = await kept(world);
  assert.deepEqual(
    all.map(({ digest }) => digest),
    ['x', 'other1', 'old', 'other3'],
  );
  assert.deepEqual(all[2], judgement);
  assert.ok(judgement.holds);
});

test('a quarantine of what lies under two names is decided for both', async () => {
  const other = 'docker.io/library/copy:1';
  const world = await pushWorld([
    taskOn('app', [base], { trigger: 'All' }),
    taskOn('copy', [other], { trigger: 'All' }),
  ]);
  await world.ports.store.takeRunNumbers('appacr', 60);
  for (const image of [base, other])
    await world.ports.store.putSightings(
      seen([{ digest: 'old', firstSeen: long, since: long }, 'new'], image),
      undefined,
    );
  const { pushes, tasks } = await judged(world, 'quarantined', 'old');
  assert.deepEqual([pushes.length, tasks.started], [2, 2]);
  assert.equal(new Set(pushes).size, 2);
});

test.run();
