import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import {
  isTooOld,
  lackingMessage,
  lackingOf,
  type Machine,
  stackPackages,
} from '../../local/machine/machine.mjs';

const root = join(import.meta.dirname, '../..');
const ready: Machine = {
  node: '22.1.0',
  user: 'eve',
  root: false,
  missing: [],
  subordinateIds: true,
  refused: '',
  forbidden: [],
};
const apparmor = 'kernel.apparmor_restrict_unprivileged_userns';
const usermod =
  'subordinate ids of eve: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 eve';

const cases: [title: string, machine: Partial<Machine>, lacking: string[]][] = [
  ['an ordinary user who has all', {}, []],
  ['root in a container that may make namespaces', { root: true, subordinateIds: false }, []],
  [
    'Debian 12 with its own Node',
    { node: '18.20.4' },
    ['Node 20.11 or newer, this is 18.20.4: https://nodejs.org/en/download'],
  ],
  [
    'packages that are not there',
    { missing: ['buildah', 'uidmap'] },
    ['buildah, uidmap: sudo apt-get install --yes --no-install-recommends buildah uidmap'],
  ],
  [
    'packages that root could not install',
    { root: true, missing: ['zip'] },
    ['zip: apt-get install --yes --no-install-recommends zip'],
  ],
  [
    'az, which not every Ubuntu has',
    { missing: ['azure-cli'] },
    [
      'azure-cli: sudo apt-get install --yes --no-install-recommends azure-cli',
      'azure-cli, where the distribution has none: https://learn.microsoft.com/cli/azure/install-azure-cli-linux',
    ],
  ],
  ['a user without subordinate ids', { subordinateIds: false, refused: 'newuidmap: not allowed' }, [usermod]],
  [
    'Ubuntu 24.04, which keeps namespaces from unknown programs',
    { forbidden: [apparmor], refused: 'unshare failed: Permission denied' },
    [`user namespaces: sudo sysctl --write ${apparmor}=0`],
  ],
  ['the same, where buildah may make them all the same', { forbidden: [apparmor] }, []],
  [
    'a kernel without user namespaces, before buildah can be asked',
    { forbidden: ['user.max_user_namespaces'], missing: ['buildah'] },
    [
      'buildah: sudo apt-get install --yes --no-install-recommends buildah',
      'user namespaces: sudo sysctl --write user.max_user_namespaces=15000',
    ],
  ],
  [
    'a container that covers /proc',
    { refused: 'unshare: mount /proc failed: Operation not permitted' },
    ['user namespaces, which this machine refuses: unshare: mount /proc failed: Operation not permitted'],
  ],
  [
    'root in a container that may not make namespaces',
    { root: true, refused: 'unshare: unshare failed: Operation not permitted' },
    [
      'the right to make namespaces (unshare: unshare failed: Operation not permitted): a container needs CAP_SYS_ADMIN',
    ],
  ],
  [
    'everything at once',
    { node: '18.19.1', missing: ['git'], subordinateIds: false, forbidden: [apparmor], refused: 'no' },
    [
      'Node 20.11 or newer, this is 18.19.1: https://nodejs.org/en/download',
      'git: sudo apt-get install --yes --no-install-recommends git',
      usermod,
      `user namespaces: sudo sysctl --write ${apparmor}=0`,
    ],
  ],
];
for (const [title, machine, lacking] of cases)
  test(`what a machine lacks, each with what mends it: ${title}`, () =>
    assert.deepEqual(lackingOf({ ...ready, ...machine }), lacking));

test('one message says all that is missing, and the line of a container in which the same command runs', () => {
  const lines = lackingMessage(['a', 'b'], 'test').split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    'Missing on this machine for npm test:',
    '  - a',
    '  - b',
    'A container has it all, by docker or podman:',
  ]);
  assert.match(lines[4]!, /"\$\(docker build --quiet \.devcontainer\)" npm test$/);
});

test('programs run on Node 20.11 and newer', () =>
  assert.deepEqual(['18.20.4', '20.10.0', '20.11.0', '22.0.0', '24.9.0'].map(isTooOld), [
    true,
    true,
    false,
    false,
    false,
  ]));

test('the dev container and the list in docs/local.md have every package that the machine needs', () => {
  const names = [...stackPackages, 'azure-cli'];
  for (const file of ['.devcontainer/Dockerfile', 'docs/local.md']) {
    const words = readFileSync(join(root, file), 'utf8').split(/[^a-z-]+/);
    assert.deepEqual(
      names.filter((name) => !words.includes(name)),
      [],
      file,
    );
  }
});

test.run();
