import { readFile } from 'node:fs/promises';
import type { PushedImage, RunWork } from '../types.ts';
import { imageName } from './imageName.ts';
import { registryApi, sha256 } from './registryApi.ts';
import { scanDockerfile } from './scanDockerfile.ts';

/**
 * What ACR prints at the end of a build: the images it made and their base images, with the digests that their tags
 * have now. As in ACR the scan is for information: what cannot be found out is left out, and the run does not fail.
 * @param dockerfile the Dockerfile's path
 */
export async function printDependencies(
  work: RunWork,
  dockerfile: string,
  pushed: PushedImage[],
  ca: string,
): Promise<void> {
  const { request, log } = work;
  try {
    const text = await readFile(dockerfile, 'utf8');
    const found = scanDockerfile(text, request.arguments, request.target);
    const described = async (image: string) => {
      const { registry, repository, tag, digest } = imageName(image);
      const endpoint = work.endpoints.get(registry) ?? `https://${registry}`;
      const api = registryApi(endpoint, work.logins.get(registry), ca, work.signal);
      const now = digest ?? sha256((await api.manifest(repository, tag ?? 'latest')).body);
      return { registry, repository, tag: tag ?? '', digest: now };
    };
    const runtime = found.runtime === undefined ? undefined : await described(found.runtime);
    const buildtime = await Promise.all(found.buildtime.map(described));
    await log('The following dependencies were found:');
    for (const image of pushed) {
      await block(log, '- image:', image);
      if (runtime) await block(log, '  runtime-dependency:', runtime);
      if (buildtime.length > 0) await log('  buildtime-dependency:');
      for (const base of buildtime) await block(log, '  -', base);
    }
  } catch (error) {
    await log(`Unable to scan the dependencies: ${(error as Error).message}`);
  }
}

async function block(log: RunWork['log'], head: string, image: PushedImage): Promise<void> {
  const lines = (['registry', 'repository', 'tag', 'digest'] as const).map((key) => `${key}: ${image[key]}`);
  if (head === '  -') {
    const [first, ...rest] = lines;
    for (const line of [`  - ${first}`, ...rest.map((text) => `    ${text}`)]) await log(line);
    return;
  }
  await log(head);
  for (const line of lines) await log(`    ${line}`);
}
