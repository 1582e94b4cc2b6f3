import assert from 'node:assert/strict';
import { test } from 'uvu';
import { heldBases } from '../../../../shared/flow/api/bases/heldBases.ts';
import type { Judgement, Policy } from '../../../../shared/model/bases/policy.ts';
import { base, callsOf, earlier, pushWorld, registry, seen, taskOn } from '../../push/steps/pushWorld.ts';

const second = 'docker.io/library/node:1';
const long = '2026-01-01T00:00:00.000Z';
const old = { digest: 'old', firstSeen: long, since: long };
const young: Policy = { images: 'baseacr.azurecr.io/**', minimumAge: '3d' };
const paused: Policy = { images: base, pause: 'frozen' };
const bad: Judgement = { digest: 'new', image: base, verdict: 'quarantined', reason: 'CVE', time: earlier };
const until = '2026-11-26T08:00:00.000Z';
const reason = 'is held until 2026-11-26T08:00:00.000Z: baseacr.azurecr.io/** has a minimum age of 3d';
const digests = (hold?: object) => [
  { digest: 'new', firstSeen: earlier, since: earlier, ...(hold && { held: hold }) },
  { ...old },
];

/** Each: the policy and what was said, the image that is asked for, and what is shown of the base images. */
const rows: [
  title: string,
  policies: Policy[],
  judgements: Judgement[],
  image: string | undefined,
  shown: object[],
][] = [
  ['nothing is held', [], [], undefined, []],
  [
    'one is too young',
    [young],
    [],
    undefined,
    [
      {
        ...{ image: base, policy: young, tasks: 2, newest: 'new', admissible: 'old' },
        held: { digest: 'new', reason, until },
        digests: digests({ reason, until }),
      },
    ],
  ],
  [
    'one is quarantined',
    [],
    [bad],
    undefined,
    [
      {
        ...{ image: base, tasks: 2, newest: 'new', admissible: 'old' },
        held: { digest: 'new', reason: 'is quarantined: CVE' },
        digests: digests({ reason: 'is quarantined: CVE' }),
      },
    ],
  ],
  [
    'one is paused',
    [paused],
    [],
    undefined,
    [
      {
        ...{ image: base, policy: paused, tasks: 2, newest: 'new', admissible: 'new' },
        paused: `${base} is paused: frozen`,
        digests: digests(),
      },
    ],
  ],
  [
    'one that is not held is asked for',
    [],
    [],
    base,
    [{ image: base, tasks: 2, newest: 'new', admissible: 'new', digests: digests() }],
  ],
  ['one that was never seen is asked for', [], [], second, [{ image: second, tasks: 1, digests: [] }]],
  [
    'one on which no task is built is asked for',
    [young],
    [],
    'baseacr.azurecr.io/other:1',
    [{ image: 'baseacr.azurecr.io/other:1', policy: young, tasks: 0, digests: [] }],
  ],
  [
    'one is asked for without its registry',
    [],
    [],
    'app',
    [{ image: 'appacr.azurecr.io/app:latest', tasks: 0, digests: [] }],
  ],
];
for (const [title, policies, judgements, image, shown] of rows)
  test(`of the base images of a registry, where ${title}, ${shown.length} are shown`, async () => {
    const world = await pushWorld([taskOn('app', [base, second]), taskOn('web', [base])]);
    const { store, settings } = world.ports;
    await store.putSightings(seen([old, 'new']), undefined);
    if (judgements.length > 0) await store.putJudgements({ judgements }, undefined);
    settings.policies = policies;
    const calls = callsOf(world, 'sightings');
    const told = await heldBases(
      settings.registries.find(({ name }) => name === registry)!,
      image,
      world.ports,
    );
    assert.deepEqual(told, { policies, judgements, value: shown });
    // Only what is asked for is read.
    assert.equal(calls.length, image === undefined ? 2 : 1);
  });

test('an image of which every digest is gone is shown without any', async () => {
  const world = await pushWorld([taskOn('app', [base])]);
  await world.ports.store.putSightings(seen([]), undefined);
  const told = await heldBases(world.ports.settings.registries[0]!, base, world.ports);
  assert.deepEqual(told.value, [{ image: base, tasks: 1, digests: [] }]);
});

test('a digest of which none may be built on has no admissible one', async () => {
  const world = await pushWorld([taskOn('app', [base])]);
  world.ports.settings.policies = [young];
  await world.ports.store.putSightings(seen(['new']), undefined);
  const [one] = (await heldBases(world.ports.settings.registries[0]!, undefined, world.ports)).value;
  assert.equal('admissible' in one!, false);
});

test.run();
