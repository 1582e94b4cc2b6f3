import assert from 'node:assert/strict';
import { test } from 'uvu';
import { see } from '../../../../shared/flow/push/see.ts';
import { nothingToBuild } from '../../../../shared/flow/start/nothingToBuild.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import type { Pin, Run } from '../../../../shared/model/run.ts';
import type { TaskState } from '../../../../shared/model/state.ts';
import type { RegistryLogin } from '../../../../shared/ports/registry.ts';
import type { World } from '../../../worlds/world.ts';
import { base, mid, registry, startWorld, stateOf, timerTrigger } from './startWorld.ts';

const moved: Partial<Run> = {
  imageUpdateTrigger: { id: 'e', timestamp: '2026-11-23T09:00:00.000Z', images: [] },
};
const tools = 'baseacr.azurecr.io/tools:1';

/** A push of the image that the app has seen. @returns its digest */
async function seen(world: World, image: string): Promise<string> {
  const digest = world.push(image);
  const time = world.ports.clock.now().toISOString();
  await see({ image, digest, time, how: 'announced' }, world.ports);
  return digest;
}
const judged = async ({ ports: { store } }: World, image: string, digest: string) => {
  const time = '2026-11-23T09:00:00.000Z';
  const one: Judgement = { image, digest, verdict: 'quarantined', reason: 'bad', time };
  await store.putJudgements({ judgements: [one] }, undefined);
};

interface Row {
  title: string;
  run?: Partial<Run>;
  state?(built: TaskState): Partial<TaskState>;
  /** The pins that were just read, by what was built. */
  pins?(built: Pin[], world: World): Promise<Pin[]> | Pin[];
  isUnread?: true;
  isTaskGone?: true;
  /** Why there is nothing to build. */
  because?: RegExp;
  /** Digests of which the registry is asked what they hold. */
  asked?: number;
}
/** The base image has moved to a digest with the same content as the one that was built on, or with another. */
const movedTo = (isSame: boolean) => async (built: Pin[], world: World) => {
  const digest = await seen(world, base);
  for (const one of isSame ? [digest, built[0]!.digest] : [])
    world.contents.set(one, { 'linux/amd64': 'same' });
  return built.map((pin) => (pin.image === base ? { ...pin, digest } : pin));
};
const rows: Row[] = [
  { title: 'by hand on the same base images', run: {} },
  { title: 'of a timer on the same base images', run: { timerTrigger } },
  { title: 'on the same base images', because: /^\w+ was built on the same base images already$/ },
  { title: 'whose base images were not read', isUnread: true },
  { title: 'of a task that was never built', state: () => ({ built: undefined as never }) },
  { title: 'of a task of which it is not sure what is built', state: () => ({ unsure: true }) },
  {
    title: 'on a base image that is the same for its platform',
    pins: movedTo(true),
    because: /^linux\/amd64 of baseacr\.azurecr\.io\/base:1 is unchanged$/,
    asked: 2,
  },
  { title: 'on a base image that has changed', pins: movedTo(false), asked: 2 },
  {
    title: 'on a base image that is the same, while it is not known how to sign in there',
    ...{ pins: movedTo(true), isTaskGone: true },
  },
  {
    title: 'on a base image that is the same, beside one that is quarantined',
    pins: async (built, world) => {
      await judged(world, mid, built.find(({ image }) => image === mid)!.digest);
      return movedTo(true)(built, world);
    },
  },
  { title: 'on fewer base images', pins: (built) => built.slice(1) },
  { title: 'on one base image more', pins: (built) => [...built, { ...built[0]!, image: tools }] },
  {
    title: 'on another base image in place of one',
    pins: async (built, world) => [
      { ...built[0]!, image: tools, digest: await seen(world, tools) },
      built[1]!,
    ],
  },
  {
    title: 'on a base image that was never seen in place of one',
    pins: (built) => [{ ...built[0]!, image: tools, digest: 'sha256:x' }, built[1]!],
  },
];
for (const row of rows)
  test(`a run for base images that moved ${row.title} has ${row.because ? 'nothing' : 'something'} to build`, async () => {
    const { world, run } = await startWorld();
    const before = await stateOf(world, 'app');
    const pins = before.built!.pins;
    const reading = { pins: (await row.pins?.(pins, world)) ?? pins, pinnedAt: before.bases[0]!.pinnedAt! };
    world.asked.length = 0;
    const logins: RegistryLogin[] = [];
    const { contentsOf } = world.ports.registry;
    world.ports.registry = {
      ...world.ports.registry,
      contentsOf(image, login, platforms) {
        logins.push(login);
        return contentsOf(image, login, platforms);
      },
    };
    const stored = await world.ports.store.task(registry, 'app');
    const found = await nothingToBuild(
      { ...(await run())!, ...(row.run ?? moved) },
      {
        state: { ...before, ...row.state?.(before) },
        task: row.isTaskGone ? undefined : stored?.value,
        reading: row.isUnread ? undefined : reading,
      },
      world.ports,
    );
    if (row.because) assert.match(found!.reason, row.because);
    assert.deepEqual(found?.reading.pins, row.because && pins, 'it stays on what it is built on');
    assert.equal(world.asked.length, row.asked ?? 0);
    assert.ok(
      logins.every((login) => login !== undefined),
      'as its task signs in there',
    );
  });

test.run();
