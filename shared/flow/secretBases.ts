import { DockerfileError, type DockerfileOptions, findBaseImages } from '../dockerfile.ts';
import type { Argument } from '../model/task.ts';

/**
 * The base images of a Dockerfile, and which of them a secret argument names. Those are left to the engine: pinned,
 * their names would stand in the context; tracked, in runs and edges. ACR does not look at them either.
 * @throws DockerfileError in which no secret stands
 */
export function findWithSecrets(dockerfile: string, options: DockerfileOptions, given: Argument[]) {
  const secrets = given.filter(({ isSecret, value }) => isSecret && value !== '');
  try {
    const found = findBaseImages(dockerfile, options);
    return { found, secret: secrets.length === 0 ? [] : namedBy(secrets, found.all, dockerfile, options) };
  } catch (error) {
    if (!(error instanceof DockerfileError) || !secrets.some(({ value }) => holds(error.message, value)))
      throw error;
    throw new DockerfileError(
      error.line,
      `what the secret argument ${secrets.map(({ name }) => name).join(' or ')} stands for cannot be used here`,
    );
  }
}

/** A name that is another one as soon as the secrets have other values. */
function namedBy(
  secrets: Argument[],
  images: string[],
  dockerfile: string,
  options: DockerfileOptions,
): string[] {
  const others = Object.fromEntries(secrets.map(({ name }, at) => [name, `other${at}`]));
  try {
    const { all } = findBaseImages(dockerfile, {
      ...options,
      buildArgs: { ...options.buildArgs, ...others },
    });
    return images.filter((image) => !all.includes(image));
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
    // The other values fit no name: a digest, for one.
    return images.filter((image) => secrets.some(({ value }) => holds(image, value)));
  }
}

const holds = (text: string, secret: string) => text.toLowerCase().includes(secret.toLowerCase());
