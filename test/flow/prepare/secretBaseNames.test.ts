import assert from 'node:assert/strict';
import { test } from 'uvu';
import { DockerfileError } from '../../../shared/dockerfile/baseImages.ts';
import { findWithSecrets } from '../../../shared/flow/secrets/secretBases.ts';

const hex = 'a'.repeat(64);
const digest = `sha256:${hex}`;
const open = 'docker.io/library/open:1';
const besides = (digested: string) =>
  `ARG A\nARG B\nFROM $B AS x\nFROM ${digested}\nCOPY --from=open:1 / /\n`;

/** By what the secret arguments are, the base images that they name; `open` is never one. */
const rows: [title: string, dockerfile: string, secrets: Record<string, string>, named: string[]][] = [
  [
    'Docker Hub by its name',
    besides('y@$A'),
    { A: digest, B: 'docker.io/hidden' },
    ['docker.io/library/hidden:latest', `docker.io/library/y@${digest}`],
  ],
  [
    'Docker Hub by another host',
    besides('y@$A'),
    { A: digest, B: 'index.docker.io/team/hidden:1' },
    ['docker.io/team/hidden:1', `docker.io/library/y@${digest}`],
  ],
  [
    'a port that goes without saying',
    besides('y@$A'),
    { A: digest, B: 'hidden.azurecr.io:443/team/x:1' },
    ['hidden.azurecr.io/team/x:1', `docker.io/library/y@${digest}`],
  ],
  [
    'a region of a registry, and the digits of a digest',
    besides('y@sha256:$A'),
    { A: hex, B: 'myreg.westeurope.geo.azurecr.io/hidden' },
    ['myreg.azurecr.io/hidden:latest', `docker.io/library/y@${digest}`],
  ],
  [
    'capitals, and a piece of a digest',
    besides(`y@sha256:${'a'.repeat(60)}$A`),
    { A: 'aaaa', B: 'Hidden.AzureCR.io/x:1' },
    ['hidden.azurecr.io/x:1', `docker.io/library/y@${digest}`],
  ],
  [
    'a longer digest, and Docker Hub',
    besides('y@$A'),
    { A: `sha512:${hex}${hex}`, B: 'docker.io/hidden:1' },
    ['docker.io/library/hidden:1', `docker.io/library/y@sha512:${hex}${hex}`],
  ],
  [
    'a platform, and Docker Hub',
    'ARG A\nARG B\nFROM --platform=$A $B AS x\nFROM open:1\nCOPY --from=x / /\n',
    { A: 'linux/arm64', B: 'docker.io/hidden' },
    ['docker.io/library/hidden:latest'],
  ],
  [
    'two secrets of one value',
    `ARG A\nARG B\nFROM $A AS x\nFROM $B\nCOPY --from=open:1 / /\n`,
    { A: 'docker.io/hidden', B: 'docker.io/hidden' },
    ['docker.io/library/hidden:latest'],
  ],
  [
    'two secrets of one value, and a digest',
    `ARG A\nARG B\nARG C\nFROM $A AS x\nFROM $B AS y\nFROM z@$C\nCOPY --from=open:1 / /\n`,
    { A: 'docker.io/hidden', B: 'docker.io/hidden', C: digest },
    ['docker.io/library/hidden:latest', `docker.io/library/z@${digest}`],
  ],
  [
    'a word that might stand in for it',
    'ARG A\nFROM $A\nCOPY --from=open:1 / /\n',
    { A: 'other0' },
    ['docker.io/library/other0:latest'],
  ],
  [
    'a word that might stand in for it, in capitals',
    'ARG A\nFROM $A.azurecr.io/x:1\nCOPY --from=open:1 / /\n',
    { A: 'Other0' },
    ['other0.azurecr.io/x:1'],
  ],
  [
    'digits that stand in the digest of another image, too',
    besides(`y@sha256:$A\nCOPY --from=z@${digest} / /`),
    { A: hex, B: 'hidden:1' },
    ['docker.io/library/hidden:1', `docker.io/library/y@${digest}`],
  ],
  [
    'zeros that stand in the digest of another image, too',
    besides(`y@sha256:${'a'.repeat(60)}$A\nCOPY --from=z@sha256:${'a'.repeat(60)}0000 / /`),
    { A: '0000', B: 'hidden:1' },
    ['docker.io/library/hidden:1', `docker.io/library/y@sha256:${'a'.repeat(60)}0000`],
  ],
  [
    'a digest that another image has, too',
    besides(`y@$A\nCOPY --from=z@${digest} / /`),
    { A: digest, B: 'hidden:1' },
    ['docker.io/library/hidden:1', `docker.io/library/y@${digest}`],
  ],
  [
    'what has no other of its shape',
    besides(`y@$A:${hex}`),
    { A: 'sha256', B: 'hidden:1' },
    ['docker.io/library/hidden:1', `docker.io/library/y@${digest}`],
  ],
  ['nothing', 'ARG A\nFROM open:1\n', { A: digest }, []],
];
for (const [title, dockerfile, secrets, named] of rows)
  test(`a base image that a secret names is found by what is made of the name: ${title}`, () => {
    const given = Object.entries(secrets).map(([name, value]) => ({ name, value, isSecret: true }));
    const { found, secret } = findWithSecrets(dockerfile, { buildArgs: secrets, builder: 'classic' }, given);
    assert.deepEqual([...secret].sort(), [...named].sort());
    assert.ok(found.all.includes(open), found.all.join());
  });

for (const [title, value, isSecret] of [
  ['that is no secret', 'shown', false],
  ['that is empty', '', true],
] as const)
  test(`a base image is not kept from sight for an argument ${title}`, () => {
    const buildArgs = { A: value, B: digest };
    const given = [
      { name: 'A', value, isSecret },
      { name: 'B', value: digest, isSecret: true },
    ];
    const text = 'ARG A\nARG B\nFROM open$A:1 AS x\nFROM y@$B\n';
    const { secret } = findWithSecrets(text, { buildArgs, builder: 'classic' }, given);
    assert.deepEqual(secret, [`docker.io/library/y@${digest}`]);
  });

test('without secret arguments no base image is kept from sight', () =>
  assert.deepEqual(findWithSecrets('FROM open:1\n', { builder: 'classic' }, []).secret, []));

const errors: [title: string, dockerfile: string, secrets: Record<string, string>, message: RegExp][] = [
  ['a secret that is no name', 'ARG A\nFROM $A\n', { A: 'No Name' }, /the secret argument A stands for/],
  ['a secret in capitals', 'ARG A\nFROM $A\n', { A: 'NO NAME' }, /the secret argument A stands for/],
  [
    'one of two secrets',
    'ARG A\nARG B\nFROM $A\n',
    { A: 'no name', B: 'fine' },
    /the secret argument A or B stands for/,
  ],
  ['a name that is no secret', 'ARG A\nFROM no name\n', { A: 'hunter2' }, /^(?!.*secret argument)/],
];
for (const [title, dockerfile, secrets, message] of errors)
  test(`a Dockerfile that fails at ${title} ${message.source.includes('?!') ? 'says so' : 'does not say it'}`, () => {
    const given = Object.entries(secrets).map(([name, value]) => ({ name, value, isSecret: true }));
    try {
      findWithSecrets(dockerfile, { buildArgs: secrets, builder: 'classic' }, given);
      assert.fail('it does not fail');
    } catch (error) {
      assert.ok(error instanceof DockerfileError, `${error}`);
      assert.match(error.message, message);
      for (const value of Object.values(secrets))
        assert.ok(!error.message.toLowerCase().includes(value.toLowerCase()), error.message);
    }
  });

test.run();
