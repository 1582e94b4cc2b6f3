import assert from 'node:assert/strict';
import { test } from 'uvu';
import { finishBuild } from '../../../shared/flow/finish/finishBuild.ts';
import type { Pin, Run } from '../../../shared/model/run.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import type { EngineRun } from '../../../shared/ports/runEngine.ts';
import { noEdges } from '../../../shared/ports/store.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const app = { registry, task: 'app' };
const runId = formatRunId(registry, 1);
const base = 'baseacr.azurecr.io/base:1';
const tools = 'baseacr.azurecr.io/tools:1';
const made = 'appacr.azurecr.io/app:1';
const time = '2026-11-23T10:00:00.000Z';
const pin = (image: string, digest: string): Pin => ({ image, type: 'RunTime', digest });
const run: Run = {
  ...sampleRun(registry, runId, 'app'),
  ...{
    status: 'Started',
    startTime: time,
    engineRunId: 'e1',
    pins: [pin(base, 'sha256:base')],
    pinnedAt: time,
  },
};
const { pins: _pins, ...unread } = run;
const output = { registry: 'appacr.azurecr.io', repository: 'app', tag: '1', digest: 'sha256:made' };
const engineRun: EngineRun = { runId: 'e1', status: 'Succeeded', finishTime: time, outputImages: [output] };

/** A task that is built on a base image of another registry, and one that is built on what it makes. */
async function worldWith(state: Partial<TaskState> | 'gone' = {}): Promise<World> {
  const world = createWorld({ registries: ['baseacr', registry] });
  const { store, engine } = world.ports;
  world.push(base, 'sha256:base');
  world.push(tools, 'sha256:tools');
  world.push(made, 'sha256:made', ['layer-of-sha256:base']);
  const own = { ...sampleState(registry, 'app'), bases: [{ ...pin(base, 'sha256:base'), pinnedAt: time }] };
  await store.commit(registry, [
    { put: 'task', value: sampleTask(registry, 'app') },
    ...(state === 'gone' ? [] : [{ put: 'state' as const, value: { ...own, ...state } }]),
  ]);
  await store.changeEdges(app, { bases: [base], outputs: [] }, noEdges);
  await store.changeEdges({ registry, task: 'dep' }, { bases: [made], outputs: [] }, noEdges);
  engine.bases = async () => ({ pins: undefined, mayCome: false });
  return world;
}

const secret = (name: string) => ({
  type: 'Vaultsecret' as const,
  value: `https://v.vault.azure.net/secrets/${name}`,
});
const byPassword = { kind: 'password', userName: 'opened u', password: 'opened p' };
const byIdentity = { kind: 'identity' };
const logins: [title: string, servers: Record<string, object>, expected: Record<string, object>][] = [
  [
    'a registry with a password of a vault',
    { 'baseacr.azurecr.io': { identity: '[system]', userName: secret('u'), password: secret('p') } },
    { [base]: byPassword, [made]: byIdentity },
  ],
  [
    'a registry with an identity of its own',
    { 'baseacr.azurecr.io': { identity: 'client' } },
    { [base]: { kind: 'identity', clientId: 'client' }, [made]: byIdentity },
  ],
  ['no registry but its own', {}, { [base]: { kind: 'anonymous' }, [made]: byIdentity }],
];
for (const [title, customRegistries, expected] of logins)
  test(`a task with credentials for ${title}: its images are looked at with these`, async () => {
    const world = await worldWith();
    const { store, vault, registry: images } = world.ports;
    const { properties } = sampleTask(registry, 'app');
    const value = {
      ...sampleTask(registry, 'app'),
      properties: { ...properties, credentials: { customRegistries } },
    };
    const task = await store.task(registry, 'app');
    await store.commit(registry, [{ put: 'task', value, etag: task!.etag }]);
    vault.secret = async (uri) => `opened ${uri.split('/').at(-1)}`;
    const seen: [string, object][] = [];
    const { imagesOf, digestOf } = images;
    const imageOf = (repository: string) => (repository === 'app' ? made : base);
    images.imagesOf = (image, login, like) => {
      seen.push([imageOf(image.repository), login]);
      return imagesOf(image, login, like);
    };
    images.digestOf = (image, login) => {
      seen.push([imageOf(image.repository), login]);
      return digestOf(image, login);
    };
    const ending = await finishBuild(run, engineRun, world.ports);
    assert.equal(ending.status, 'Succeeded', ending.runErrorMessage);
    assert.deepEqual(
      seen,
      [made, base, base].map((image) => [image, expected[image]]),
    );
  });

