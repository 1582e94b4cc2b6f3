import { DockerfileError, type DockerfileOptions, findBaseImages } from '../../dockerfile/baseImages.ts';
import type { Argument } from '../../model/task.ts';

/**
 * The base images of a Dockerfile, and which of them a secret argument names. Those are left to the engine: pinned,
 * their names would stand in the context; tracked, in runs and edges. ACR does not look at them either.
 * @throws DockerfileError in which no secret stands
 */
export function findWithSecrets(dockerfile: string, options: DockerfileOptions, given: Argument[]) {
  const secrets = given.filter(({ isSecret, value }) => isSecret && value !== '');
  try {
    const found = findBaseImages(dockerfile, options);
    return { found, secret: namedBy(secrets, found.all, dockerfile, options) };
  } catch (error) {
    if (!(error instanceof DockerfileError) || !secrets.some(({ value }) => holds(error.message, value)))
      throw error;
    throw new DockerfileError(
      error.line,
      `what the secret argument ${secrets.map(({ name }) => name).join(' or ')} stands for cannot be used here`,
    );
  }
}

/** For the run's log. */
export const secretBaseNote =
  'Warning: a base image that a secret argument names is neither pinned nor tracked, as its name would be shown.';

/** A name that is another one as soon as a secret has another value. */
function namedBy(
  secrets: Argument[],
  images: string[],
  dockerfile: string,
  options: DockerfileOptions,
): string[] {
  const withOthers = (others: Record<string, string>) =>
    readable(dockerfile, { ...options, buildArgs: { ...options.buildArgs, ...others } });
  const used = dockerfile + JSON.stringify(options.buildArgs);
  const others: Record<string, string> = {};
  const found: string[][] = [];
  const unfit: string[] = [];
  for (const [at, { name, value }] of secrets.entries()) {
    const other = othersFor(value, at, used).find((other) => withOthers({ [name]: other }));
    if (other === undefined) unfit.push(value);
    else {
      others[name] = other;
      found.push(withOthers({ [name]: other })!);
    }
  }
  // Two secrets of one value name the same image, which stays when one of them is another.
  found.push(withOthers(others) ?? images);
  const isNamed = (image: string) =>
    found.some((all) => !all.includes(image)) || unfit.some((value) => holds(image, value));
  return images.filter(isNamed);
}

/** The images of a Dockerfile; undefined where it cannot be read so. */
function readable(dockerfile: string, options: DockerfileOptions): string[] | undefined {
  try {
    return findBaseImages(dockerfile, options).all;
  } catch (error) {
    if (error instanceof DockerfileError) return undefined;
    throw error;
  }
}

/** Other values for a secret, one of which may fit where it stands: a word, or what has the shape of its digest. */
function othersFor(secret: string, at: number, used: string): string[] {
  let word = `other${at}`;
  while (holds(used, word)) word += 'x';
  const turned = (text: string) => text.replace(/[0-9a-f]/g, (digit) => (digit === '0' ? '1' : '0'));
  return [word, secret.replace(/[0-9a-f]{32,}/g, turned), turned(secret)].filter((other) => other !== secret);
}

const holds = (text: string, secret: string) => text.toLowerCase().includes(secret.toLowerCase());
