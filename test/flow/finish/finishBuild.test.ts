import assert from 'node:assert/strict';
import { test } from 'uvu';
import { finishBuild } from '../../../shared/flow/finish/finishBuild.ts';
import type { ImageDescriptor, Pin, Run } from '../../../shared/model/run.ts';
import type { TaskState, TrackedBase } from '../../../shared/model/state.ts';
import type { Task } from '../../../shared/model/task.ts';
import { without } from '../../../shared/model/without.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import type { EngineRun } from '../../../shared/ports/runEngine.ts';
import { SealError } from '../../../shared/ports/seal.ts';
import { noEdges } from '../../../shared/ports/store.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

const registry = 'appacr';
const runId = formatRunId(registry, 1);
const base = 'baseacr.azurecr.io/base:1';
const tools = 'baseacr.azurecr.io/tools:1';
const made = 'appacr.azurecr.io/app:1';
const begun = Date.parse('2026-11-23T10:00:00.000Z');
const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();

const pin = (image: string, digest = 'sha256:base', type: Pin['type'] = 'RunTime'): Pin => ({
  image,
  type,
  digest,
});
const tracked = (image: string, digest: string, pinnedAt = at(-60)): TrackedBase => ({
  ...pin(image, digest),
  pinnedAt,
});
const output: ImageDescriptor = {
  registry: 'appacr.azurecr.io',
  repository: 'app',
  tag: '1',
  digest: 'sha256:made',
};
const known: Run = {
  ...sampleRun(registry, runId, 'app'),
  ...{ status: 'Started', startTime: at(-30), engineRunId: 'e1', pins: [pin(base)], pinnedAt: at(-60) },
};
const unread = without(known, 'pins');
const aside = { overrides: { arguments: [], values: [], target: 'debug' } };
const trigger = {
  id: 'e',
  timestamp: at(-90),
  images: [{ registry: 'baseacr.azurecr.io', repository: 'base', tag: '1', digest: 'sha256:tried' }],
};
const withSecret = (properties: Partial<Task['properties']>): Partial<Task> => ({
  properties: { ...sampleTask(registry, 'app').properties, ...properties },
});
const vaultLogin = withSecret({
  credentials: {
    customRegistries: {
      'x.example.com': {
        identity: '[system]',
        userName: { type: 'Vaultsecret', value: 'https://v.vault.azure.net/secrets/u' },
      },
    },
  },
});

