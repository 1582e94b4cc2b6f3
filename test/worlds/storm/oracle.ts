import assert from 'node:assert/strict';
import { causeOf } from '../../../shared/model/cause.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Push } from '../../../shared/model/state.ts';
import type { Ports } from '../../../shared/ports/ports.ts';
import { diamond } from '../diamondWorld.ts';
import { runsOf, type World } from '../world.ts';

/*
 * What must be true of what is built, written from the sentence: at every moment each image stands on the newest admissible
 * base, no build on a held or quarantined digest, none for nothing, each once. It knows what happened outside the flow: the
 * moves of tags, which events were handled, what was said and answered, which pauses there were. Where two things happened
 * at the same time, either order is right.
 */

export type Said = {
  digest: string;
  verdict: 'quarantined' | 'admitted' | 'released';
  begun: number;
  ended: number;
};
/** `image` as it is named, or a task; from when on it is paused. */
export type Pause = { image?: string; task?: string; since: number };

/** A clock of the app is off by no more. */
export const mostSkewMs = 600_000;
/** A round comes at least so often, and quiet lasts longer. */
const roundMs = 20 * 60_000;
const platform = 'linux/amd64';

export type Oracle = ReturnType<typeof createOracle>;

/** @param ages milliseconds by image */
export function createOracle(world: World, ages: Map<string, number> = new Map()) {
  const said: Said[] = [];
  const pauses = new Set<Pause>();
  const wrong: Error[] = [];
  const clock = { wasBehind: false };
  /** By image and digest, when the first worker that could know it began. */
  const sights = new Map<string, number>();
  /** By run, when the first worker began that read its digests. */
  const pinning = new Map<string, number>();

  const see = (image: string, digest: string | undefined) => {
    const key = `${image}@${digest}`;
    if (!sights.has(key)) sights.set(key, world.now());
  };
  /** Notes what a worker is answered: a replica may tell another digest than the tag has. */
  const seeing = (registry: Ports['registry']): Ports['registry'] => ({
    ...registry,
    async digestOf(reference, login) {
      const digest = await registry.digestOf(reference, login);
      see(`${reference.registry}/${reference.repository}:${reference.tag}`, digest);
      return digest;
    },
  });
  /** What a build has made is known from its end, before its event comes. */
  const seeingEnds = (engine: Ports['engine']): Ports['engine'] => ({
    ...engine,
    async run(name, engineRunId) {
      const run = await engine.run(name, engineRunId);
      for (const { registry, repository, tag, digest } of run?.outputImages ?? [])
        see(`${registry}/${repository}:${tag}`, digest);
      return run;
    },
  });
  world.ports.registry = seeing(world.ports.registry);
  world.ports.engine = seeingEnds(world.ports.engine);

  const contentOf = (digest: string) => world.contents.get(digest)?.[platform] ?? `${platform} of ${digest}`;
  const movesOf = (image: string) => world.moves.filter((move) => move.image === image);
  const digestsOf = (image: string) => {
    const moves = movesOf(image);
    const first = moves[0]?.before ?? (moves.length === 0 ? world.tags.get(image) : undefined);
    return [...new Set([...(first ? [first] : []), ...moves.map(({ digest }) => digest)])];
  };
  const lastSaid = (digest: string, until = Number.POSITIVE_INFINITY) =>
    said.findLast((one) => one.digest === digest && one.ended <= until);
  /** What was said against a digest counts for what has the same content. */
  const sameAs = (digest: string) =>
    [...new Set(said.map((one) => one.digest))].filter((one) => contentOf(one) === contentOf(digest));
  const isQuarantined = (digest: string) =>
    sameAs(digest).some((one) => lastSaid(one)?.verdict === 'quarantined');
  const isPaused = (image: string, task: string, since: number) =>
    [...pauses].some((one) => (one.image === image || one.task === task) && one.since <= since);

  /** Whether it may be built on for certain, for as long as a round needs to find that. */
  function isAdmissible(image: string, digest: string): boolean {
    const { verdict } = lastSaid(digest) ?? {};
    const age = ages.get(image) ?? 0;
    if (isQuarantined(digest)) return false;
    if (verdict === 'admitted' || age === 0) return true;
    const heard = movesOf(image).find((move) => move.digest === digest)?.heardAt;
    const isOld = movesOf(image).every((move) => move.digest !== digest);
    const seen = heard ?? sights.get(`${image}@${digest}`);
    return isOld || (seen !== undefined && world.now() - seen >= age + roundMs);
  }

  /** Whether Plinth knows for certain that one digest is newer than another. */
  function isNewer(image: string, one: string, other: string, isRoundDone: boolean): boolean {
    if (isRoundDone && world.tags.get(image) === one) return true;
    // A clock that was behind has given what was pushed meanwhile the time at which it was heard of.
    if (clock.wasBehind) return false;
    const moves = movesOf(image);
    const ofOther = moves.filter(({ digest }) => digest === other);
    // What a replica told of one whose event never came may have been older than it seemed.
    if (ofOther.some(({ heardAt }) => heardAt === undefined)) return false;
    const last = Math.max(
      0,
      ...moves.filter((move) => contentOf(move.digest) === contentOf(other)).map(({ at }) => at),
    );
    return moves.some(({ digest, at, heardAt }) => digest === one && at > last && heardAt !== undefined);
  }

  /** Whether Plinth knows of it for certain. */
  const isKnown = (image: string, digest: string) =>
    digest === world.tags.get(image) ||
    movesOf(image).every((move) => move.digest !== digest) ||
    movesOf(image).some((move) => move.digest === digest && move.heardAt !== undefined);

  /** Is called where a worker writes a run. */
  function note(run: Run, isNew: boolean, workBegan: number) {
    const { registry, runId, task = '', pins, imageUpdateTrigger } = run;
    const key = `${registry}/${runId}`;
    if (pins && run.status !== 'Queued') pinning.set(key, Math.min(pinning.get(key) ?? workBegan, workBegan));
    if (!isNew || causeOf(run).kind !== 'imageUpdate') return;
    // One that tries again is for all base images, whichever of them moved.
    const { images = [] } = imageUpdateTrigger!;
    const paused = images.every(({ registry: server, repository, tag }) =>
      isPaused(`${server}/${repository}:${tag}`, task, workBegan),
    );
    if (paused) wrong.push(new Error(`${key} of ${task} was queued in a pause`));
  }

  return {
    said,
    pauses,
    wrong,
    clock,
    isQuarantined,
    contentOf,
    digestsOf,
    lastSaid,
    /** An event is handed over. */
    told: ({ image, digest }: Push) => see(image, digest),
    /** What a worker writes from now on is looked at. */
    watched(ports: Ports): Ports {
      const workBegan = world.now();
      const { commit } = ports.store;
      const store: Ports['store'] = {
        ...ports.store,
        commit(registry, writes) {
          for (const write of writes)
            if ('put' in write && write.put === 'run') note(write.value, write.etag === undefined, workBegan);
          return commit(registry, writes);
        },
      };
      return { ...ports, registry: seeing(ports.registry), engine: seeingEnds(ports.engine), store };
    },

    /** No build on a held or quarantined digest, but where it was said, or became so, while the run was prepared. */
    async nothingBadWasBuilt() {
      const runs = (
        await Promise.all(world.ports.settings.registries.map(({ name }) => runsOf(world, name)))
      ).flat();
      const byBuild = new Map(runs.map((run) => [`${run.registry}/${run.engineRunId}`, run]));
      const builtOn = new Set<string>();
      for (const { registry, run: engineRun, bases, scheduledAt } of world.builds) {
        const run = byBuild.get(`${registry}/${engineRun.runId}`);
        const began = run && pinning.get(`${registry}/${run.runId}`);
        for (const [image, digest] of bases) {
          const known = `${run?.task} ${image}@${digest}`;
          const wasBuiltOn = builtOn.has(known);
          builtOn.add(known);
          if (began === undefined) continue;
          const until = (of: string) => said.filter((one) => one.digest === of && one.begun <= scheduledAt);
          const bad = sameAs(digest).filter(
            (one) =>
              lastSaid(one, began)?.verdict === 'quarantined' &&
              !until(one).some(({ verdict, ended }) => verdict !== 'quarantined' && ended > began),
          );
          assert.deepEqual(bad, [], `${run!.runId} was built on ${digest}, which is quarantined`);
          const seen = sights.get(`${image}@${digest}`);
          const age = scheduledAt - (seen ?? 0) + 2 * mostSkewMs;
          const isYoung = seen !== undefined && age < (ages.get(image) ?? 0);
          const isAdmitted = until(digest).some(({ verdict }) => verdict === 'admitted');
          assert.ok(
            !isYoung || isAdmitted || wasBuiltOn,
            `${run!.runId} was built on ${digest}, which is too young`,
          );
        }
      }
    },

    /** Each image that is made stands on the newest admissible base, or on what is the same. */
    standsOnTheNewest(except: (task: string) => boolean, isRoundDone = true) {
      for (const { name, bases, makes } of diamond) {
        if (except(name)) continue;
        const made = world.tags.get(makes);
        const build = world.builds.find(({ run }) => run.outputImages.some(({ digest }) => digest === made))!;
        for (const image of bases) {
          if (isPaused(image, name, Number.POSITIVE_INFINITY)) continue;
          const on = build.bases.get(image)!;
          const admissible = digestsOf(image).filter(
            (digest) => digest !== on && isAdmissible(image, digest),
          );
          if (isRoundDone && isQuarantined(on))
            assert.deepEqual(
              admissible.filter((digest) => isKnown(image, digest)),
              [],
              `${name} stands on ${on} of ${image}, which is quarantined`,
            );
          for (const digest of admissible)
            if (contentOf(digest) !== contentOf(on) && isNewer(image, digest, on, isRoundDone))
              assert.fail(`${name} stands on ${on} of ${image}, and ${digest} is newer and admissible`);
        }
      }
    },
  };
}
