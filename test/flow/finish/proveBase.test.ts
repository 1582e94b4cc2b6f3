import assert from 'node:assert/strict';
import { test } from 'uvu';
import { keepOutputs } from '../../../shared/flow/finish/keepOutputs.ts';
import { type FinishedBuild, proveBases } from '../../../shared/flow/finish/proveBase.ts';
import type { ImageDescriptor, Pin, Run } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { noEdges } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld } from '../../worlds/world.ts';

const registry = 'appacr';
const base = 'baseacr.azurecr.io/base:1';
const other = 'docker.io/library/other:1';
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
const linux = { os: 'linux', architecture: 'amd64' };
const pin = (image: string, digest: string, type: Pin['type'] = 'RunTime'): Pin => ({ image, type, digest });
const pins = [pin(other, 'other', 'BuildTime'), pin(base, 'base')];
const output = (repository: string, digest: string | undefined = repository): ImageDescriptor => ({
  ...{ registry: 'appacr.azurecr.io', repository, tag: '1' },
  ...(digest && { digest }),
});
const made = (name: string) => `appacr.azurecr.io/${name}:1`;

/** By digest, the layers of each image of it. */
const layers: Record<string, string[][]> = {
  base: [['a', 'b']],
  other: [['o']],
  app: [['a', 'b', 'c']],
  wrong: [['a', 'x', 'c']],
  short: [['a']],
  onother: [['o', 'c']],
  same: [['a', 'b']],
  index: [
    ['a', 'b', 'c'],
    ['a', 'b', 'd'],
  ],
  halfindex: [['a', 'b', 'c'], ['x']],
  baseIndex: [['q'], ['a', 'b']],
};

interface Row {
  title: string;
  outputs: ImageDescriptor[];
  pins?: Pin[];
  standsOn?: Run['standsOn'];
  /** What the registry answers of a digest instead. */
  fails?: [digest: string, error: RegistryError];
  run?: Partial<Run>;
  finishTime?: string;
  seen?: string[];
  /** The fault, or that it is asked again. */
  fault?: RegExp | 'again';
}
const notThere = new RegistryError('NotFound', 'manifest unknown');
const cannotBeHeld =
  /^The image could not be held against its base image baseacr\.azurecr\.io\/base:1@base: manifest unknown$/;
const doesNotBegin = (name: string) =>
  new RegExp(
    `^The image ${name}@\\w+ does not begin with the layers of \\S+, to which its build was pinned\\.$`,
  );
