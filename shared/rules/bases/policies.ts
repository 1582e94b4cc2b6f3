import type { Policy } from '../../model/bases/policy.ts';
import type { PlanState } from '../../model/state.ts';
import { foldedName, type TaskKey, taskKey } from '../../names/taskKey.ts';
import { watchedBases } from '../freshness/watched.ts';

/*
 * Which policy is that of an image or a task. Pure.
 */

/** Patterns are compiled once for each list of policies; a process has one, that of its settings. */
const compiled = new WeakMap<Policy[], { policy: Policy; fits: RegExp }[]>();

/** Those whose patterns say most come first. */
function compiledOf(policies: Policy[]) {
  const made =
    compiled.get(policies) ??
    policies
      .map((policy) => ({ policy, pattern: policy.images ?? foldedName(policy.tasks!) }))
      .sort((one, other) => weightOf(other.pattern) - weightOf(one.pattern))
      .map(({ policy, pattern }) => ({ policy, fits: patternOf(pattern) }));
  compiled.set(policies, made);
  return made;
}

const policyOf = (kind: 'images' | 'tasks', name: string, policies: Policy[]) =>
  compiledOf(policies).find(({ policy, fits }) => policy[kind] !== undefined && fits.test(name))?.policy;

/**
 * The policy of an image: that of the pattern which says most of it.
 * @param image `registry/repository:tag`, normalised
 */
export const policyFor = (image: string, policies: Policy[]) => policyOf('images', image, policies);

/** Why nothing automatic starts from an image; undefined where it may. */
export const pausedBy = (image: string, policies: Policy[]) => saysPaused(policyFor(image, policies));

/** Why nothing automatic starts a task; undefined where it may. */
export const pausedTask = (task: TaskKey, policies: Policy[]) =>
  saysPaused(policyOf('tasks', taskKey(task), policies));

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

/** A name has no colon behind its registry; a pattern without a tag fits every one. */
const wild = new Map([
  ['**', '[^:]*'],
  ['*', '[^/:]*'],
]);
function patternOf(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*?)/).map((part) => wild.get(part) ?? part.replaceAll('.', '\\.'));
  return new RegExp(`^${parts.join('')}${/:[^/]*$/.test(pattern) ? '' : '(:[^/]*)?'}$`);
}
