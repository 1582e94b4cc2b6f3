import type { Policy } from '../model/bases/policy.ts';
import type { OpenRun, PlanState, TrackedBase } from '../model/state.ts';
import { without } from '../model/without.ts';
import { type TaskKey, taskKey, taskPath } from '../names/taskKey.ts';
import { pausedRetry, pausedTask } from '../rules/bases/policies.ts';
import { hasFailed, isStopped, nextTryOf } from '../rules/freshness/failing.ts';
import type { HeldBase, StaleTask, WhyAnswer } from './answers.ts';
import { cut } from './compact.ts';
import { type HeldFor, heldOf, saysHeld } from './heldOf.ts';
import { dependentsOf } from './planOf.ts';

/**
 * Why a task is not built on its newest base images; `maker`: one of them is stale itself; `held`: the newest digest may
 * not be built on, so that what is built on its image is not behind.
 */
export const because = [
  'running',
  'queued',
  'failed',
  'stopped',
  'disabled',
  'triggerDisabled',
  'canceled',
  'notStarted',
  'held',
  'maker',
] as const;

/**
 * The tasks that are not built on their newest base images, and those that are built on an image of such a task,
 * over however many levels; the longest stale first. Pure, for the server and for a browser.
 * @param states of all tasks of all registries: a maker may be in another
 * @param held base images whose newest digest is held
 * @param policies by which tasks are paused
 */
export function staleOf(states: PlanState[], held: HeldBase[] = [], policies: Policy[] = []): StaleTask[] {
  const { stale, heldFor } = freshness(states, held, policies);
  return [...stale.values(), ...heldFor.values()].sort(bySince);
}

const bySince = (one: StaleTask, other: StaleTask) => order(one.since, other.since);
const order = (one: string, other: string) => Number(one > other) - Number(one < other);

/** Why a task is stale, up to the first cause; undefined where there is no such task. Pure. */
export function whyOf(
  task: TaskKey,
  states: PlanState[],
  held: HeldBase[] = [],
  policies: Policy[] = [],
): WhyAnswer | undefined {
  const { stale, heldFor, get } = freshness(states, held, policies);
  const state = get(task);
  if (!state) return undefined;
  const steps: StaleTask[] = [];
  for (let at: PlanState | undefined = state; at; ) {
    const step: StaleTask | undefined = stale.get(at) ?? heldFor.get(at);
    if (!step) break;
    steps.push(step);
    at = step.maker && get(step.maker);
  }
  const { registry } = state;
  const said = { registry, task: state.task };
  const cause = steps.at(-1);
  if (!cause) {
    const above = heldAbove(state, states, heldFor);
    const also = above ? ` Above it: ${above.says}` : '';
    return { ...said, fresh: true, says: `${freshBecause(state)}${also}`, steps: above ? [above] : [] };
  }
  const above = steps.length > 1 ? ` The first cause: ${cause.says}` : '';
  return { ...said, fresh: false, says: `${steps[0]!.says}${above}`, steps };
}

function freshBecause({ task, built, bases, last }: PlanState): string {
  if (!built && last) return `${task} has never succeeded: run ${last.runId} ended ${last.status}.`;
  if (!built) return `Nothing is known of ${task} before its first run: run it once.`;
  if (bases.length === 0) return `${task} has no base images that are tracked.`;
  return `${task} is built on the newest base images that Plinth has seen, since run ${built.runId}.`;
}

/** The nearest task above one for which a base image is held: what it makes will move. */
function heldAbove(from: PlanState, states: PlanState[], heldFor: Map<PlanState, StaleTask>) {
  if (heldFor.size === 0) return undefined;
  const makers = new Map(states.flatMap((state) => state.outputs.map((image) => [image, state] as const)));
  const seen = new Set([from]);
  for (const state of seen) {
    const held = heldFor.get(state);
    if (held) return held;
    for (const { image } of countedBases(state)) {
      const maker = makers.get(image);
      if (maker) seen.add(maker);
    }
  }
  return undefined;
}

function freshness(states: PlanState[], held: HeldBase[], policies: Policy[]) {
  const known = new Map(states.map((state) => [taskKey(state), state]));
  const dependents = dependentsOf(states, countedBases);
  const stale = new Map<PlanState, StaleTask>();
  const themselves = states.flatMap((state) => staleItself(state) ?? []);
  const heldImages = new Map(held.map((one) => [one.image, one]));
  const heldFor = new Map<PlanState, StaleTask>();
  for (const one of themselves.sort(bySince)) {
    const state = known.get(taskKey(one))!;
    const paused = one.because === 'notStarted' ? pausedTask(one, policies) : undefined;
    const noRetry = one.because === 'failed' ? pausedRetry(state, policies) : undefined;
    if (noRetry) stale.set(state, staleUntried(one, noRetry));
    else if (paused) heldFor.set(state, { ...one, because: 'held', says: `${one.task}: ${paused}.` });
    else if (!isPausedBase(one, heldImages)) stale.set(state, one);
  }
  // A map is gone through to its end, what is added on the way included: level by level, the longest stale first.
  for (const [maker, { since }] of stale)
    for (const image of maker.outputs)
      for (const state of dependents.get(image) ?? [])
        if (!stale.has(state) && !heldFor.has(state))
          stale.set(state, staleAbove(state, image, maker, since));
  for (const state of held.length > 0 ? states : []) {
    const one = stale.has(state) || heldFor.has(state) ? undefined : heldOf(state, heldImages);
    if (one) heldFor.set(state, staleHeld(state, one));
  }
  return { stale, heldFor, get: (task: TaskKey) => known.get(taskKey(task)) };
}

