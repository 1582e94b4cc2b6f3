import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { HeldBase } from '../../shared/graph/answers.ts';
import { fromGraph, toGraph } from '../../shared/graph/compact.ts';
import { planOf } from '../../shared/graph/planOf.ts';
import { staleOf } from '../../shared/graph/staleOf.ts';
import type { TaskState } from '../../shared/model/state.ts';
import { sampleState } from '../doubles/storeContract.ts';

const at = '2026-11-23T10:00:00.000Z';
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const base = 'baseacr.azurecr.io/base:1';
const made = 'appacr.azurecr.io/made:1';
const pin = (digest: string, type: 'RunTime' | 'BuildTime' = 'RunTime') => ({ image: base, type, digest });
const bases = [{ ...pin(digestOf('a')), pinnedAt: at }];
const last = {
  runId: 'ca1',
  status: 'Failed' as const,
  inputs: 'long',
  failures: 1,
  automatic: true,
  endedAt: at,
};
const open = [{ runId: 'ca2', phase: 'Pinned' as const, automatic: true, canonical: true }];
const newer = { digest: digestOf('b'), since: at, at, push: 'event' };

const rows: [title: string, change: Partial<TaskState>][] = [
  ['without base images', {}],
  ['that was never built', { bases }],
  ['that stands on its base image', { bases, built: { runId: 'ca1', pins: [pin(digestOf('a'))] } }],
  ['built on another digest', { bases, built: { runId: 'ca1', pins: [pin(digestOf('c'))], seconds: 7 } }],
  ['built before the base image was its own', { bases, built: { runId: 'ca1', pins: [] } }],
  ['with a newer digest', { bases: [{ ...bases[0]!, newer }], built: { runId: 'ca1', pins: [] } }],
  ['that is disabled', { bases, enabled: false }],
  ['whose trigger is All', { bases: [{ ...pin(digestOf('a'), 'BuildTime'), pinnedAt: at }], trigger: 'All' }],
  ['whose trigger is disabled', { bases, trigger: 'Disabled' }],
  ['for another platform', { bases, platform: { os: 'Linux', architecture: 'arm64', variant: 'v8' } }],
  ['that names the usual platform', { bases, platform: { os: 'linux', architecture: 'AMD64' } as never }],
  ['with an open run and a failure', { bases, open, last, outputs: [made] }],
];
const cutDigests = (value: unknown) =>
  JSON.parse(JSON.stringify(value).replaceAll(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1'));

for (const [title, change] of rows)
  test(`a task ${title} gives the same plan and freshness out of the compact answer`, () => {
    const state = { ...sampleState('appacr', 'task1'), ...change };
    const child = {
      ...sampleState('appacr', 'child'),
      bases: [{ image: made, type: 'RunTime' as const, digest: digestOf('d'), pinnedAt: at }],
    };
    const states = [state, child];
    const known = fromGraph(JSON.parse(JSON.stringify(toGraph('appacr', states))));
    assert.deepEqual(planOf(known, [base], 10), planOf(states, [base], 10));
    assert.deepEqual(staleOf(known), staleOf(states));
    for (const platforms of [['linux/amd64'], ['linux/arm64/v8']]) {
      const held: HeldBase[] = [
        { image: base, digest: digestOf('f'), since: at, because: 'quarantined', reason: 'CVE', platforms },
      ];
      assert.deepEqual(staleOf(known, held), staleOf(states, held));
    }
    const { task, enabled, trigger, outputs, built } = state;
    assert.deepEqual(cutDigests({ task, enabled, trigger, outputs, bases: state.bases, built }), {
      ...cutDigests({
        task: known[0]!.task,
        enabled: known[0]!.enabled,
        trigger: known[0]!.trigger,
        outputs: known[0]!.outputs,
        bases: known[0]!.bases,
        built: known[0]!.built,
      }),
    });
  });

test('an image that ten thousand tasks name stands in the answer once', () => {
  const states = Array.from({ length: 10_000 }, (_, number) => ({
    ...sampleState('appacr', `task${number}`),
    bases,
  }));
  const graph = toGraph('appacr', states);
  assert.deepEqual(graph.images, [base]);
  assert.ok(JSON.stringify(graph).length < JSON.stringify(states).length / 2);
});

test.run();
