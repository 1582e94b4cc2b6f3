import type { Policy } from '../../model/bases/policy.ts';
import type { PlanState } from '../../model/state.ts';
import { foldedName, type TaskKey, taskKey } from '../../names/taskKey.ts';
import { watchedBases } from '../freshness/watched.ts';

/*
 * Which policy is that of an image or a task. Pure.
 */

interface Compiled {
  policy: Policy;
  fits: RegExp;
  /** The pattern names a tag. */
  isOfTag: boolean;
}

/** Patterns are compiled once for each list of policies; a process has one, that of its settings. */
const compiled = new WeakMap<Policy[], Record<'images' | 'tasks', Compiled[]>>();

function compiledOf(policies: Policy[]) {
  const known = compiled.get(policies);
  if (known) return known;
  const of = (kind: 'images' | 'tasks') =>
    policies
      .flatMap((policy) => {
        const pattern = policy[kind];
        if (pattern === undefined) return [];
        const isOfTag = kind === 'images' && /:[^/]*$/.test(pattern);
        return [
          {
            policy,
            fits: patternOf(kind === 'tasks' ? foldedName(pattern) : pattern),
            isOfTag,
            weight: weightOf(pattern),
          },
        ];
      })
      .sort((one, other) => other.weight - one.weight);
  const made = { images: of('images'), tasks: of('tasks') };
  compiled.set(policies, made);
  return made;
}

/**
 * The policy of an image: that of the pattern which says most of it.
 * @param image `registry/repository:tag`, normalised
 */
export function policyFor(image: string, policies: Policy[]): Policy | undefined {
  const name = image.replace(/:[^/]*$/, '');
  return compiledOf(policies).images.find(({ fits, isOfTag }) => fits.test(isOfTag ? image : name))?.policy;
}

/** Why nothing automatic starts from an image; undefined where it may. */
export const pausedBy = (image: string, policies: Policy[]) => saysPaused(policyFor(image, policies));

/** Why nothing automatic starts a task; undefined where it may. */
export function pausedTask(task: TaskKey, policies: Policy[]): string | undefined {
  const name = taskKey(task);
  return saysPaused(compiledOf(policies).tasks.find(({ fits }) => fits.test(name))?.policy);
}

/** The same of a run that tries again what a paused base image has started. */
export function pausedRetry(state: PlanState, policies: Policy[]): string | undefined {
  const { built, bases } = state;
  const isOn = (image: string, digest: string) =>
    built?.pins.some((pin) => pin.image === image && pin.digest === digest);
  const moved = built ? watchedBases(state).filter(({ image, digest }) => !isOn(image, digest)) : bases;
  const paused = moved.map(({ image }) => pausedBy(image, policies));
  return pausedTask(state, policies) ?? (paused.every(Boolean) ? paused[0] : undefined);
}

const saysPaused = (policy: Policy | undefined) =>
  policy?.pause === undefined ? undefined : `${policy.images ?? policy.tasks} is paused: ${policy.pause}`;

/** What a pattern names itself counts; of two alike, the one with fewer wild parts. */
const weightOf = (pattern: string) => pattern.replaceAll('*', '').length - pattern.split('**').length / 100;

const wild: Record<string, string> = { '**': '.*', '*': '[^/]*' };
const patternOf = (pattern: string) =>
  new RegExp(
    `^${pattern
      .split(/(\*\*?)/)
      .map((part) => wild[part] ?? part.replaceAll('.', '\\.'))
      .join('')}$`,
  );