test('of a task without credentials none are made', async () => {
  const world = await worldWith();
  const { imagesOf } = world.ports.registry;
  const seen: object[] = [];
  world.ports.registry.imagesOf = (image, login, like) => {
    seen.push(login);
    return imagesOf(image, login, like);
  };
  await finishBuild(run, engineRun, world.ports);
  assert.deepEqual(seen, [byIdentity, { kind: 'anonymous' }]);
});

type Change = [bases: string[], outputs: string[], goneBases: string[], goneOutputs: string[]];
interface Row {
  title: string;
  run: Run;
  state?: Partial<TaskState> | 'gone';
  read?: Pin[];
  edges: Change[];
  reading?: Pin[];
}
const rows: Row[] = [
  { title: 'that has never been built', run, edges: [] },
  {
    title: 'that was built on the same',
    run,
    state: { built: { runId, pins: [pin(base, 'x')] } },
    edges: [],
  },
  {
    title: 'that was built on another',
    run,
    state: { built: { runId, pins: [pin(base, 'x'), pin(tools, 'x')] } },
    edges: [[[], [], [tools], []]],
  },
  { title: 'whose state is gone', run, state: 'gone', edges: [] },
  {
    title: 'whose base images the engine has read',
    run: unread,
    read: [pin(base, 'sha256:base'), pin(tools, 'sha256:base')],
    edges: [
      [[base, tools], [], [], []],
      [[], [made], [], []],
    ],
    reading: [pin(base, 'sha256:base'), pin(tools, 'sha256:base')],
  },
  {
    title: 'whose log names no base images',
    run: unread,
    edges: [[[], [made], [], []]],
    reading: [pin(base, 'sha256:base')],
  },
  {
    title: 'whose log names no base images and whose state is gone',
    run: unread,
    state: 'gone',
    edges: [],
    reading: [],
  },
];
for (const row of rows)
  test(`the edges of a build ${row.title}`, async () => {
    const world = await worldWith(row.state);
    const { store, engine } = world.ports;
    if (row.read) engine.bases = async () => ({ pins: row.read, mayCome: false });
    const edges: Change[] = [];
    world.ports.store = {
      ...store,
      async changeEdges(key, add, remove) {
        assert.deepEqual(key, app);
        edges.push([add.bases, add.outputs, remove.bases, remove.outputs]);
        await store.changeEdges(key, add, remove);
      },
    };
    const ending = await finishBuild(row.run, engineRun, world.ports);
    assert.deepEqual(edges, row.edges);
    assert.deepEqual(ending.reading, row.reading && { pins: row.reading, pinnedAt: time });
  });

const names: [title: string, output: Partial<typeof output>, told: string[]][] = [
  ['with its tag and its digest is told', {}, [made]],
  ['without a tag is not told', { tag: undefined }, []],
  ['without a digest is not told', { digest: undefined }, []],
  ['without either is not told', { tag: undefined, digest: undefined }, []],
] as never;
for (const [title, change, told] of names)
  test(`an image ${title}`, async () => {
    const world = await worldWith();
    const asked = new Set<string>();
    const { store } = world.ports;
    world.ports.store = {
      ...store,
      imageEdges: async (image, ...rest) => {
        asked.add(image);
        return store.imageEdges(image, ...rest);
      },
    };
    const outputImages = [JSON.parse(JSON.stringify({ ...output, ...change }))];
    await finishBuild({ ...run, pins: [] }, { ...engineRun, outputImages }, world.ports);
    assert.deepEqual([...asked], told);
  });

const warned: [title: string, run: Run, says: RegExp][] = [
  ['a log that names no base images', unread, /its log does not name/],
  ['a base image that cannot be looked at', run, /could not look at \S+ again: busy$/],
];
for (const [title, given, says] of warned)
  test(`${title} is logged with its registry`, async () => {
    const world = await worldWith();
    const lines: [string, string, object | undefined][] = [];
    world.ports.log = (...line) => void lines.push(line as never);
    if (given === run) world.trouble.registry = () => new RegistryError('Unreachable', 'busy');
    await finishBuild(given, engineRun, world.ports);
    const line = lines.find(([, text]) => says.test(text));
    assert.deepEqual([line?.[0], line?.[2]], ['warning', { registry }]);
  });

test.run();
