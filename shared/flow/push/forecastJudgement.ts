import type { PlanAnswer } from '../../graph/answers.ts';
import { planOf } from '../../graph/planOf.ts';
import type { Judgement } from '../../model/bases/policy.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { Ports } from '../../ports/ports.ts';
import { decideOnBase, standingOf } from '../../rules/bases/admission.ts';
import { withSeen } from '../../rules/bases/sightings.ts';
import { decideOnPush } from '../../rules/decideOnPush.ts';
import { mapAtMost } from '../concurrency.ts';
import { imageNamed } from '../imageNamed.ts';
import { allStates } from '../overall/stale.ts';
import { holdsOf, imagesWith } from './imagesWith.ts';
import { termsNow } from './see.ts';

const readsAtOnce = 32;

/**
 * What would be rebuilt, in which waves, and what would be held, if a digest were quarantined, admitted or released now.
 * Changes nothing.
 * @param asked `image` with or without the registry's login server
 * @throws ImageRefError
 */
export async function forecastJudgement(
  registry: Pick<KnownRegistry, 'loginServer'>,
  { digest, verdict, ...asked }: Pick<Judgement, 'image' | 'digest' | 'verdict'>,
  ports: Pick<Ports, 'store' | 'registry' | 'settings' | 'seal' | 'vault' | 'clock' | 'log'>,
): Promise<PlanAnswer> {
  const { store, settings, clock } = ports;
  const image = imageNamed(asked.image, registry);
  const { judgements, ...terms } = await termsNow(ports);
  const time = clock.now().toISOString();
  const { states } = await allStates(ports);
  const before = judgements.findLast((one) => one.digest === digest);
  const isAsked = verdict === 'quarantined' && !before?.holds;
  const holds = isAsked ? await holdsOf(image, digest, states, ports) : (before?.holds ?? []);
  const judgement: Judgement = { digest, image, verdict, reason: 'as asked', holds, time };
  const after = { ...terms, judgements: [...judgements, judgement] };
  const users = await imagesWith([digest, ...holds], states, ports);
  const images = [...new Set([image, ...users])];
  const standings = new Map(
    await mapAtMost(images, readsAtOnce, async (name) => {
      const seen = (await store.sightings(name))?.value;
      const look = { image: name, digest, time, how: 'named' as const };
      return [name, standingOf(withSeen(seen, look, terms.now), after)] as const;
    }),
  );
  return planOf(states, images, settings.runsPerRegistry, (name, state) => {
    const push = { id: '', image: name, timestamp: time };
    const standing = standings.get(name);
    // Below them everything comes to a digest that no task has seen.
    if (!standing) return decideOnPush({ ...push, digest: 'a newer one' }, state, true);
    const { newest, admissible = newest } = standing;
    return decideOnBase({ ...push, digest: admissible.digest }, state, standing);
  });
}
