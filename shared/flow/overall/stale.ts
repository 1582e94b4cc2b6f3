import type { HeldBase, StaleAnswer, WhyAnswer } from '../../graph/answers.ts';
import { staleOf, whyOf } from '../../graph/staleOf.ts';
import type { Policy } from '../../model/bases/policy.ts';
import type { TaskState } from '../../model/state.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { mapAtMost } from '../concurrency.ts';
import { noTask } from '../refusal.ts';

const registriesAtOnce = 8;

/** The states of all tasks of all registries, as a maker may be in another, and sentences about those that cannot be read. */
interface AllStates {
  states: TaskState[];
  unread: string[];
}

/** One storage call for each registry and each thousand of its tasks. */
export async function allStates({ store, settings }: Pick<Ports, 'store' | 'settings'>): Promise<AllStates> {
  const unread: string[] = [];
  const states = await mapAtMost(settings.registries, registriesAtOnce, ({ name }) =>
    store.states(name, ({ message }) => unread.push(message)),
  );
  return { states: states.flat().filter(({ deleted }) => !deleted), unread };
}

/** The tasks of a registry that are stale, the longest first. */
export const staleIn = (
  registry: string,
  { states, unread }: AllStates,
  held: HeldBase[] = [],
  policies: Policy[] = [],
): StaleAnswer => ({
  value: staleOf(states, held, policies).filter((one) => one.registry === registry),
  unread,
});

/** @throws Refusal 404 */
export function whyStale(
  task: TaskKey,
  { states }: AllStates,
  held: HeldBase[] = [],
  policies: Policy[] = [],
): WhyAnswer {
  const why = whyOf(task, states, held, policies);
  if (why) return why;
  throw noTask(task.registry, task.task);
}