interface Row {
  title: string;
  run?: Run;
  state?: Partial<TaskState>;
  task?: Partial<Task>;
  outputs?: ImageDescriptor[];
  /** What else is so; the image is built on its pinned base and no tag has moved. */
  given?: (world: World) => unknown;
  ends?: { status: 'Failed'; says: RegExp } | { reading: { pins: Pin[]; pinnedAt: string } };
  /** The pushes that are told: image, digest, and seconds. */
  told?: [image: string, digest: string, at: number][];
  /** The images of base, tools and other from which an edge leads to the task afterwards, and what it makes. */
  builtOn?: string[];
  makes?: string[];
  warns?: RegExp;
}
const toldMade: [string, string, number] = [made, 'sha256:made', -5];
function onOther({ ports: { registry: images } }: World) {
  const { imagesOf } = images;
  images.imagesOf = async function* (image, ...rest) {
    for await (const one of imagesOf(image, ...rest))
      yield image.digest === 'sha256:made' ? { ...one, layers: ['another'] } : one;
  };
}
const rows: Row[] = [
  { title: 'one that stands on its base is told', told: [toldMade] },
  { title: 'one whose registry is not ours any more tells nobody', run: { ...known, registry: 'goneacr' } },
  { title: 'one whose task is gone tells nobody', run: { ...known, task: 'gone' } },
  { title: 'one of no task tells nobody', run: without(known, 'task') as Run },
  { title: 'one that builds something else tells nobody', run: { ...known, ...aside } },
  {
    title: 'one that does not stand on its base fails',
    given: onOther,
    ends: {
      status: 'Failed',
      says: /does not begin with the layers of baseacr\.azurecr\.io\/base:1@sha256:base/,
    },
  },
  {
    title: 'one that builds something else on another base fails',
    run: { ...known, ...aside },
    given: onOther,
    ends: { status: 'Failed', says: /does not begin with the layers/ },
  },
  {
    title: 'one whose base has moved is as if that were pushed now',
    given: (world) => world.push(base, 'sha256:next'),
    told: [toldMade, [base, 'sha256:next', 0]],
  },
  {
    title: 'one whose base is gone is told',
    given: (world) => world.tags.delete(base),
    told: [toldMade],
  },
  {
    title: 'one whose first base cannot be looked at is told, and the second looked at',
    run: { ...known, pins: [pin(base), pin(tools, 'sha256:tools', 'BuildTime')] },
    given(world) {
      world.push(tools, 'sha256:next');
      world.trouble.registry = (image) =>
        image === base ? new RegistryError('Unreachable', 'busy') : undefined;
    },
    builtOn: [base, tools],
    told: [toldMade, [tools, 'sha256:next', 0]],
    warns: /could not look at baseacr\.azurecr\.io\/base:1 again: busy/,
  },
  {
    title: 'an image without a tag is not told, and one without a digest',
    outputs: [output, without(output, 'tag'), without({ ...output, repository: 'dep' }, 'digest')],
    told: [toldMade],
  },
  {
    title: 'an end without a time is now',
    run: { ...known, task: 'app', finishTime: 'x' } as Run,
    given: () => undefined,
    told: [toldMade],
  },
  {
    title: 'a base that is built on no more loses its edge',
    state: { built: { runId, pins: [pin(base), pin(tools)] }, bases: [tracked(base, 'sha256:base')] },
    told: [toldMade],
    builtOn: [base],
  },
  {
    title: 'a base that a later run has read keeps its edge',
    state: { built: { runId, pins: [pin(tools)] }, bases: [tracked(tools, 'sha256:t', at(-59))] },
    told: [toldMade],
    builtOn: [base, tools],
  },
  {
    title: 'a base that was read at the same time loses its edge',
    state: { built: { runId, pins: [pin(tools)] }, bases: [tracked(tools, 'sha256:t', at(-60))] },
    told: [toldMade],
    builtOn: [base],
  },
  {
    title: 'one whose secrets cannot be opened fails',
    given(world) {
      world.ports.seal = {
        ...world.ports.seal,
        open: () => {
          throw new SealError('no key');
        },
      };
    },
    task: withSecret({
      step: { ...sampleTask(registry, 'app').properties.step, contextAccessToken: 'sealed' } as never,
    }),
    ends: { status: 'Failed', says: /^The image could not be held against its base images: no key$/ },
  },
  {
    title: 'one whose vault refuses fails',
    task: vaultLogin,
    given(world) {
      world.ports.vault.secret = async () => {
        throw new VaultError('no such secret', { transient: false });
      };
    },
    ends: {
      status: 'Failed',
      says: /^The image could not be held against its base images: Credentials for x\.example\.com: no such secret$/,
    },
  },
  {
    title: 'of one whose source the engine has read the bases are read',
    run: unread,
    given(world) {
      world.ports.engine.bases = async () => ({ pins: [pin(base), pin(tools, 'sha256:t')], mayCome: false });
      world.push(tools, 'sha256:t');
    },
    ends: { reading: { pins: [pin(base), pin(tools, 'sha256:t')], pinnedAt: at(-60) } },
    told: [toldMade],
    builtOn: [base, tools],
    makes: [made],
  },
  {
    title: 'of one whose source the engine has read and whose base moved on the way the digest is not known',
    run: unread,
    given(world) {
      onOther(world);
      world.ports.engine.bases = async () => ({ pins: [pin(base)], mayCome: false });
    },
    ends: { reading: { pins: [pin(base, 'unknown')], pinnedAt: at(-60) } },
    told: [toldMade, [base, 'sha256:base', 0]],
    makes: [made],
  },
  {
    title: 'of one that builds something else nothing is read',
    run: { ...unread, ...aside },
    given(world) {
      world.ports.engine.bases = async () => ({ pins: [pin(base)], mayCome: false });
    },
  },
  {
    title: 'of one whose log names no bases those of before are kept',
    run: unread,
    ends: { reading: { pins: [pin(base, 'sha256:base')], pinnedAt: at(-60) } },
    told: [toldMade],
    makes: [made],
    warns: /its log does not name its base images; those of the run before are kept/,
  },
  {
    title: 'in the digests that it was started for, and looked at again',
    run: { ...without(unread, 'pinnedAt'), imageUpdateTrigger: trigger },
    ends: { reading: { pins: [pin(base, 'sha256:tried')], pinnedAt: sampleRun(registry, runId).createTime } },
    told: [toldMade, [base, 'sha256:base', 0]],
    makes: [made],
    warns: /its log does not name/,
  },
  {
    title: 'of one that builds something else and whose log names no bases nothing is kept',
    run: { ...unread, ...aside },
    warns: /its log does not name/,
  },
];

