import type { Pin } from '../../model/run.ts';
import { formatImageRef, ImageRefError, parseImageRef } from '../../names/imageRef.ts';
import { RegistryError } from '../../ports/registry.ts';
import type { CmdStep, TaskFile } from '../../taskFile/taskFile.ts';
import { BuildFault } from '../buildFault.ts';
import type { Job } from './buildPlan.ts';
import { pinAll } from './resolveDigests.ts';
import type { StepBases } from './taskFileBases.ts';

/**
 * The digests of the base images of a file. One that an earlier `cmd` step makes (`docker build`, `docker tag`) is in no
 * registry, or is another there: it is left as it is named.
 * @returns with a sentence for each that is not pinned
 * @throws BuildFault RegistryError for an image that no step before can make
 */
export async function pinBesideCommands(
  images: Omit<Pin, 'digest'>[],
  { steps }: TaskFile,
  bases: StepBases[],
  job: Job,
): Promise<{ pins: Pin[]; unpinned: string[] }> {
  const commandsBefore = (image: string) => {
    const users = bases.filter(({ found }) => found.all.includes(image)).map(({ at }) => at);
    return steps.slice(0, Math.min(...users)).filter((step) => step.kind === 'cmd');
  };
  const unpinned: string[] = [];
  const pins = await Promise.all(
    images.map(async (image) => {
      const commands = commandsBefore(image.image);
      try {
        if (!commands.some((command) => makes(command, image.image))) return await pinAll([image], job);
      } catch (error) {
        if (commands.length === 0 || !isMissing(error)) throw error;
      }
      unpinned.push(
        `Warning: base image ${image.image} is not tracked, nor pinned to a digest: a cmd step before makes it, or it is not there.`,
      );
      return [];
    }),
  );
  return { pins: pins.flat(), unpinned };
}

/** Docker Hub answers for what is not there as for what may not be read. */
const isMissing = (error: unknown) =>
  error instanceof BuildFault || (error instanceof RegistryError && !error.transient);

const makers = /^(build|tag|commit|import|load)$/;

/** Whether a command names an image in a call of docker that makes images. */
function makes({ command }: CmdStep, image: string): boolean {
  const all = command.args.flatMap((word) => word.split(/[\s;&|=]/));
  return all.some((word) => makers.test(word)) && all.some((word) => referenceOf(word) === image);
}

function referenceOf(word: string): string | undefined {
  try {
    return formatImageRef(parseImageRef(word));
  } catch (error) {
    if (error instanceof ImageRefError) return undefined;
    throw error;
  }
}
