import type { PlanState } from '../../model/state.ts';

/** The base images whose updates rebuild the task. Pure. */
export function watchedBases<S extends Pick<PlanState, 'enabled' | 'trigger' | 'bases'>>({
  enabled,
  trigger,
  bases,
}: S): S['bases'] {
  if (!enabled || trigger === 'Disabled') return [];
  return trigger === 'Runtime' ? bases.filter(({ type }) => type === 'RunTime') : bases;
}
