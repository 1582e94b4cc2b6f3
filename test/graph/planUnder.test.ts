import assert from 'node:assert/strict';
import { test } from 'uvu';
import { planUnder } from '../../shared/graph/planUnder.ts';
import type { Policy } from '../../shared/model/bases/policy.ts';
import type { PlanState } from '../../shared/model/state.ts';

const now = new Date('2026-11-23T15:00:00.000Z');
const node = 'docker.io/library/node:22';
const task = (name: string, base: string, changes: Partial<PlanState> = {}): PlanState => ({
  ...{ registry: 'acr', task: name, enabled: true, trigger: 'Runtime', open: [] },
  outputs: [`acr.azurecr.io/${name}:1`],
  bases: [{ image: base, type: 'RunTime', digest: 'old', pinnedAt: now.toISOString() }],
  built: { runId: 'ca1', pins: [] },
  ...changes,
});
const states = [task('a', node), task('b', 'acr.azurecr.io/a:1'), task('off', node, { enabled: false })];
const inThreeDays = '2026-11-26T15:00:00.000Z';
const young = 'is held until 2026-11-26T15:00:00.000Z: docker.io/** has a minimum age of 3d';

const cases: [
  title: string,
  image: string,
  policies: Policy[],
  rebuilt: string[],
  held: [task: string, reason: string, until?: string][],
][] = [
  ['no policy', node, [], ['a', 'b'], []],
  [
    'a minimum age',
    node,
    [{ images: 'docker.io/**', minimumAge: '3d' }],
    ['a', 'b'],
    [['a', young, inThreeDays]],
  ],
  [
    'a pause: what is below is not reached',
    node,
    [{ images: 'docker.io/**', pause: 'frozen' }],
    [],
    [['a', 'docker.io/** is paused: frozen']],
  ],
  [
    'the pattern that names most counts',
    node,
    [
      { images: 'docker.io/**', pause: 'frozen' },
      { images: 'docker.io/library/node:22', minimumAge: '3d' },
    ],
    ['a', 'b'],
    [['a', young.replace('docker.io/**', node), inThreeDays]],
  ],
  ['a policy of another image', node, [{ images: 'quay.io/**', pause: 'frozen' }], ['a', 'b'], []],
  [
    'a policy of an image further down, which its own push meets then',
    node,
    [{ images: 'acr.azurecr.io/**', pause: 'frozen' }],
    ['a'],
    [['b', 'acr.azurecr.io/** is paused: frozen']],
  ],
  [
    'a pause of a task, whatever its case',
    node,
    [{ tasks: 'ACR/A', pause: 'frozen' }],
    [],
    [['a', 'ACR/A is paused: frozen']],
  ],
  ['a pause of what is disabled', node, [{ tasks: 'acr/off', pause: 'frozen' }], ['a', 'b'], []],
  [
    'a pause of a task further down',
    node,
    [{ tasks: 'acr/b*', pause: 'frozen' }],
    ['a'],
    [['b', 'acr/b* is paused: frozen']],
  ],
  [
    'an image on which nothing stands',
    'docker.io/library/none:1',
    [{ images: 'docker.io/**', pause: 'x' }],
    [],
    [],
  ],
];
for (const [title, image, policies, rebuilt, held] of cases)
  test(`a plan under policies: ${title}`, () => {
    const plan = planUnder(states, [image], 10, { policies, now });
    assert.deepEqual(
      plan.waves.flatMap(({ tasks }) => tasks.map(({ task: name }) => name)),
      rebuilt,
    );
    assert.deepEqual(
      (plan.held ?? []).map(({ task: name, reason, until }) => [name, reason, ...(until ? [until] : [])]),
      held,
    );
    const skips = plan.skipped.map(({ task: name }) => name);
    assert.deepEqual(skips, image === node ? ['off'] : [], 'what is disabled is not held');
  });

test.run();
