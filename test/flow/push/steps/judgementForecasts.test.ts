import assert from 'node:assert/strict';
import { test } from 'uvu';
import { forecastJudgement } from '../../../../shared/flow/push/forecastJudgement.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import { base, earlier, pushWorld, putTaskRow, seen, taskOn } from './pushWorld.ts';

const hub = 'docker.io/library/alpine:3';
const made = 'appacr.azurecr.io/app:1';
const on = (task: string, image: string, digest: string, change: Partial<TaskState> = {}): TaskState => {
  const state = taskOn(task, [image], change);
  return {
    ...state,
    bases: [{ ...state.bases[0]!, digest }],
    built: { runId: 'c1', pins: [{ image, type: 'RunTime', digest }] },
  };
};
const app = on('app', base, 'bad', { outputs: [made] });
const said = (digest: string, verdict: Judgement['verdict'], holds?: string[]): Judgement => ({
  ...{ digest, image: base, verdict, reason: 'CVE-2026-1', time: earlier },
  ...(holds && { holds }),
});

interface Row {
  title: string;
  /** The tasks; `app` is built on the digest unless it says otherwise. */
  states?: TaskState[];
  /** What was seen of the base image. */
  digests?: Parameters<typeof seen>[0];
  verdict?: Judgement['verdict'];
  before?: Judgement[];
  waves: string[][];
  held?: string[];
  /** How often its registry is asked what the digest holds. */
  asked: number;
}
const rows: Row[] = [
  { title: 'a task goes back to the older digest', waves: [['app']], asked: 1 },
  {
    title: 'what is below goes with it',
    states: [app, on('below', made, 'old')],
    ...{ waves: [['app'], ['below']], asked: 1 },
  },
  {
    title: 'what is below was read by a clock that was ahead',
    states: [
      app,
      {
        ...on('below', made, 'old'),
        bases: [{ image: made, type: 'RunTime', digest: 'old', pinnedAt: '2026-11-23T11:00:00.000Z' }],
      },
    ],
    ...{ waves: [['app'], ['below']], asked: 1 },
  },
  {
    title: 'a task on the digest by another image has no older one',
    states: [app, on('by', hub, 'bad')],
    ...{ waves: [['app']], held: ['by'], asked: 1 },
  },
  {
    title: 'a task on another digest of another image stays',
    states: [app, on('by', hub, 'other')],
    ...{ waves: [['app']], asked: 1 },
  },
  { title: 'it is the only digest', digests: ['bad'], waves: [], held: ['app'], asked: 1 },
  { title: 'the image was never seen', digests: [], waves: [], held: ['app'], asked: 1 },
  {
    title: 'what it holds was asked when it was quarantined before',
    before: [said('bad', 'quarantined', ['same']), said('bad', 'released', ['same'])],
    ...{ waves: [['app']], asked: 0 },
  },
  {
    title: 'another digest was quarantined before',
    before: [said('unseen', 'quarantined', ['same'])],
    ...{ waves: [['app']], asked: 1 },
  },
  {
    title: 'another one was quarantined after it',
    before: [said('bad', 'released', ['same']), said('unseen', 'quarantined')],
    ...{ waves: [['app']], asked: 0 },
  },
  {
    title: 'the older one is quarantined too',
    before: [said('old', 'quarantined')],
    ...{ waves: [], held: ['app'], asked: 1 },
  },
  {
    title: 'it is released, and the task is on the older one',
    states: [on('app', base, 'old')],
    ...{ before: [said('bad', 'quarantined', [])], verdict: 'released' },
    ...{ waves: [['app']], asked: 0 },
  },
];
for (const { title, states = [app], digests = ['old', 'bad'], verdict = 'quarantined', ...row } of rows)
  test(`what a judgement would rebuild: ${title}`, async () => {
    const world = await pushWorld(states);
    const { store } = world.ports;
    for (const { task } of states) await putTaskRow(world, task);
    if (digests.length > 0) await store.putSightings(seen(digests), undefined);
    if (row.before) await store.putJudgements({ judgements: row.before }, undefined);
    const asked = { image: 'base:1', digest: 'bad', verdict };
    const plan = await forecastJudgement({ loginServer: 'baseacr.azurecr.io' }, asked, world.ports);
    assert.deepEqual(
      plan.waves.map(({ tasks }) => tasks.map(({ task }) => task)),
      row.waves,
    );
    assert.deepEqual(
      plan.held?.map(({ task }) => task),
      row.held,
    );
    assert.equal(world.asked.length, row.asked);
    const after = (await store.sightings(base))?.value;
    assert.deepEqual(after, digests.length > 0 ? seen(digests) : undefined, 'nothing is changed');
    assert.deepEqual((await store.judgements())?.value.judgements, row.before);
  });

test.run();