const pairs = [
  { image: made('app'), base },
  { image: made('second'), base: other },
];
const rows: Row[] = [
  { title: 'on its base', outputs: [output('app')] },
  { title: 'that is its base', outputs: [output('same')] },
  { title: 'that was not pushed', outputs: [] },
  { title: 'whose digest is not told', outputs: [output('wrong', '')] },
  { title: 'on another base', outputs: [output('wrong')], fault: doesNotBegin('wrong') },
  { title: 'with fewer layers', outputs: [output('short')], fault: doesNotBegin('short') },
  { title: 'on the base of a stage', outputs: [output('onother')], fault: doesNotBegin('onother') },
  { title: 'with stages alone', outputs: [output('wrong')], pins: [pin(other, 'other', 'BuildTime')] },
  { title: 'of several the first', outputs: [output('app'), output('wrong')] },
  {
    title: 'of which the first has no digest',
    outputs: [output('x', ''), output('wrong')],
    fault: doesNotBegin('wrong'),
  },
  { title: 'that is an index', outputs: [output('index')] },
  {
    title: 'that is an index, one image of which is on another',
    outputs: [output('halfindex')],
    fault: doesNotBegin('halfindex'),
  },
  { title: 'on an image of an index', outputs: [output('app')], pins: [pin(base, 'baseIndex')] },
  {
    title: 'of several steps, each on its own',
    outputs: [output('app'), output('second', 'onother')],
    standsOn: pairs,
  },
  {
    title: 'of several steps, the second on that of the first',
    outputs: [output('app'), output('second', 'app')],
    standsOn: pairs,
    fault: doesNotBegin('second'),
  },
  { title: 'of several steps, of which nothing is known', outputs: [output('wrong')], standsOn: pairs },
  {
    title: 'of several steps, whose base is not pinned',
    outputs: [output('second', 'wrong')],
    pins: [pin(base, 'base')],
    standsOn: pairs,
  },
  {
    title: 'of a registry that does not answer',
    outputs: [output('app')],
    fails: ['app', new RegistryError('Unreachable', 'busy')],
    fault: 'again',
  },
  {
    title: 'of a registry that refuses',
    outputs: [output('app')],
    fails: ['app', new RegistryError('Unauthorized', 'no role')],
    fault: /^The image could not be held against .*: no role$/,
  },
  {
    title: 'that is not there yet',
    outputs: [output('app')],
    fails: ['app', notThere],
    finishTime: at(-899),
    fault: 'again',
  },
  {
    title: 'that is not there after a quarter of an hour',
    outputs: [output('app')],
    fails: ['app', notThere],
    finishTime: at(-900),
    fault: cannotBeHeld,
  },
  {
    title: 'that is not there, whose build began lately',
    outputs: [output('app')],
    fails: ['app', notThere],
    run: { startTime: at(-899) },
    fault: 'again',
  },
  {
    title: 'that is not there, whose build began long ago',
    outputs: [output('app')],
    fails: ['app', notThere],
    run: { startTime: at(-900) },
    fault: cannotBeHeld,
  },
  {
    title: 'that is not there, whose run was made lately',
    outputs: [output('app')],
    fails: ['app', notThere],
    run: { createTime: at(-899) },
    fault: 'again',
  },
  {
    title: 'that is not there, whose run was made long ago',
    outputs: [output('app')],
    fails: ['app', notThere],
    run: { createTime: at(-900) },
    fault: cannotBeHeld,
  },
  {
    title: 'whose base is not there, and was never seen',
    outputs: [output('app')],
    fails: ['base', notThere],
    fault: cannotBeHeld,
  },
  {
    title: 'just made whose base is not there, and was never seen',
    outputs: [output('app')],
    fails: ['base', notThere],
    finishTime: at(-1),
    fault: cannotBeHeld,
  },
  {
    title: 'of two just made that is not there yet',
    outputs: [output('app'), output('x')],
    fails: ['app', notThere],
    finishTime: at(-1),
    fault: 'again',
  },
  {
    title: 'whose base is not there yet',
    outputs: [output('app')],
    fails: ['base', notThere],
    seen: ['older', 'base'],
    fault: 'again',
  },
  {
    title: 'whose base is not there, and was followed by another',
    outputs: [output('app')],
    fails: ['base', notThere],
    seen: ['base', 'newer'],
    fault: cannotBeHeld,
  },
];
for (const {
  title,
  outputs,
  pins: pinned = pins,
  standsOn,
  fails,
  run,
  finishTime,
  seen = [],
  fault,
} of rows)
  test(`an image ${title}: ${fault ?? 'stands'}`, async () => {
    const { ports } = createWorld({ registries: [registry] });
    const digests = seen.map((digest) => ({ digest, firstSeen: at(-60), since: at(-60), sure: true }));
    if (seen.length > 0) await ports.store.putSightings({ image: base, digests }, undefined);
    ports.registry.imagesOf = async function* ({ registry: server, digest = '' }, login, like) {
      assert.equal(like !== undefined, server !== 'appacr.azurecr.io', 'a base like the image');
      assert.equal(login.kind, server === 'appacr.azurecr.io' ? 'identity' : 'anonymous');
      if (fails?.[0] === digest) throw fails[1];
      for (const one of layers[digest]!) yield { platform: linux, layers: one };
    };
    const build: FinishedBuild = {
      run: {
        ...sampleRun(registry, 'x', 'app'),
        createTime: at(-9999),
        ...run,
        ...(standsOn && { standsOn }),
      },
      engineRun: {
        runId: 'e',
        status: 'Succeeded',
        outputImages: outputs,
        ...(finishTime && { finishTime }),
      },
      task: sampleTask(registry, 'app'),
      knownRegistry: ports.settings.registries[0]!,
    };
    const proof = proveBases(build, pinned, ports);
    if (fault === 'again')
      await assert.rejects(
        proof,
        (error) => error instanceof RegistryError && error.transient && error.code === 'Unreachable',
      );
    else if (fault) assert.match((await proof)!, fault);
    else assert.equal(await proof, undefined);
  });

