import type { HeldAnswer } from '../../../shared/graph/answers.ts';
import { apiOver, hostile, manyImages } from './fixtures.ts';
import { held } from './heldFixtures.ts';

const count = 10_000;
/** What each registry's first images are built on. */
const outside = 'docker.io/library/node:22';
/** So much is built on it as on no other. */
export const popular = '/page/task/team0acr/app-0';

/** An API over ten thousand images of ten registries, some of them stale or failed, one held, one with a hostile name. */
export function tenThousand() {
  const states = manyImages(count).map((state) =>
    state.registry === 'team0acr' && state.task === 'app-20'
      ? { ...state, outputs: [`team0acr.azurecr.io/${hostile}:main`] }
      : state,
  );
  const { value, ...others } = held();
  const answer: HeldAnswer = { ...others, value: [{ ...value[0]!, image: outside }, value[1]!] };
  return { states, api: apiOver({ states, instead: { '/held': { json: answer } } }) };
}
