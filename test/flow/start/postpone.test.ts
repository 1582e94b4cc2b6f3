import assert from 'node:assert/strict';
import { test } from 'uvu';
import { postponeStart } from '../../../shared/flow/start/postpone.ts';
import type { Run } from '../../../shared/model/run.ts';
import { PlinthError } from '../../../shared/names/plinthError.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const runId = formatRunId('appacr', 1);
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
const busy = (retryAfter?: number) => new PlinthError('busy', { transient: true, retryAfter });
const unknownHost = () =>
  new RegistryError('Unreachable', 'gone', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) });
const noRole = () => new PlinthError('no role', { isRoleMissing: true });
const broken = () => new TypeError('broken');

const run = (change: Partial<Run>): Run => ({ ...sampleRun('appacr', runId), ...change });
/** A world with one run of the registry, in the queue where it waits there. */
async function worldWith(change: Partial<Run>): Promise<World> {
  const world = createWorld({ registries: ['appacr'] });
  const value = run(change);
  const place = { registry: 'appacr', runId, automatic: false };
  await world.ports.store.commit('appacr', [
    { put: 'run', value },
    ...(value.status === 'Queued' ? [{ put: 'place' as const, value: place }] : []),
    ...(value.status === 'Started'
      ? [{ put: 'pace' as const, value: { registry: 'appacr', running: [runId] } }]
      : []),
  ]);
  return world;
}
const rowOf = async (world: World) => (await world.ports.store.run('appacr', runId))!.value;
const sentTo = (world: World) =>
  world.messages.map(({ queue, body, due }) => [queue, 'runId' in body && body.runId, (due - begun) / 1000]);
const role = 'A role is missing, or does not count yet; tried again until';

