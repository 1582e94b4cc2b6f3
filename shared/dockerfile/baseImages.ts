import { ImageRefError, parseImageRef } from '../names/imageRef.ts';
import { buildGraph, type Graph } from './graph.ts';
import { type Pins, pinnedName, writePins } from './pin.ts';
import { type Options, readStages } from './stages.ts';
import { requestedFrontend } from './syntax/directives.ts';
import { DockerfileError } from './syntax/errors.ts';
import { sourceOf } from './syntax/lines.ts';

export { DockerfileError };

/** The inputs of a build besides the file: `--build-arg`, `--target` and `--platform`. */
export type DockerfileOptions = Options;

/** `runtime`: the base images of the target itself; empty is scratch. `all`: every image that its build needs. */
export type BaseImages = { runtime: string[]; all: string[] };

/**
 * Finds the base images of a Dockerfile as its builder does (BuildKit, where none is named), as whole references
 * (`docker.io/library/alpine:3.18`) in
 * the order in which the file names them. Throws a DockerfileError where BuildKit would refuse the file.
 *
 * ONBUILD inside an external image is not found: it is not in the file.
 */
export function findBaseImages(dockerfile: string, options: DockerfileOptions = {}): BaseImages {
  return imagesOf(buildGraph(readStages(dockerfile, options), options));
}

/**
 * The same Dockerfile with every image that the target needs named `name@digest`, its tag dropped, wherever it is
 * named: FROM (also through an ARG), COPY --from, a mount, ONBUILD. All else stays byte for byte.
 *
 * `pins` gives a digest for each reference that `findBaseImages` finds. A reference that has a digest already needs
 * none, and is then left alone; so is one whose pin is null, which the same run makes. Throws a DockerfileError
 * where a pin is missing.
 */
export function pinBaseImages(dockerfile: string, options: DockerfileOptions & { pins: Pins }): string {
  const { pins } = options;
  const graph = buildGraph(readStages(dockerfile, options), options);
  const pinned = writePins(dockerfile, graph.needed, pins);
  const expected = imagesOf(graph, (state) => pinnedName(state.image!, state.site, pins));
  // Rather no answer than a file that builds something else, as where a line became too long for BuildKit.
  const found = findBaseImages(pinned, options);
  for (const kind of ['runtime', 'all'] as const) {
    if (found[kind].join() !== expected[kind].join())
      throw new DockerfileError(1, 'its images cannot be pinned');
  }
  return pinned;
}

/**
 * A warning for files that another frontend than Docker's own would read (`# syntax=`, or the build argument
 * BUILDKIT_SYNTAX): it may find other images.
 */
export function frontendWarning(dockerfile: string, options: DockerfileOptions = {}): string | undefined {
  const argument = options.buildArgs?.BUILDKIT_SYNTAX;
  const frontend = argument || requestedFrontend(dockerfile);
  if (frontend === undefined || isDockerfileFrontend(frontend)) return undefined;
  return `The file is read by the frontend ${frontend}; its base images were found as docker/dockerfile finds them.`;
}

function isDockerfileFrontend(image: string): boolean {
  try {
    const { registry, repository, tag } = parseImageRef(image);
    return registry === 'docker.io' && repository === 'docker/dockerfile' && !(tag ?? '').endsWith('labs');
  } catch (error) {
    if (error instanceof ImageRefError) return false;
    throw error;
  }
}

function imagesOf({ target, needed }: Graph, nameOf = (state: Graph['target']) => state.image!): BaseImages {
  let root = target;
  while (root.base !== undefined) root = root.base;
  const inOrder = needed
    .filter((state) => state.image !== undefined)
    .map((state) => ({ name: nameOf(state), place: placeOf(state) }))
    .sort((one, other) => one.place - other.place);
  return {
    runtime: root.image === undefined ? [] : [nameOf(root)],
    all: [...new Set(inOrder.map(({ name }) => name))],
  };
}

function placeOf({ site: { line, at, flag } }: Graph['target']): number {
  const offset = flag === undefined ? at.start : flag.written.start;
  return sourceOf(line, offset, offset + 1)[0]?.source ?? 0;
}
