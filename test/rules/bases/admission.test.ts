import assert from 'node:assert/strict';
import { test } from 'uvu';
import { Policies, type Policy } from '../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { decideOnBase, pinsOn, standingOf, type Terms } from '../../../shared/rules/bases/admission.ts';
import { policyFor } from '../../../shared/rules/bases/policies.ts';
import { sampleState } from '../../doubles/storeContract.ts';

const image = 'docker.io/library/node:22';
const now = new Date('2026-11-23T10:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();

const fitting: [image: string, patterns: string[], fits: string | undefined][] = [
  [image, [], undefined],
  [image, ['docker.io/**'], 'docker.io/**'],
  [image, ['docker.io/*'], undefined],
  [image, ['docker.io/*/*'], 'docker.io/*/*'],
  [image, ['docker.io/library/node'], 'docker.io/library/node'],
  [image, ['docker.io/library/node:22'], 'docker.io/library/node:22'],
  [image, ['docker.io/library/node:2*'], 'docker.io/library/node:2*'],
  [image, ['docker.io/library/node:20'], undefined],
  [image, ['docker.io/library/nod'], undefined],
  [image, ['docker.io/**', 'docker.io/library/*', 'docker.io/library/node'], 'docker.io/library/node'],
  [image, ['docker.io/library/node', 'docker.io/library/node:22'], 'docker.io/library/node:22'],
  [image, ['docker.io/library/**', 'docker.io/library/*'], 'docker.io/library/*'],
  ['localhost:5000/base:1', ['localhost:5000/**'], 'localhost:5000/**'],
  ['localhost:5000/base:1', ['localhost:5000/base'], 'localhost:5000/base'],
  ['localhost:5000/base:1', ['localhost:5000/base:2'], undefined],
  ['a.azurecr.io/os/deb:1', ['a-azurecr.io/**', 'aXazurecr.io/**'], undefined],
  ['a.azurecr.io/os/x/deb:1', ['a.azurecr.io/os/*'], undefined],
  ['a.azurecr.io/os/x/deb:1', ['a.azurecr.io/os/**'], 'a.azurecr.io/os/**'],
];
for (const [name, patterns, fits] of fitting)
  test(`of ${patterns.join(', ') || 'no pattern'}, ${fits ?? 'none'} is ${name}'s`, () => {
    const policies = patterns.map((images): Policy => ({ images, minimumAge: '3d' }));
    assert.equal(policyFor(name, policies)?.images, fits);
    assert.equal(policyFor(name, policies.toReversed())?.images, fits, 'in any order');
  });

const bad: [what: string, policies: unknown, says: RegExp][] = [
  ['no registry', [{ images: 'alpine', minimumAge: '3d' }], /must be \{registry\}/],
  ['every registry', [{ images: '**', pause: 'x' }], /must be \{registry\}/],
  ['an address', [{ images: 'https://docker.io/**', pause: 'x' }], /must be \{registry\}/],
  ['capitals', [{ images: 'docker.io/Library/*', pause: 'x' }], /must be \{registry\}/],
  ['another name of a registry', [{ images: 'index.docker.io/**', pause: 'x' }], /is called docker\.io/],
  ['an official image without library', [{ images: 'docker.io/alpine', pause: 'x' }], /library\/alpine/],
  ['nothing asked', [{ images: 'docker.io/**' }], /needs minimumAge or pause/],
  ['an empty reason', [{ images: 'docker.io/**', pause: '' }], /pause|>=1|small/i],
  ['an age without a unit', [{ images: 'docker.io/**', minimumAge: '3' }], /such as 3d/],
  ['an age in words', [{ images: 'docker.io/**', minimumAge: 'three days' }], /such as 3d/],
  ['an age below nothing', [{ images: 'docker.io/**', minimumAge: '-3d' }], /such as 3d/],
  ['no age at all', [{ images: 'docker.io/**', minimumAge: '0d' }], /between 1m and 90d/],
  ['what is held for ever', [{ images: 'docker.io/**', minimumAge: '999d' }], /never built on/],
  ['a word that is none', [{ images: 'docker.io/**', minimumAge: '3d', maxAge: '9d' }], /maxAge/],
  [
    'a pattern twice',
    [
      { images: 'docker.io/**', minimumAge: '3d' },
      { images: 'docker.io/**', pause: 'x' },
    ],
    /is there twice/,
  ],
];
for (const [what, policies, says] of bad)
  test(`policies are refused: ${what}`, () => {
    const { error } = Policies.safeParse(policies);
    assert.match(JSON.stringify(error?.issues), says);
  });

/** `A5 B4 C1`: digests and the days since each was first seen; `!` quarantined, `+` admitted. */
function standing(digests: string, policy?: Omit<Policy, 'images'>) {
  const read = digests.split(' ').map((text) => /^(\w)(\d+)([!+]?)$/.exec(text)!);
  const terms: Terms = {
    policies: policy ? [{ images: 'docker.io/**', ...policy }] : [],
    judgements: read.flatMap(([, digest = '', , mark]) =>
      mark
        ? [
            {
              digest,
              image,
              reason: 'x',
              time: daysAgo(0),
              verdict: mark === '!' ? 'quarantined' : 'admitted',
            },
          ]
        : [],
    ),
    now,
  };
  const seen = read.map(([, digest = '', days]) => {
    const since = daysAgo(Number(days));
    return { digest, firstSeen: since, since, sure: true };
  });
  return standingOf({ image, digests: seen }, terms);
}

const age = { minimumAge: '3d' };
const rows: [
  digests: string,
  policy: Omit<Policy, 'images'> | undefined,
  on: string,
  does: string,
  pins: string,
][] = [
  ['A5 B1', undefined, 'A', 'start', ''],
  ['A5 B1', age, 'A', 'hold', 'A'],
  ['A5 B3', age, 'A', 'start', ''],
  ['A5 B4 C1', age, 'A', 'start', 'BA'],
  ['A5 B4 C1', age, 'B', 'hold', 'BA'],
  ['A5 B2 C1', age, 'B', 'hold', 'BA'],
  ['A5 B1+', age, 'A', 'start', ''],
  ['A5 B1!', undefined, 'B', 'start', 'A'],
  ['A5 B1!', undefined, 'A', 'hold', 'A'],
  ['A5 B4! C3!', undefined, 'C', 'start', 'A'],
  ['A5! B4!', undefined, 'B', 'hold', ''],
  ['A2 B1!', age, 'B', 'hold', ''],
  ['A5! B1', undefined, 'A', 'start', ''],
  ['A5 B1', { pause: 'x' }, 'A', 'hold', ''],
  ['A5 B1', { pause: 'x' }, 'B', 'skip', ''],
];
for (const [digests, policy, on, does, pins] of rows)
  test(`${digests} with ${JSON.stringify(policy ?? 'no policy')}: a task on ${on} ${does}s, and is pinned to one of "${pins}"`, () => {
    const bases: TaskState['bases'] = [{ image, type: 'RunTime', digest: on, pinnedAt: daysAgo(0) }];
    const state = { ...sampleState('appacr', 'app'), bases };
    const known = standing(digests, policy);
    const push = { id: 'e', image, digest: known.newest.digest, timestamp: daysAgo(9) };
    const choice = decideOnBase(push, state, known);
    assert.equal(choice.do, does, choice.reason);
    const pinned = known.held ? pinsOn(known, on).map(({ digest }) => digest) : [];
    assert.equal(pinned.join(''), pins);
  });

const unwatched: [title: string, digests: string, changes: Partial<TaskState>, says: RegExp][] = [
  ['disabled, with a digest to go back to', 'A5 B1!', { enabled: false }, /is disabled$/],
  ['disabled, with none', 'B1!', { enabled: false }, /is disabled$/],
  ['disabled, while its image is too young', 'A5! B1', { enabled: false }, /is disabled$/],
  ['whose trigger is disabled', 'A5 B1!', { trigger: 'Disabled' }, /base image trigger of app is disabled$/],
  ['whose trigger is disabled, with none', 'B1!', { trigger: 'Disabled' }, /trigger of app is disabled$/],
  ['that builds a stage on it', 'A5 B1!', { trigger: 'Runtime' }, /only a build stage of app/],
  ['that builds a stage on it, with none', 'B1!', { trigger: 'Runtime' }, /only a build stage of app/],
];
for (const [title, digests, changes, says] of unwatched)
  test(`a quarantine moves no task ${title}, and says that cause`, () => {
    const type = changes.trigger === 'Runtime' ? 'BuildTime' : 'RunTime';
    const bases: TaskState['bases'] = [{ image, type, digest: 'B', pinnedAt: daysAgo(0) }];
    const state = { ...sampleState('appacr', 'app'), bases, ...changes };
    const push = { id: 'e', image, digest: 'B', timestamp: daysAgo(9) };
    const { do: does, reason } = decideOnBase(push, state, standing(digests, undefined));
    assert.equal(does, 'skip', reason);
    assert.match(reason, says);
  });

const first: [digests: string, policy: Omit<Policy, 'images'> | undefined, pins: string][] = [
  ['B1', age, 'B'],
  ['A5 B1', age, 'A'],
  ['A5! B1', age, 'B'],
  ['B1!', undefined, ''],
];
for (const [digests, policy, pins] of first)
  test(`${digests}: the first build of a task is pinned to "${pins}"`, () => {
    const found = pinsOn(standing(digests, policy), undefined);
    assert.equal(found.map(({ digest }) => digest).join(''), pins);
  });

test.run();
