import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Pin, Run } from '../../../shared/model/run.ts';
import { diamond, publicBase } from '../diamondWorld.ts';
import { type Move, runsOf, type World } from '../world.ts';
import type { Oracle } from './oracle.ts';

/** Nothing is open, queued, counted as running, or left in a queue. */
export async function nothingIsLeft({
  ports: { store, settings },
  messages,
  ...world
}: World): Promise<void> {
  assert.deepEqual(messages, []);
  for (const { name } of settings.registries) {
    assert.deepEqual((await store.pace(name))?.value.running ?? [], [], `the pace of ${name}`);
    for await (const place of store.places(name)) assert.fail(`${place.runId} is queued in ${name}`);
    for (const state of await store.states(name)) assert.deepEqual(state.open, [], state.task);
  }
  assert.ok(world.builds.every((build) => world.hasEnded(build)));
}

/** The image that each task made last is built on the current digests of its base images. */
export function standsOnTheNewest(
  world: World,
  except: { task?: (task: string) => boolean; image?: string } = {},
): void {
  for (const { name, bases, makes } of diamond) {
    if (except.task?.(name)) continue;
    const made = world.tags.get(makes);
    const build = world.builds.find(({ run }) => run.outputImages.some(({ digest }) => digest === made));
    assert.ok(build, `${name} was built`);
    for (const image of bases.filter((base) => base !== except.image))
      assert.equal(build.bases.get(image), world.tags.get(image), `${name} is built on the newest ${image}`);
  }
}

/** What a task was notified of, and is not built on at rest, is left only where it gets no more runs by itself. */
export async function nothingNewerIsLeft(
  { ports: { store } }: World,
  except: (task: string) => boolean,
): Promise<void> {
  for (const { registry, name } of diamond) {
    if (except(name)) continue;
    const bases = (await store.state(registry, name))?.value.bases ?? [];
    assert.deepEqual(
      bases.flatMap(({ newer }) => newer ?? []),
      [],
      `${name} is built on what is newer`,
    );
  }
}

/** Every build is named by one run, but for so many. */
export async function everyBuildHasItsRun(world: World, mayBeUnnamed = 0): Promise<void> {
  const runs = await Promise.all(world.ports.settings.registries.map(({ name }) => runsOf(world, name)));
  const names = runs
    .flat()
    .flatMap(({ registry, engineRunId }) => (engineRunId ? [`${registry}/${engineRunId}`] : []));
  assert.equal(new Set(names).size, names.length, 'two runs name one build');
  const unnamed = world.builds
    .map(({ registry, run }) => `${registry}/${run.runId}`)
    .filter((name) => !names.includes(name));
  assert.ok(
    unnamed.length <= mayBeUnnamed,
    `no run names the builds ${unnamed}, of which ${mayBeUnnamed} may be`,
  );
}

/**
 * No run was built on what a tag had stood for before the run before it read it, as far as it had been heard of: what
 * is read and was never met before counts as the newest, and a digest that came back counts from when that was heard.
 */
export async function nothingGoesBack(world: World, { said, digestsOf }: Oracle): Promise<void> {
  const isJudged = (image: string) =>
    digestsOf(image).some((digest) => said.some((one) => one.digest === digest));
  for (const { registry, name, bases } of diamond) {
    const claimed = (await runsOf(world, registry)).filter(
      (run) => run.task === name && run.pins && run.pinnedAt && run.notes && run.startTime,
    );
    claimed.sort((one, other) => (one.startTime! < other.startTime! ? -1 : 1));
    for (const image of bases.filter((base) => base !== publicBase && !isJudged(base))) {
      const moves = world.moves.filter((move) => move.image === image);
      const before = new Map<string, number>();
      for (const { runId, pins, pinnedAt, startTime } of claimed) {
        const digest = pins!.find((pin) => pin.image === image)?.digest ?? '';
        const start = Date.parse(startTime!);
        const read = Date.parse(pinnedAt!);
        const isHeard = ({ heardAt = Number.POSITIVE_INFINITY }: Move) => heardAt < read;
        const at = moves.findLastIndex((move) => move.digest === digest && move.at <= start);
        const newest = [...before].map(([earlier, readAt]) => {
          const heard = moves.findLastIndex((move) => move.digest === earlier && isHeard(move));
          return heard >= 0 ? heard : moves.findIndex((move) => move.digest === earlier && move.at <= readAt);
        });
        before.set(digest, start);
        if (at >= 0 && !isHeard(moves[at]!)) continue;
        assert.ok(at >= Math.max(-1, ...newest), `${runId} of ${name} goes back to an older ${image}`);
      }
    }
  }
}

