import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readConfig } from '../../../shared/edge/config.ts';
import { heldBases } from '../../../shared/flow/api/bases/heldBases.ts';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { JudgementRequest } from '../../../shared/model/bases/policy.ts';
import { base, registryOf } from '../../worlds/diamondWorld.ts';
import { heldWorld } from '../../worlds/replay/heldWorld.ts';
import { settle } from '../../worlds/settle.ts';

const id = '/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/ContosoAcr';
const environment = {
  PLINTH_REGISTRIES: JSON.stringify([{ id }]),
  PLINTH_SEALING_KEY: Buffer.alloc(32, 7).toString('base64'),
  PlinthStorage: 'UseDevelopmentStorage=true',
};

const refused: [what: string, policy: object, says: RegExp][] = [
  ['a pattern without a registry', { images: 'alpine', minimumAge: '3d' }, /must be \{registry\}/],
  ['a pattern of no image', { images: 'docker.io/alpine', minimumAge: '3d' }, /matches no image.*library/],
  ['another name of a registry', { images: 'index.docker.io/**', pause: 'x' }, /is called docker\.io/],
  [
    'a task of a registry that is not there',
    { tasks: 'otheracr/*', pause: 'x' },
    /otheracr\/\* .*no registry/,
  ],
  ['tasks of every registry', { tasks: '*', pause: 'x' }, /must be \{registry\}\/\{task\}/],
  [
    'a task by its login server',
    { tasks: 'contosoacr.azurecr.io/app', pause: 'x' },
    /\{registry\}\/\{task\}/,
  ],
  ['an age without a unit', { images: 'docker.io/**', minimumAge: '3' }, /such as 3d/],
  ['an age in words', { images: 'docker.io/**', minimumAge: 'three days' }, /such as 3d/],
  ['an age that is no text', { images: 'docker.io/**', minimumAge: 3 }, /minimumAge/],
  ['an age of nothing', { images: 'docker.io/**', minimumAge: '0h' }, /between 1m and 90d/],
  ['an age that is never reached', { images: 'docker.io/**', minimumAge: '9999d' }, /never built on/],
  ['an age of tasks', { tasks: 'contosoacr/*', minimumAge: '3d' }, /minimumAge is of images/],
  ['everything, for ever', { images: '**', pause: 'x' }, /must be \{registry\}/],
  ['a pause without a reason', { images: 'docker.io/**', pause: ' ' }, /pause/],
  ['neither images nor tasks', { minimumAge: '3d' }, /either images or tasks/],
  ['both', { images: 'docker.io/**', tasks: 'contosoacr/*', pause: 'x' }, /either images or tasks/],
];
for (const [what, policy, says] of refused)
  test(`an app does not start with a policy of ${what}, and says why by the setting's name`, () => {
    const PLINTH_BASE_IMAGE_POLICIES = JSON.stringify([policy]);
    assert.throws(
      () => readConfig({ ...environment, PLINTH_BASE_IMAGE_POLICIES }),
      (error: Error) => {
        assert.match(error.message, /PLINTH_BASE_IMAGE_POLICIES/);
        assert.match(error.message, says);
        return true;
      },
    );
  });

test('policies of images and of tasks are taken', () => {
  const policies = [
    { images: 'docker.io/**', minimumAge: '90d' },
    { tasks: 'ContosoAcr/web-*', pause: 'x' },
  ];
  const config = readConfig({ ...environment, PLINTH_BASE_IMAGE_POLICIES: JSON.stringify(policies) });
  assert.deepEqual(config.policies, policies);
});

const unseen = `sha256:${'c'.repeat(64)}`;
const taken: [
  what: string,
  image: string,
  digest: 'unseen' | 'replaced' | 'built on',
  says: RegExp | undefined,
][] = [
  ['a digest that was never seen', base, 'unseen', /No task is built on .* was never seen with it/],
  ['an image that nobody knows', 'docker.io/library/nothing:1', 'unseen', /never seen with it/],
  ['an image without a server', 'nothing', 'unseen', /^No task.*nothing:latest was never seen/],
  ['a digest that no task is built on any more', base, 'replaced', /^No task is built on \S+ now\. What was/],
  ['a digest that tasks are built on', base, 'built on', undefined],
  ['the same by an image that has another', 'docker.io/library/other:1', 'built on', undefined],
];
for (const [what, image, which, says] of taken)
  test(`a quarantine of ${what} is taken, kept, and answered ${says ?? 'without a word'}`, async () => {
    const world = await heldWorld();
    const before = world.tags.get(base)!;
    world.push(base);
    await settle(world);
    const digest = { unseen, replaced: before, 'built on': world.tags.get(base)! }[which];
    const registry = registryOf(world, 'baseacr');
    const request = { image, digest, reason: 'CVE-2026-1' };
    const { message } = await judge(registry, 'quarantined', request, world.ports);
    if (says) assert.match(message!, says);
    else assert.equal(message, undefined);
    const { judgements } = await heldBases(registry, undefined, world.ports);
    assert.deepEqual(
      judgements.map((one) => [one.digest, one.verdict]),
      [[digest, 'quarantined']],
    );
  });

const fault: [what: string, change: object][] = [
  ['a digest that is cut', { digest: 'sha256:cccc' }],
  ['a digest in capitals', { digest: unseen.toUpperCase() }],
  ['another kind of digest', { digest: `sha512:${'c'.repeat(128)}` }],
  ['no image', { image: '' }],
  ['an image with blanks', { image: 'a b' }],
  ['no reason', { reason: undefined }],
  ['a reason of blanks', { reason: '  ' }],
];
for (const [what, change] of fault)
  test(`what is said of ${what} is refused`, () => {
    const good = { image: base, digest: unseen, reason: 'x' };
    assert.ok(JudgementRequest.safeParse(good).success);
    assert.ok(!JudgementRequest.safeParse({ ...good, ...change }).success);
  });

test.run();
