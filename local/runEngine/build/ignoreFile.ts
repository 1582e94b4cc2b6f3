import { access } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The option by which buildah leaves out what Docker does: by `NAME.dockerignore` beside the Dockerfile, else by
 * `.dockerignore` of the context. buildah would put `.containerignore`, which Docker does not have, before it.
 * @param dockerfile as the build names it; one that is a link has its ignore file beside the link
 */
export async function ignoreFlags(dockerfile: string, contextDir: string): Promise<string[]> {
  for (const file of [`${dockerfile}.dockerignore`, join(contextDir, '.dockerignore')]) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return ['--ignorefile', file];
  }
  return ['--ignorefile', '/dev/null'];
}
