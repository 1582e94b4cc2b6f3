import type { HeldAnswer, HeldBase } from '../../graph/answers.ts';
import type { Sighting, Sightings } from '../../model/bases/sightings.ts';
import type { TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import { inForce, quarantineOn, standingOf, type Terms } from '../../rules/bases/admission.ts';
import { policyFor } from '../../rules/bases/policies.ts';
import { trackedBases } from '../../rules/decideOnFailure.ts';
import { mapAtMost } from '../concurrency.ts';
import { termsNow } from '../push/see.ts';

const readsAtOnce = 32;

/**
 * The base images of all registries' tasks whose newest digest is held, and those that could not be looked at. Three calls,
 * and one more for each image that a policy is for, or that is noted as held; where there is neither a
 * policy nor a quarantine, two, and no task is read.
 * @param statesOf reads the states of all tasks
 */
export async function heldNow(
  statesOf: () => Promise<TaskState[]>,
  ports: Pick<Ports, 'store' | 'settings' | 'clock'>,
): Promise<HeldAnswer> {
  const [terms, scan] = await Promise.all([termsNow(ports), ports.store.scan()]);
  const value = await heldUnder(terms, statesOf, ports);
  const pausedTasks = terms.policies.flatMap(({ tasks, pause }) =>
    tasks && pause ? { tasks, reason: pause } : [],
  );
  return {
    value,
    ...(pausedTasks.length > 0 && { pausedTasks }),
    judgements: inForce(terms.judgements),
    notSeen: scan?.value.unseen ?? [],
  };
}

/** The base images of some tasks whose newest digest is held. */
export async function heldUnder(
  terms: Terms,
  statesOf: () => Promise<TaskState[]>,
  ports: Pick<Ports, 'store'>,
): Promise<HeldBase[]> {
  const isJudged = inForce(terms.judgements).some(({ verdict }) => verdict === 'quarantined');
  if (!isJudged && !terms.policies.some(({ images }) => images)) return [];
  const noted = new Set(isJudged ? await ports.store.heldImages() : []);
  const asked = trackedBases(await statesOf()).filter(
    ({ image }) => noted.has(image) || policyFor(image, terms.policies) !== undefined,
  );
  const value = await mapAtMost(asked, readsAtOnce, async ({ image }) => {
    const seen = (await ports.store.sightings(image))?.value;
    return seen && seen.digests.length > 0 ? heldBase(seen, terms) : [];
  });
  return value.flat();
}

/** A pause comes before an age or a quarantine, as in decisions. */
function heldBase(seen: Sightings, terms: Terms): HeldBase[] {
  const { newest, admissible, held, paused } = standingOf(seen, terms);
  const { image } = seen;
  const { digest, since } = newest;
  const known = { image, digest, since, ...(admissible && { admissible: admissible.digest }) };
  if (paused) return [{ ...known, because: 'paused', reason: paused }];
  if (!held) return [];
  const reason = `${digest.slice(0, 19)} ${held.reason}`;
  if (held.until) return [{ ...known, because: 'tooYoung', reason, until: held.until }];
  const { time = since } = quarantineOn(newest, terms.judgements) ?? {};
  const platforms = platformsOf(newest, terms);
  return [{ ...known, because: 'quarantined', since: time, reason, ...(platforms && { platforms }) }];
}

/** The platforms for which what a digest holds is quarantined; undefined where it is for all. */
function platformsOf(sighting: Sighting, { judgements }: Terms): string[] | undefined {
  const all = [...new Set([sighting.contents ?? {}, sighting.manifests ?? {}].flatMap(Object.keys))];
  const bad = all.filter((platform) => quarantineOn(sighting, judgements, platform));
  return bad.length < all.length ? bad : undefined;
}