/**
 * Two runs of a task, one after the other, were not built on the same content of base images, unless a person asked for
 * one, or what the first was built on was quarantined.
 */
export async function nothingWasBuiltTwice(world: World, { contentOf, said }: Oracle): Promise<void> {
  const isBad = ({ digest }: Pin) =>
    said.some((one) => contentOf(one.digest) === contentOf(digest) && one.verdict === 'quarantined');
  const contentsOf = (pins: Pin[] = []) => pins.map((pin) => ({ ...pin, digest: contentOf(pin.digest) }));
  for (const { registry, name } of diamond) {
    const runs = (await runsOf(world, registry)).filter((run) => run.task === name);
    const ended = runs.filter((run) => mayHaveBuilt(run) || failures.includes(run.status)).sort(byFinish);
    for (const [at, run] of ended.entries()) {
      const before = ended[at - 1];
      if (!run.imageUpdateTrigger || !run.pins || before?.status !== 'Succeeded') continue;
      if (before.pins?.some(isBad)) continue;
      const [now, then] = [askedFor(run, world), askedFor(before, world)].map(
        (bases) => bases && new Map([...bases].map(([image, digest]) => [image, contentOf(digest)])),
      );
      const repeats =
        now && then ? isDeepStrictEqual(now, then) : isOnSame(contentsOf(run.pins), contentsOf(before.pins));
      assert.ok(!repeats, `${run.runId} repeats ${before.runId}`);
    }
  }
}

const failures: Run['status'][] = ['Failed', 'Timeout', 'Error'];

/** The base images that the engine was asked to build a run on: what it was given, and not what its row says. */
const askedFor = ({ registry, engineRunId }: Run, { builds }: World) =>
  builds.find((build) => build.registry === registry && build.run.runId === engineRunId)?.bases;

/** Whether two runs are pinned to the same digests, in whatever order. */
export const isOnSame = (one: Pin[], other: Pin[]) =>
  one.length === other.length &&
  one.every(({ image, digest }) => other.some((pin) => pin.image === image && pin.digest === digest));

/** Whoever claimed the run, and so wrote its notes, may have got through to the engine, also where no answer came. */
const mayHaveBuilt = (run: Run) => run.notes !== undefined;

const byFinish = (a: Run, b: Run) => (a.lastUpdatedTime < b.lastUpdatedTime ? -1 : 1);

/** Every decision says why, and names the run that it speaks of. */
export async function everyDecisionSaysWhy({ ports: { store } }: World): Promise<void> {
  for (const { registry, name } of diamond)
    for await (const decision of store.decisions(registry, name)) {
      assert.ok(decision.reason.length > 10, JSON.stringify(decision));
      const isOfNone = decision.verdict === 'skipped' || decision.verdict === 'held';
      assert.equal(decision.runId === undefined, isOfNone, JSON.stringify(decision));
    }
}

/** No registry has more runs than the settings allow. */
export async function keepsThePace({ ports: { store, settings } }: World): Promise<void> {
  for (const { name } of settings.registries) {
    const running = (await store.pace(name))?.value.running ?? [];
    assert.ok(running.length <= settings.runsPerRegistry, `${name} has ${running.join(', ')}`);
    assert.equal(new Set(running).size, running.length);
  }
}

/** A run that was cancelled before it had ended, ended cancelled. */
export async function whatWasCancelledEndedSo(
  { ports: { store } }: World,
  cancelled: Set<string>,
): Promise<void> {
  for (const name of cancelled) {
    const [registry = '', runId = ''] = name.split('/');
    assert.equal((await store.run(registry, runId))?.value.status, 'Canceled', name);
  }
}
