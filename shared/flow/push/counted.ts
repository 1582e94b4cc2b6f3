import { platformText } from '../../model/platform.ts';
import type { Push, TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import { decideOnBase, isQuarantined, type Standing, standingOf } from '../../rules/bases/admission.ts';
import type { Choice } from '../../rules/decideOnPush.ts';
import { taskLogin } from '../secrets/taskLogin.ts';
import { learnContents } from './learnContents.ts';

type Flow = Pick<Ports, 'store' | 'registry' | 'settings' | 'seal' | 'vault' | 'log'>;

/** A push of the digest that counts, and what a task's state comes to with it. */
export interface Counted {
  push: Push;
  decide(state: TaskState): Choice;
  /** As the ledger has it where the newest digest is held. */
  newest: Push;
}

/**
 * What is known of a push's image. Where the push would start tasks, the registry is asked, once for all of them, what the
 * digests are for their platforms: a task for which nothing has changed is not started. So it is where the push names a
 * quarantined digest that the tag never was: what tasks are built on may be an index that holds it.
 */
export async function learned(
  named: Push,
  standing: Standing,
  states: TaskState[],
  ports: Flow,
): Promise<Standing> {
  const { push, decide } = countedBy(named, standing);
  const isBad = (digest: string) => isQuarantined(digest, standing.terms, standing);
  const isManifest =
    isBad(named.digest) && !standing.seen.digests.some(({ digest }) => digest === named.digest);
  const standsOnBad = ({ bases }: TaskState) =>
    bases.some(({ image, digest }) => image === push.image && isBad(digest));
  const starting = states.filter(
    (state) => isManifest || (decide(state).do === 'start' && !standsOnBad(state)),
  );
  const [first] = starting;
  if (!first) return standing;
  const on = starting.flatMap(({ bases }) => bases.filter(({ image }) => image === push.image));
  const seen = await learnContents(
    standing.seen,
    {
      digests: [push.digest, ...on.map(({ digest }) => digest)],
      platforms: [...new Set(starting.map(({ platform }) => platformText(platform)))],
    },
    () => loginTo(push.image.split('/')[0]!, first, ports),
    ports,
  );
  return seen === standing.seen ? standing : standingOf(seen, standing.terms);
}

export function countedBy(named: Push, standing: Standing): Counted {
  const { newest, admissible = newest } = standing;
  const push = { ...named, digest: admissible.digest };
  return {
    push,
    decide: (state) => decideOnBase(push, state, standing),
    newest: { ...named, digest: newest.digest },
  };
}

/** The app reads the registries of its settings as itself, and others as a task that is built on the image does. */
async function loginTo(server: string, { registry, task }: TaskState, ports: Flow) {
  if (ports.settings.registries.some(({ loginServer }) => loginServer === server))
    return { kind: 'identity' as const };
  const stored = (await ports.store.task(registry, task))?.value;
  return taskLogin(server, { registry, task, stored }, ports);
}
