import { platformText } from '../../model/platform.ts';
import type { Push, TaskState } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { RegistryLogin } from '../../ports/registry.ts';
import { decideOnBase, isNamed, type Standing, standingOf } from '../../rules/bases/admission.ts';
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
 * digests are for their platforms: a task for which nothing has changed is not started, and none on what shares its content
 * with what is quarantined. So it is for an image of which a digest was quarantined: what tasks are built on may hold the
 * same.
 * @returns the same object where nothing is learned
 */
export async function learned(
  named: Push,
  standing: Standing,
  states: TaskState[],
  ports: Flow,
): Promise<Standing> {
  const { push, decide } = countedBy(named, standing);
  const { seen, terms } = standing;
  const isJudged = isNamed(push.image, terms);
  const starting = states.filter((state) => isJudged || decide(state).do === 'start');
  const on = starting.flatMap(({ bases }) => bases.filter(({ image }) => image === push.image));
  const digests = [push.digest, ...on.map(({ digest }) => digest)];
  const platforms = [...new Set(starting.map(({ platform }) => platformText(platform)))];
  const login = () => loginTo(push.image.split('/')[0]!, starting[0], ports);
  const now = await learnContents(seen, { digests, platforms }, login, ports);
  const known = now === seen ? standing : standingOf(now, terms);
  // What seemed to be admissible may not be: then it is asked what the next older one holds.
  const isOther = countedBy(named, known).push.digest !== push.digest;
  return isOther ? learned(named, known, states, ports) : known;
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
export async function loginTo(
  server: string,
  user: TaskState | undefined,
  ports: Flow,
): Promise<RegistryLogin> {
  if (ports.settings.registries.some(({ loginServer }) => loginServer === server))
    return { kind: 'identity' };
  if (!user) return { kind: 'anonymous' };
  const { registry, task } = user;
  const stored = (await ports.store.task(registry, task))?.value;
  return taskLogin(server, { registry, task, stored }, ports);
}
