import assert from 'node:assert/strict';
import type { Counted } from '../../../../shared/flow/push/counted.ts';
import { queueEntryOf } from '../../../../shared/flow/queue/places.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { Decision, OpenRun, TaskState } from '../../../../shared/model/state.ts';
import type { Write } from '../../../../shared/ports/store.ts';
import type { Choice } from '../../../../shared/rules/decideOnPush.ts';
import { sampleRun, sampleState } from '../../../doubles/storeContract.ts';
import { createWorld, type World } from '../../../worlds/world.ts';
import { id } from '../../queue/steps/queueRows.ts';

export const registry = 'appacr';
export const image = 'baseacr.azurecr.io/base:1';
export const time = '2026-11-23T10:00:00.000Z';
export const push = { id: 'e1', image, digest: 'new', timestamp: '2026-11-23T09:00:00.000Z' };
export const newest = { ...push, digest: 'newest' };
export const open = (number: number): OpenRun => ({
  runId: id(number),
  phase: 'Queued',
  automatic: true,
  canonical: true,
});
export const trigger = (event: string, digest: string) => ({
  imageUpdateTrigger: {
    ...{ id: event, timestamp: push.timestamp },
    images: [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest }],
  },
});

/** By the name of a task: what a push comes to for it. */
export const choices: Record<string, Choice> = {
  start: { do: 'start', reason: 'it moved' },
  second: { do: 'start', reason: 'it moved' },
  below: { do: 'start', reason: 'it moved' },
  merge: { do: 'merge', runId: id(50), reason: 'is queued' },
  again: { do: 'merge', runId: id(51), reason: 'is queued' },
  same: { do: 'merge', runId: id(52), reason: 'is queued' },
  gone: { do: 'merge', runId: id(53), reason: 'is queued' },
  begun: { do: 'merge', runId: id(54), reason: 'is queued' },
  asked: { do: 'merge', runId: id(55), reason: 'is queued' },
  skip: { do: 'skip', reason: 'is disabled' },
  alike: { do: 'skip', reason: 'is the same', sameAs: 'old' },
  hold: { do: 'hold', reason: 'is quarantined' },
};
const states: Record<string, Partial<TaskState>> = {
  merge: { open: [open(50)] },
  again: { open: [open(51)] },
  same: { open: [open(52)] },
  gone: { open: [open(53)] },
  begun: { open: [open(54)] },
  asked: { open: [open(55)] },
  start: { outputs: ['appacr.azurecr.io/start:1'] },
};
const runs: Record<string, Run> = {
  merge: { ...sampleRun(registry, id(50), 'merge'), ...trigger('e0', 'old') },
  again: { ...sampleRun(registry, id(51), 'again'), ...trigger('e1', 'new') },
  same: { ...sampleRun(registry, id(52), 'same'), ...trigger('e0', 'new') },
  begun: { ...sampleRun(registry, id(54), 'begun'), status: 'Started' },
  asked: sampleRun(registry, id(55), 'asked'),
};
export const base = (name: string, digest = 'old') => ({
  image: name,
  type: 'RunTime' as const,
  digest,
  pinnedAt: '2026-11-23T08:00:00.000Z',
});

export const built = { runId: 'c1', pins: [{ image, type: 'RunTime' as const, digest: 'old' }] };
export async function worldWith(names: string[]) {
  const world = createWorld({ registries: [registry] });
  const { store } = world.ports;
  await store.takeRunNumbers(registry, 60);
  const stored = [];
  for (const name of names) {
    const bases = name === 'below' ? [base('appacr.azurecr.io/start:1'), base(image)] : [base(image)];
    const value: TaskState = {
      ...sampleState(registry, name),
      trigger: 'All',
      bases,
      built,
      ...states[name],
    };
    const run = runs[name];
    const rows: Write[] = [{ put: 'state', value }];
    if (run) rows.push({ put: 'run', value: run }, { put: 'place', value: queueEntryOf(run) });
    await store.commit(registry, rows);
    stored.push((await store.state(registry, name))!);
  }
  const looks: string[] = [];
  const counted: Counted = {
    push,
    newest,
    decide({ task, open: left }) {
      looks.push(task);
      const isAgain = looks.filter((one) => one === task).length > 1;
      const startsNow = (task === 'gone' && left.length === 0) || (task === 'begun' && isAgain);
      return startsNow ? choices.start! : choices[task]!;
    },
  };
  return { world, stored, counted };
}
type Told = [verdict: string, reason: string, run: string | undefined, digest: string];
const first = id(61);
export const expected: Record<string, Told> = {
  start: ['started', 'it moved', first, 'new'],
  second: ['started', 'it moved', first, 'new'],
  below: ['started', 'it moved', first, 'new'],
  merge: ['merged', 'is queued', id(50), 'new'],
  again: ['started', 'is queued', id(51), 'new'],
  same: ['merged', 'is queued', id(52), 'new'],
  gone: ['started', 'it moved', first, 'new'],
  begun: ['started', 'it moved', first, 'new'],
  asked: ['merged', 'is queued', id(55), 'new'],
  skip: ['skipped', 'is disabled', undefined, 'new'],
  alike: ['skipped', 'is the same', undefined, 'new'],
  hold: ['held', 'is quarantined', undefined, 'newest'],
};
export const toldOf = ({ verdict, reason, runId, push: of }: Decision): Told => [
  verdict,
  reason,
  runId,
  of.digest,
];
const heard = async ({ ports: { store } }: World, name: string) =>
  (await store.state(registry, name))!.value.bases.find((one) => one.image === image)!.newer?.digest;

export async function check(world: World, name: string, decided: Decision) {
  const { store } = world.ports;
  assert.deepEqual(toldOf(decided), expected[name]);
  const kept: Decision[] = [];
  for await (const one of store.decisions(registry, name)) kept.push(one);
  // What the event itself queued before has its decision since then.
  if (name !== 'again') assert.deepEqual(kept.map(toldOf), [expected[name]]);
  assert.equal(await heard(world, name), name === 'alike' ? undefined : 'new', 'what it is told of');
  if (!decided.runId) return;
  assert.equal(world.log.length, name === 'gone' ? 1 : 0);
  const run = (await store.run(registry, decided.runId))!.value;
  // One that was asked for by hand keeps its cause.
  if (name === 'asked') return assert.equal(run.imageUpdateTrigger, undefined);
  assert.deepEqual(
    run.imageUpdateTrigger?.images.map(({ digest }) => digest),
    ['new'],
  );
  assert.equal(run.imageUpdateTrigger?.id, decided.verdict === 'started' ? 'e1' : 'e0');
}
