import type { EngineRegistry, OutputImage } from '../types.ts';
import { badRequest } from './armError.ts';

const repositoryPattern =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

/**
 * The images a run is to make: `{{.Run.ID}}` and its like filled in, the registry's login server put before a name
 * that has none and is not in Docker Hub's `library/`, `latest` for no tag.
 * @param otherServers login servers the run has credentials for, which an image name may begin with
 * @throws ArmError 400 for what is no image name
 */
export function targetImages(
  imageNames: string[],
  run: { runId: string; createTime: Date; os: string; architecture: string },
  registry: Pick<EngineRegistry, 'name' | 'loginServer'>,
  otherServers: string[],
): OutputImage[] {
  const stamp = run.createTime.toISOString();
  const values: Record<string, string> = {
    'Run.ID': run.runId,
    'Build.ID': run.runId,
    'Run.Registry': registry.loginServer,
    'Run.RegistryName': registry.name,
    'Run.Date': `${stamp.slice(0, 10).replaceAll('-', '')}-${stamp.slice(11, 19).replaceAll(':', '')}z`,
    'Run.OS': run.os.toLowerCase(),
    'Run.Architecture': run.architecture,
  };
  return imageNames.map((name) => {
    const filled = name.replace(/\{\{-?\s*\.([\w.]+)\s*-?\}\}/g, (whole, key: string) => {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value === undefined)
        throw badRequest(
          `The image name '${name}' holds ${whole}, which a quick build does not have.`,
          'imageNames',
        );
      return value;
    });
    const server = [registry.loginServer, ...otherServers].find((known) => filled.startsWith(`${known}/`));
    const local = server === undefined ? filled : filled.slice(server.length + 1);
    const colon = local.lastIndexOf(':');
    const repository = colon < 0 ? local : local.slice(0, colon);
    const tag = colon < 0 ? 'latest' : local.slice(colon + 1);
    if (repository.length > 255 || !repositoryPattern.test(repository) || !tagPattern.test(tag))
      throw badRequest(`'${filled}' is not an image name of the form repository:tag.`, 'imageNames');
    const unnamed = repository.startsWith('library/') ? 'docker.io' : registry.loginServer;
    return { registry: server ?? unnamed, repository, tag };
  });
}
