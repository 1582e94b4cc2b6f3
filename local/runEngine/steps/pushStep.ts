import { imageName, localName } from '../build/imageName.ts';
import { pushImage } from '../build/pushImage.ts';
import type { PushStep } from '../taskFile/readTask.ts';
import { type OutputImage, RunFailure } from '../types.ts';
import type { StepWorld } from './stepWorld.ts';

/** ACR tries each push so often. */
const pushAttempts = 3;

/** Runs a `push` step. @throws RunFailure */
export async function runPush(step: PushStep, world: StepWorld, signal: AbortSignal): Promise<void> {
  const { work, pushed } = world;
  for (const name of step.push) {
    const image = imageOf(name);
    const full = `${image.registry}/${image.repository}:${image.tag}`;
    for (let attempt = 1; ; attempt++) {
      await work.log(`Pushing image: ${full}, attempt ${attempt}`);
      try {
        const key = `${pushed.length}-${step.id.replaceAll(/[^\w.-]/g, '_')}`;
        pushed.push(await pushImage(world, localName(full), image, key, signal));
        break;
      } catch (error) {
        // What is not in the store will not be there the next time.
        const missing = error instanceof RunFailure && /does not exist|image not known/.test(error.message);
        if (missing)
          throw new RunFailure(
            `step ${step.id}: there is no image ${full} in this run. Build it with -t ${full}.`,
          );
        if (!(error instanceof RunFailure) || attempt === pushAttempts) throw error;
        await work.log(error.message);
      }
    }
  }
}

/** As `docker push` reads it: a name without a registry is Docker Hub's. */
function imageOf(name: string): OutputImage {
  const { registry, repository, tag = 'latest' } = imageName(name);
  return { registry, repository, tag };
}