async function worldWith({ state = {}, task = {}, given }: Row): Promise<World> {
  const world = createWorld({ registries: [registry, 'baseacr'] });
  const { store } = world.ports;
  world.push(base, 'sha256:base');
  world.push(made, 'sha256:made', ['layer-of-sha256:base']);
  await store.commit(registry, [
    { put: 'task', value: { ...sampleTask(registry, 'app'), ...task } },
    {
      put: 'state',
      value: { ...sampleState(registry, 'app'), bases: [tracked(base, 'sha256:base')], ...state },
    },
    { put: 'task', value: sampleTask(registry, 'dep') },
    {
      put: 'state',
      value: { ...sampleState(registry, 'dep'), bases: [tracked(made, 'sha256:old', at(-99))] },
    },
  ]);
  const app = { registry, task: 'app' };
  const before = [base, ...(state.built ? [tools] : [])];
  await store.changeEdges(app, { bases: before, outputs: [] }, noEdges);
  await store.changeEdges({ registry, task: 'dep' }, { bases: [made], outputs: [] }, noEdges);
  world.ports.engine.bases = async () => ({ pins: undefined, mayCome: false });
  await given?.(world);
  world.pass((begun - world.now()) / 1000);
  return world;
}

/** Every push that comes to be decided on. */
function toldIn(world: World) {
  const told: [string, string, number][] = [];
  const { store } = world.ports;
  world.ports.store = {
    ...store,
    async recordPush(id, decisions, isPart) {
      for (const { push } of decisions.slice(0, 1))
        told.push([push.image, push.digest, (Date.parse(push.timestamp) - begun) / 1000]);
      return store.recordPush(id, decisions, isPart);
    },
  };
  return told;
}

for (const row of rows)
  test(row.title, async () => {
    const { run = known, outputs = [output], ends, told = [], builtOn = [base], makes = [], warns } = row;
    const world = await worldWith(row);
    const heard = toldIn(world);
    const engineRun = {
      runId: 'e1',
      status: 'Succeeded',
      finishTime: at(-5),
      outputImages: outputs,
    } as const;
    const { store } = world.ports;
    const dependents = async (image: string) =>
      (await store.imageEdges(image)).dependents.map(({ task }) => task);
    const ending = await finishBuild(run, engineRun, world.ports);
    if (ends && 'says' in ends) {
      assert.equal(ending.status, 'Failed');
      assert.match(ending.runErrorMessage!, ends.says);
    } else assert.deepEqual(ending, { status: 'Succeeded', outputImages: outputs, ...ends });
    assert.deepEqual(ending.outputImages, outputs);
    const isOnTools = builtOn.includes(tools);
    if (!row.state) assert.deepEqual(heard, isOnTools ? told.filter(([image]) => image !== tools) : told);
    assert.deepEqual(await dependents(base), builtOn.includes(base) ? ['app'] : []);
    if (row.state || run === unread) assert.deepEqual(await dependents(tools), isOnTools ? ['app'] : []);
    assert.deepEqual((await store.state(registry, 'app'))!.value.outputs, makes);
    assert.deepEqual(
      (await store.producers(made)).map(({ task }) => task),
      makes.length > 0 ? ['app'] : [],
    );
    const warnings = world.log.filter(({ level }) => level === 'warning').map(({ message }) => message);
    assert.equal(warnings.length, warns ? 1 : 0, warnings.join('\n'));
    if (warns) assert.match(warnings[0]!, warns);
  });

for (const [title, error] of [
  ['a vault that is busy', new VaultError('busy', { transient: true })],
  ['a fault of Plinth', new TypeError('broken')],
] as const)
  test(`${title} is tried again`, async () => {
    const world = await worldWith({ title, task: vaultLogin });
    world.ports.vault.secret = async () => {
      throw error;
    };
    const engineRun: EngineRun = { runId: 'e1', status: 'Succeeded', outputImages: [output] };
    await assert.rejects(finishBuild(known, engineRun, world.ports), { name: error.name });
  });

test('an image whose end has no time was pushed now', async () => {
  const world = await worldWith({ title: '' });
  const heard = toldIn(world);
  await finishBuild(known, { runId: 'e1', status: 'Succeeded', outputImages: [output] }, world.ports);
  assert.deepEqual(heard, [[made, 'sha256:made', 0]]);
});

test('the push of what was made has the id of the version before: repeated after an upgrade it is one', async () => {
  const world = await worldWith({ title: '' });
  await finishBuild(known, { runId: 'e1', status: 'Succeeded', outputImages: [output] }, world.ports);
  const told = await world.ports.store.push('efbdd96d-3253-53c2-bb63-31a7395ad095');
  assert.deepEqual(
    told.map(({ task }) => task),
    ['dep'],
  );
});

test.run();
