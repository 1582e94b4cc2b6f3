import type { PlanState } from '../model/state.ts';
import { type Terms, wouldHold } from '../rules/bases/admission.ts';
import { pausedBy, pausedTask } from '../rules/bases/policies.ts';
import { decideOnPush } from '../rules/decideOnPush.ts';
import type { PlanAnswer } from './answers.ts';
import { anyPush, planOf } from './planOf.ts';

/**
 * What a push of some images would rebuild, and what policies would hold of it: where an image or a task is paused
 * nothing starts, and of an image with a minimum age the waves begin when the digest has it. Pure, for the server and for
 * a browser.
 * @param states of all tasks that may be built on the images, as `planOf` takes them
 * @param images normalised references
 * @param pace runs that a registry may have at once
 */
export function planUnder(
  states: Iterable<PlanState>,
  images: string[],
  pace: number,
  { policies, now }: Pick<Terms, 'policies' | 'now'>,
): PlanAnswer {
  const plan = planOf(states, images, pace, (image, state) => {
    const choice = decideOnPush(anyPush(image), state);
    const paused = pausedBy(image, policies) ?? pausedTask(state, policies);
    return choice.do === 'skip' || paused === undefined ? choice : { do: 'hold', reason: paused };
  });
  const heldFor = new Map(images.map((image) => [image, wouldHold(image, policies, now)]));
  const young = plan.waves.flatMap(({ tasks }) =>
    tasks.flatMap(({ registry, task, image }) => {
      const held = heldFor.get(image);
      return held ? [{ registry, task, ...held }] : [];
    }),
  );
  const held = [...(plan.held ?? []), ...young];
  return { ...plan, ...(held.length > 0 && { held }) };
}
