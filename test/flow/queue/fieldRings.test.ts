import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Drawn, endlessWorld } from '../../worlds/endlessWorld.ts';

const task = (given: Partial<Drawn> = {}): Drawn => ({
  registry: 0,
  naming: 'plain',
  trigger: 'Runtime',
  isDisabled: false,
  pushes: true,
  stands: -1,
  takes: [],
  spelling: 'plain',
  otherPlatform: false,
  ...given,
});
const cache = (image: number) => ({ image, how: 'copy' as const });

/** What is built after a push of the root of task 0. */
const open: [title: string, drawn: Drawn[], built: number[]][] = [
  ['its own last image is a cache, and its trigger Runtime', [task({ takes: [cache(0)] })], [0]],
  ['its own last image is a stage it copies from', [task({ takes: [{ image: 0, how: 'stage' }] })], [0]],
  ['its base image trigger is disabled', [task({ stands: 0, trigger: 'off' })], []],
  ['it has no trigger', [task({ stands: 0, trigger: 'none' })], []],
  ['it is not pushed', [task({ trigger: 'All', takes: [cache(0)], pushes: false })], [0]],
  ['a task file that does not push', [task({ stands: 0, naming: 'file', pushes: false })], []],
  [
    'two tasks, of which one has the other only as a cache',
    [task({ takes: [cache(1)] }), task({ registry: 1, stands: 0 })],
    [0, 1],
  ],
  [
    'three tasks in three registries, of which the last has no trigger',
    [
      task({ trigger: 'All', takes: [cache(2)] }),
      task({ registry: 1, stands: 0 }),
      task({ registry: 2, stands: 1, trigger: 'none' }),
    ],
    [0, 1],
  ],
  [
    'two that have each other as a cache and one base',
    [task({ takes: [cache(1)] }), task({ registry: 1, takes: [cache(0)] })],
    [0, 1],
  ],
];
for (const [title, drawn, built] of open)
  test(`there is no ring where no push goes round: ${title}`, async () => {
    const world = await endlessWorld(drawn);
    for (const run of await world.runs()) assert.equal(run.status, 'Succeeded', run.runErrorMessage);
    await world.pushRoot();
    assert.deepEqual(world.built.toSorted(), built);
  });

const closed: [title: string, drawn: Drawn[]][] = [
  ['a plain name', [task({ stands: 0 })]],
  ['its login server', [task({ stands: 0, naming: 'server' })]],
  ['a run variable', [task({ stands: 0, naming: 'variable' })]],
  ['capitals', [task({ stands: 0, naming: 'capitals' })]],
  ['a region in the Dockerfile', [task({ stands: 0, spelling: 'region' })]],
  ['an argument in the Dockerfile', [task({ stands: 0, naming: 'server', spelling: 'argument' })]],
  ['another server of the credentials', [task({ stands: 0, naming: 'credentials' })]],
  ['a task file', [task({ stands: 0, naming: 'file' })]],
  ['an alias of a task file', [task({ stands: 0, naming: 'fileAlias', spelling: 'port' })]],
  ['its own cache, where the trigger is All', [task({ trigger: 'All', takes: [cache(0)] })]],
  [
    'three registries',
    [
      task({ stands: 2, naming: 'server' }),
      task({ registry: 1, stands: 0, naming: 'variable' }),
      task({ registry: 2, stands: 1, naming: 'file', spelling: 'capitals' }),
    ],
  ],
];
for (const [title, drawn] of closed)
  test(`a ring is refused by name, and nothing is built without end: ${title}`, async () => {
    const world = await endlessWorld(drawn);
    const messages = (await world.runs()).map((run) => run.runErrorMessage ?? '');
    assert.ok(
      messages.some((message) => /task\d is built on .*Every rebuild would call for the next/.test(message)),
      messages.join(),
    );
    await world.pushRoot();
    assert.ok(world.built.length <= drawn.length);
  });

test.run();