test('what is not there yet is asked for again in a minute, and why is told', async () => {
  const { ports } = createWorld({ registries: [registry] });
  ports.registry.imagesOf = async function* () {
    yield* [];
    throw notThere;
  };
  const engineRun = {
    runId: 'e',
    status: 'Succeeded' as const,
    outputImages: [output('app')],
    finishTime: at(-1),
  };
  const task = sampleTask(registry, 'app');
  const build = {
    run: sampleRun(registry, 'x', 'app'),
    engineRun,
    task,
    knownRegistry: ports.settings.registries[0]!,
  };
  await assert.rejects(proveBases(build, pins, ports), {
    message: 'manifest unknown. A replica of the registry may not have it yet.',
    retryAfter: 60,
    cause: notThere,
  });
});

/** What a build made, and which of it the task is known to make afterwards. */
const kept: [title: string, outputs: ImageDescriptor[], used: string[], before: string[], after: string[]][] =
  [
    ['what a task is built from', [output('app')], ['app'], [], ['app']],
    ['not what no task is built from', [output('app')], [], [], []],
    ['what is known already once', [output('app')], ['app'], ['app'], ['app']],
    [
      'beside what is known',
      [output('app'), output('app'), output('x')],
      ['app', 'x'],
      ['old'],
      ['old', 'app', 'x'],
    ],
    ['nothing without a tag', [{ registry: 'appacr.azurecr.io', repository: 'app' }], ['app'], [], []],
    ['what has a digest only later', [output('app', '')], ['app'], [], ['app']],
    [
      'of a registry by another name',
      [{ ...output('app'), registry: 'APPACR.azurecr.io:443' }],
      ['app'],
      [],
      ['app'],
    ],
  ];
for (const [title, outputs, used, before, after] of kept)
  test(`of the images of a build are kept ${title}`, async () => {
    const { ports } = createWorld({ registries: [registry] });
    const { store } = ports;
    const state = { ...sampleState(registry, 'app'), outputs: before.map(made) };
    await store.commit(registry, [{ put: 'state', value: state }]);
    for (const name of used)
      await store.changeEdges({ registry, task: 'dep' }, { bases: [made(name)], outputs: [] }, noEdges);
    const etag = (await store.state(registry, 'app'))!.etag;
    const run = sampleRun(registry, formatRunId(registry, 1), 'app');
    const asked: Parameters<typeof store.imageEdges>[] = [];
    const changes: object[] = [];
    ports.store = {
      ...store,
      imageEdges: (...one) => {
        asked.push(one);
        return store.imageEdges(...one);
      },
      changeEdges: (...one) => {
        changes.push(one);
        return store.changeEdges(...one);
      },
    };
    await keepOutputs(run, { runId: 'e', status: 'Succeeded', outputImages: outputs }, ports);
    const tagged = new Set(outputs.flatMap(({ repository, tag }) => (tag ? [made(repository)] : [])));
    assert.deepEqual(
      asked,
      [...tagged].map((image) => [image, { top: 1 }]),
      'one dependent is enough',
    );
    const added = after.filter((name) => !before.includes(name)).map(made);
    const change = [{ registry, task: 'app' }, { bases: [], outputs: added }, noEdges];
    assert.deepEqual(changes, added.length > 0 ? [change] : []);
    const now = (await store.state(registry, 'app'))!;
    assert.deepEqual(now.value.outputs, after.map(made));
    assert.equal(
      now.etag === etag,
      before.length === after.length,
      'written only where there is something new',
    );
    for (const name of after.filter((one) => !before.includes(one)))
      assert.deepEqual(await store.producers(made(name)), [{ registry, task: 'app' }]);
  });

test('of a task that is gone nothing is kept', async () => {
  const { ports } = createWorld({ registries: [registry] });
  await ports.store.changeEdges({ registry, task: 'dep' }, { bases: [made('app')], outputs: [] }, noEdges);
  const run = sampleRun(registry, formatRunId(registry, 1), 'app');
  await keepOutputs(run, { runId: 'e', status: 'Succeeded', outputImages: [output('app')] }, ports);
  assert.deepEqual(await ports.store.producers(made('app')), []);
});

test.run();