interface Row {
  title: string;
  change?: Partial<Run>;
  error: Error;
  status: Run['status'];
  /** Seconds after which it is tried again. */
  again?: number;
  /** Where it is claimed: seconds until another may have it. */
  claimed?: number;
  reason?: RegExp;
  givenUpAt?: number;
  /** What its log says newly. */
  notes?: RegExp[];
  says?: RegExp;
  level: 'warning' | 'error';
}
const claimed: Partial<Run> = {
  status: 'Started',
  claimedUntil: at(-5),
  preparing: { by: 'x', until: at(9), count: 1 },
};
const troubled = (count: number, since: number, more: Partial<Run> = {}): Partial<Run> => ({
  trouble: { count, since: at(-since) },
  ...more,
});
const rows: Row[] = [
  {
    title: 'a queued run waits while others are busy',
    error: busy(),
    status: 'Queued',
    again: 15,
    reason:
      /^waits, and is tried again at 2026-11-23T10:00:15Z, for the last time at 2026-11-23T11:00:00Z: busy$/,
    givenUpAt: 3600,
    notes: [/^Try 1 failed: it waits, and is tried again at .*: busy$/],
    level: 'warning',
  },
  {
    title: 'as long as they ask, beyond the last try where they ask for more',
    error: busy(7200),
    status: 'Queued',
    again: 7200,
    reason: /at 2026-11-23T12:00:00Z, for the last time at 2026-11-23T12:00:00Z: busy$/,
    givenUpAt: 7200,
    notes: [/^Try 1 failed/],
    level: 'warning',
  },
  {
    title: 'the third try says nothing more',
    change: troubled(2, 30),
    error: busy(),
    status: 'Queued',
    again: 15,
    reason: /for the last time at 2026-11-23T10:59:30Z: busy$/,
    givenUpAt: 3570,
    level: 'warning',
  },
  {
    title: 'the fourth does',
    change: troubled(3, 30),
    error: busy(),
    status: 'Queued',
    again: 15,
    reason: /busy$/,
    givenUpAt: 3570,
    notes: [/^Try 4 failed/],
    level: 'warning',
  },
  {
    title: 'a host that does not exist is tried four times',
    change: { trouble: { since: at(-30), count: 1, unknownHost: 1 } },
    error: unknownHost(),
    status: 'Queued',
    again: 30,
    reason: /^waits, and is tried again at 2026-11-23T10:00:30Z, 4 times at most: gone$/,
    notes: [/^Try 2 failed/],
    level: 'warning',
  },
  {
    title: 'a host that does not exist fails it the fourth time',
    change: { trouble: { since: at(-30), count: 3, unknownHost: 3 } },
    error: unknownHost(),
    status: 'Failed',
    says: /^gone It was tried 4 times/,
    level: 'warning',
  },
  {
    title: 'a role that is missing is said once',
    error: noRole(),
    status: 'Queued',
    again: 15,
    reason: /for the last time at 2026-11-23T10:10:00Z: no role$/,
    givenUpAt: 600,
    notes: [new RegExp(`^${role} 2026-11-23T10:10:00Z: no role$`)],
    level: 'warning',
  },
  {
    title: 'a role that was said while it was queued is not said again',
    change: {
      trouble: { count: 1, since: at(-15), roleSince: at(-15) },
      waited: [{ at: at(-15), text: `${role} later` }],
    },
    error: noRole(),
    status: 'Queued',
    again: 30,
    reason: /no role$/,
    givenUpAt: 585,
    level: 'warning',
  },
  {
    title: 'a role that an older version has said is not said again',
    change: { missingRole: { at: at(-15), text: 'x' } },
    error: noRole(),
    status: 'Queued',
    again: 15,
    reason: /no role$/,
    givenUpAt: 600,
    level: 'warning',
  },
  {
    title: 'a fault of Plinth is tried ten times',
    change: troubled(8, 9999),
    error: broken(),
    status: 'Queued',
    again: 300,
    reason: /^waits, and is tried again at 2026-11-23T10:05:00Z, 10 times at most: broken$/,
    level: 'error',
  },
  {
    title: 'and not an eleventh time',
    change: troubled(9, 9999),
    error: broken(),
    status: 'Error',
    says: /^Plinth failed at this run 10 times/,
    level: 'error',
  },
  {
    title: 'a claimed run keeps its place and gives up its claim',
    change: claimed,
    error: busy(),
    status: 'Started',
    again: 15,
    claimed: 15,
    notes: [/^Try 1 failed/],
    level: 'warning',
  },
  {
    title: 'a claimed run holds its place for no more than five minutes',
    change: claimed,
    error: busy(86_400),
    status: 'Started',
    again: 300,
    claimed: 300,
    notes: [/^Try 1 failed/],
    level: 'warning',
  },
  {
    title: 'a claimed run says a role once, after its notes',
    change: { ...claimed, ...troubled(1, 15), notes: [`${role} later`] },
    error: noRole(),
    status: 'Started',
    again: 30,
    claimed: 30,
    level: 'warning',
  },
  {
    title: 'a claimed run that was tried for long enough fails',
    change: { ...claimed, ...troubled(3, 3600) },
    error: busy(),
    status: 'Failed',
    says: /^busy$/,
    level: 'warning',
  },
  {
    title: 'a note is no longer than 2,000 letters',
    error: new PlinthError('x'.repeat(3000), { transient: true }),
    status: 'Queued',
    again: 15,
    reason: /x{3000}$/,
    givenUpAt: 3600,
    notes: [/^Try 1 failed.{1988}$/],
    level: 'warning',
  },
];
for (const {
  title,
  change = {},
  error,
  status,
  again,
  claimed: until,
  reason,
  givenUpAt,
  notes = [],
  says,
  level,
} of rows)
  test(title, async () => {
    const world = await worldWith(change);
    const forgotten: string[] = [];
    world.ports.engine.forget = async (_, key) => void forgotten.push(key);
    await postponeStart('appacr', runId, error, world.ports);
    const row = await rowOf(world);
    assert.equal(row.status, status);
    assert.match(row.runErrorMessage ?? '', says ?? /^$/);
    const isOver = again === undefined;
    assert.deepEqual(sentTo(world), isOver ? [] : [['start', runId, again]]);
    assert.equal(row.trouble?.count, isOver ? undefined : (change.trouble?.count ?? 0) + 1);
    if (reason) assert.match(row.waitingFor!.reason, reason);
    assert.equal(row.waitingFor?.nextTry, reason && at(again!));
    assert.equal(row.waitingFor?.givenUpAt, givenUpAt && at(givenUpAt));
    assert.equal(row.claimedUntil, until && at(until));
    assert.equal(row.preparing, undefined);
    if (until) assert.equal(row.lastUpdatedTime, at(0));
    const [kept, added] =
      change.status === 'Started'
        ? [change.notes ?? [], row.notes ?? []]
        : [(change.waited ?? []).map(({ text }) => text), (row.waited ?? []).map(({ text }) => text)];
    assert.equal(added.length, kept.length + notes.length, added.join('\n'));
    for (const [place, note] of notes.entries()) assert.match(added[kept.length + place]!, note);
    if (status === 'Queued' && notes.length > 0) assert.equal(row.waited!.at(-1)!.at, at(0));
    assert.equal(forgotten.length, isOver && change.status === 'Started' ? 1 : 0);
    assert.deepEqual(
      world.log.filter(({ message }) => /starts later/.test(message)).map((line) => line.level),
      [level],
    );
  });

for (const [title, change] of [
  ['has ended', { status: 'Failed' }],
  ['has its build at the engine', { status: 'Started', engineRunId: 'e1' }],
] as [string, Partial<Run>][])
  test(`a run that ${title} is left alone`, async () => {
    const world = await worldWith(change);
    await postponeStart('appacr', runId, broken(), world.ports);
    assert.deepEqual(await rowOf(world), run(change));
    assert.deepEqual(sentTo(world), []);
  });

test('a run that is gone is left alone', async () => {
  const world = createWorld({ registries: ['appacr'] });
  await postponeStart('appacr', runId, broken(), world.ports);
  assert.deepEqual(sentTo(world), []);
});

test('a wait that was written and whose answer was lost gets its message, and is counted once', async () => {
  const waitingFor = { runs: [], images: [], reason: 'waits', nextTry: at(30) };
  const world = await worldWith({ waitingFor, ...troubled(1, 0) });
  await postponeStart('appacr', runId, broken(), world.ports);
  assert.equal((await rowOf(world)).trouble?.count, 1);
  assert.deepEqual(sentTo(world), [['start', runId, 15]]);
});

test.run();