const staleUntried = (one: StaleTask, paused: string): StaleTask => ({
  ...without(one, 'nextTry'),
  says: `${one.task} is stale on ${one.base} since ${one.since}: run ${one.runId} failed, and it is not tried again: ${paused}.`,
});

const isPausedBase = ({ because: why, base }: StaleTask, held: ReadonlyMap<string, HeldBase>) =>
  why === 'notStarted' && held.get(base)?.because === 'paused';

/**
 * Why a task that is not built on its newest base images is not stale all the same: nothing automatic starts it, or
 * nothing from that base image. Undefined where it is stale, or is not behind. Pure.
 * @param held by image
 */
export function pausedOver(
  state: PlanState,
  held: ReadonlyMap<string, HeldBase>,
  policies: Policy[],
): string | undefined {
  const one = state.bases.some(({ newer }) => newer) ? staleItself(state) : undefined;
  if (one?.because !== 'notStarted') return undefined;
  return pausedTask(state, policies) ?? (isPausedBase(one, held) ? held.get(one.base)!.reason : undefined);
}

const staleHeld = (state: PlanState, one: HeldFor): StaleTask => ({
  ...named(state),
  base: one.base.image,
  builtOn: cut(one.base.digest),
  now: cut(one.held.digest),
  since: one.held.since,
  because: 'held',
  says: `${state.task}: ${saysHeld(one)}.`,
  ...(one.held.until && { until: one.held.until }),
});

const staleAbove = (state: PlanState, image: string, maker: PlanState, since: string): StaleTask => ({
  ...named(state),
  base: image,
  since,
  because: 'maker',
  says: `${state.task} is built on ${image}, whose maker ${taskPath(maker)} is stale itself.`,
  maker: { registry: maker.registry, task: maker.task },
});

const named = ({ registry, task, outputs }: PlanState) => ({ registry, task, images: outputs });

/** The base images whose updates are of the task's interest, whether or not they start it now. */
const countedBases = ({ trigger, bases }: PlanState) =>
  trigger === 'All' ? bases : bases.filter(({ type }) => type === 'RunTime');

function staleItself(state: PlanState): StaleTask | undefined {
  const newer = countedBases(state).filter((base) => base.newer);
  const [base] = newer.sort((one, other) => order(one.newer!.since, other.newer!.since));
  if (!base?.newer) return undefined;
  const { digest, since, push } = base.newer;
  const pin = state.built?.pins.find(({ image }) => image === base.image);
  const reason = reasonOf(state, base);
  const on = pin
    ? `built on ${cut(pin.digest)}, now ${cut(digest)}`
    : `not built on it yet, now ${cut(digest)}`;
  return {
    ...named(state),
    base: base.image,
    ...(pin && { builtOn: cut(pin.digest) }),
    now: cut(digest),
    since,
    ...(push !== undefined && { push }),
    ...reason,
    says: `${state.task} is stale on ${base.image} since ${since} (${on}): ${reason.says}.`,
  };
}

type Reason = Pick<StaleTask, 'because' | 'says' | 'runId' | 'nextTry'>;

function reasonOf(state: PlanState, base: TrackedBase): Reason {
  const { open, enabled, trigger } = state;
  const canonical = open.filter((run) => run.canonical);
  const going = canonical.find(({ phase }) => phase === 'Pinned') ?? canonical[0];
  if (going) return openReason(going);
  if (!enabled) return { because: 'disabled', says: 'the task is disabled' };
  if (trigger === 'Disabled')
    return { because: 'triggerDisabled', says: 'its base image trigger is disabled' };
  return lastReason(state, base);
}

const openReason = ({ runId, phase }: OpenRun): Reason =>
  phase === 'Pinned'
    ? { because: 'running', says: `run ${runId} is under way`, runId }
    : { because: 'queued', says: `run ${runId} is queued`, runId };

function lastReason(state: PlanState, { digest, newer }: TrackedBase): Reason {
  const { last } = state;
  if (!last || cut(digest) !== cut(newer!.digest))
    return { because: 'notStarted', says: 'no run was started for it; it is compared again within minutes' };
  const { runId, status, failures } = last;
  if (!hasFailed(status)) return { because: 'canceled', says: `run ${runId} ended ${status}`, runId };
  if (isStopped(state))
    return {
      because: 'stopped',
      says: `run ${runId} ended ${status}, ${failures} times in a row now: it is not tried again by itself`,
      runId,
    };
  const nextTry = nextTryOf(last);
  return {
    because: 'failed',
    says: `run ${runId} ended ${status}; it is tried again from ${nextTry} on`,
    runId,
    nextTry,
  };
}
