import { causeOf } from '../../model/cause.ts';
import { platformText } from '../../model/platform.ts';
import type { Run } from '../../model/run.ts';
import type { TaskState } from '../../model/state.ts';
import type { Task } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import { isQuarantined, type Terms, unchangedText } from '../../rules/bases/admission.ts';
import { isSameFor } from '../../rules/bases/sightings.ts';
import { inputsOf, type Reading } from '../../rules/taskState.ts';
import { learnContents } from '../push/learnContents.ts';
import { termsNow } from '../push/see.ts';
import { taskLogin } from '../secrets/taskLogin.ts';

/** What a run for base images that moved would build again. */
interface Again {
  state: TaskState;
  /** As it is stored. */
  task: Task | undefined;
  /** The digests that were just read. */
  reading: Reading | undefined;
}

/**
 * Why a run for base images that moved has nothing to build, and what its task stays on; undefined where it has. Of what
 * differs from the newest success the registry is asked whether it has changed, where that is not known from the push.
 */
export async function nothingToBuild(
  run: Run,
  { state, task, reading }: Again,
  ports: Ports,
): Promise<{ reason: string; reading: Reading } | undefined> {
  const { built, unsure } = state;
  if (causeOf(run).kind !== 'imageUpdate' || unsure || !reading || !built) return undefined;
  if (inputsOf(reading.pins) === inputsOf(built.pins))
    return { reason: `${built.runId} was built on the same base images already`, reading };
  if (reading.pins.length !== built.pins.length) return undefined;
  const before = new Map(built.pins.map(({ image, digest }) => [image, digest]));
  const moved = reading.pins.filter(({ image, digest }) => before.get(image) !== digest);
  const terms = await termsNow(ports);
  if (built.pins.some(({ digest }) => isQuarantined(digest, terms))) return undefined;
  for (const { image, digest } of moved)
    if (!(await isSame(image, [before.get(image), digest], { state, task, terms }, ports))) return undefined;
  const reason = moved.map(({ image }) => unchangedText(image, state)).join(', ');
  return { reason, reading: { ...reading, pins: built.pins } };
}

async function isSame(
  image: string,
  [before, now]: [string | undefined, string],
  { state, task: stored, terms }: Pick<Again, 'state' | 'task'> & { terms: Terms },
  ports: Ports,
): Promise<boolean> {
  const seen = (await ports.store.sightings(image))?.value;
  if (!seen || before === undefined) return false;
  const platform = platformText(state.platform);
  const { registry, task } = state;
  const learned = await learnContents(
    seen,
    { digests: [before, now], platforms: [platform] },
    () => taskLogin(image.split('/')[0]!, { registry, task, stored }, ports),
    ports,
  );
  return (
    isSameFor(learned, [before, now], platform) && !isQuarantined(before, terms, { seen: learned, platform })
  );
}
