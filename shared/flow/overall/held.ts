import type { HeldAnswer, HeldBase } from '../../graph/answers.ts';
import type { Judgement } from '../../model/bases/policy.ts';
import type { Sightings } from '../../model/bases/sightings.ts';
import type { TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import { inForce, isNamed, isQuarantined, standingOf, type Terms } from '../../rules/bases/admission.ts';
import { policyFor } from '../../rules/bases/policies.ts';
import { trackedBases } from '../../rules/decideOnFailure.ts';
import { mapAtMost } from '../concurrency.ts';
import { termsNow } from '../push/see.ts';

const readsAtOnce = 32;

/**
 * The base images of all registries' tasks whose newest digest is held, and those that could not be looked at. Two calls,
 * and one more for each image that a policy is for, of which a quarantined digest is known, or of which a task is not
 * built on the newest digest; where there is neither a policy nor a quarantine, no task is read.
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
  const judgements = inForce(terms.judgements);
  const isBad = ({ verdict }: Judgement) => verdict === 'quarantined';
  if (!terms.policies.some(({ images }) => images) && !judgements.some(isBad)) return [];
  const asked = trackedBases(await statesOf()).filter(
    ({ image, tasks }) =>
      policyFor(image, terms.policies) !== undefined ||
      isNamed(image, terms) ||
      tasks.some((state) => isNotOnNewest(state, image) || isOnBad(state, image, terms)),
  );
  const value = await mapAtMost(asked, readsAtOnce, async ({ image }) => {
    const seen = (await ports.store.sightings(image))?.value;
    return seen && seen.digests.length > 0 ? heldBase(seen, terms, judgements) : [];
  });
  return value.flat();
}

const isOnBad = ({ bases }: TaskState, image: string, terms: Terms) =>
  bases.some((base) => base.image === image && isQuarantined(base.digest, terms));

/** What a newer digest holds may be quarantined by the name of another image. */
const isNotOnNewest = ({ bases }: TaskState, image: string) =>
  bases.some((base) => base.image === image && (base.newer || base.notNewest));

/** A pause comes before an age or a quarantine, as in decisions. */
function heldBase(seen: Sightings, terms: Terms, judgements: Judgement[]): HeldBase[] {
  const { newest, admissible, held, paused } = standingOf(seen, terms);
  const { image } = seen;
  const { digest, since } = newest;
  const known = { image, digest, since, ...(admissible && { admissible: admissible.digest }) };
  if (paused) return [{ ...known, because: 'paused', reason: paused }];
  if (!held) return [];
  const reason = `${digest.slice(0, 19)} ${held.reason}`;
  if (held.until) return [{ ...known, because: 'tooYoung', reason, until: held.until }];
  const { time = since } = judgements.find((one) => one.digest === digest) ?? {};
  return [{ ...known, because: 'quarantined', since: time, reason }];
}
