import assert from 'node:assert/strict';
import { test } from 'uvu';
import { Policies, type Policy } from '../../../shared/model/bases/policy.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { pausedBy, pausedRetry, pausedTask, policyFor } from '../../../shared/rules/bases/policies.ts';
import { sampleState } from '../../doubles/storeContract.ts';

const image = 'docker.io/library/node:22';

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
  [image, ['docker.io/library/*node*', 'docker.io/library/**'], 'docker.io/library/*node*'],
  [image, ['docker.io/**/node', 'docker.io/*/node'], 'docker.io/*/node'],
  [image, ['docker.io/library/node:22', 'docker.io/library/node:2*'], 'docker.io/library/node:22'],
  [image, ['x.docker.io/library/node', 'ocker.io/library/node'], undefined],
  [image, ['docker.io/library/node:22-alpine', 'docker.io/library/node/**'], undefined],
  [image, ['docker.io/*/node', 'docker.io/library/**'], 'docker.io/library/**'],
  [image, ['docker.io/library/**', 'docker.io/**/*ode'], 'docker.io/library/**'],
  ['docker.io/library/node:RC1', ['docker.io/library/node:RC1'], 'docker.io/library/node:RC1'],
  ['docker.io/library/node:RC1', ['docker.io/library/node:rc1'], undefined],
  ['axazurecr.io/os:1', ['a.azurecr.io/**'], undefined],
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
test('an image is paused by its own policy', () => {
  const aged = { images: 'docker.io/**', minimumAge: '3d' };
  const paused = { images: 'docker.io/library/*', pause: 'until Monday' };
  assert.equal(pausedBy(image, [aged, paused]), 'docker.io/library/* is paused: until Monday');
  assert.equal(pausedBy(image, [aged]), undefined);
  assert.equal(pausedBy('quay.io/x:1', [paused]), undefined);
});

const monday = (tasks: string): Policy => ({ tasks, pause: 'until Monday' });
const tasks: [patterns: string[], pausedBy: string | undefined][] = [
  [[], undefined],
  [['appacr/*'], 'appacr/*'],
  [['appacr/app'], 'appacr/app'],
  [['AppAcr/APP'], 'AppAcr/APP'],
  [['appacr/ap*'], 'appacr/ap*'],
  [['*/app'], '*/app'],
  [['appacr/ap'], undefined],
  [['appacr/app-1'], undefined],
  [['other/*'], undefined],
  [['appacr/*', 'appacr/app', '**'], 'appacr/app'],
];
for (const [patterns, by] of tasks)
  test(`of ${patterns.join(', ') || 'no pattern'}, ${by ?? 'none'} pauses the task appacr/app`, () => {
    const policies = [...patterns.map(monday), { images: '**', pause: 'x' }];
    assert.equal(
      pausedTask({ registry: 'appacr', task: 'app' }, policies),
      by && `${by} is paused: until Monday`,
    );
    assert.equal(pausedBy('quay.io/appacr/app', patterns.map(monday)), undefined, 'no image is');
  });

const pin = (name: string, digest: string) => ({
  image: `docker.io/${name}`,
  type: 'RunTime' as const,
  digest,
});
const base = (name: string, digest: string) => ({
  ...pin(name, digest),
  pinnedAt: '2026-11-23T10:00:00.000Z',
});
const [one, two] = ['one', 'two'].map((name) => ({ images: `docker.io/${name}`, pause: 'x' }));
const retries: [title: string, change: Partial<TaskState>, policies: Policy[], by: string | undefined][] = [
  ['whose moved base is paused', { bases: [base('one', 'B')] }, [one!], 'docker.io/one'],
  ['whose moved base is not paused', { bases: [base('one', 'B')] }, [two!], undefined],
  [
    'whose moved base is paused, beside one that has not moved',
    { bases: [base('one', 'B'), base('two', 'A')] },
    [one!],
    'docker.io/one',
  ],
  ['whose other base is paused', { bases: [base('one', 'B'), base('two', 'A')] }, [two!], undefined],
  ['of whose moved bases one is paused', { bases: [base('one', 'B'), base('two', 'B')] }, [one!], undefined],
  [
    'whose moved bases are paused',
    { bases: [base('one', 'B'), base('two', 'B')] },
    [one!, two!],
    'docker.io/one',
  ],
  ['that is paused itself', { bases: [base('one', 'B')] }, [one!, monday('appacr/*')], 'appacr/*'],
  [
    'whose stage has moved, which it does not watch',
    { bases: [{ ...base('one', 'B'), type: 'BuildTime' }, base('two', 'B')] },
    [two!],
    'docker.io/two',
  ],
  [
    'that was never built, on a paused base',
    { built: undefined as never, bases: [base('one', 'A')] },
    [one!],
    'docker.io/one',
  ],
  [
    'that was never built, on a paused base and another',
    { built: undefined as never, bases: [base('one', 'A'), base('two', 'A')] },
    [one!],
    undefined,
  ],
];
for (const [title, change, policies, by] of retries)
  test(`a task ${title} is ${by ? `kept from a retry by ${by}` : 'tried again'}`, () => {
    const built = { runId: 'ca1', pins: [pin('one', 'A'), pin('two', 'A')] };
    const state = { ...sampleState('appacr', 'app'), built, ...change };
    const why = pausedRetry(state, policies);
    if (by) assert.match(why!, new RegExp(`^${by.replace(/[/.*]/g, '\\$&')} is paused: `));
    else assert.equal(why, undefined);
  });

test.run();
