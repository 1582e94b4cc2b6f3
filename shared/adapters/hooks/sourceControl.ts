import { devopsRepository, githubRepository } from '../../names/sourceRepository.ts';
import { type SourceControl, SourceControlError } from '../../ports/sourceControl.ts';
import { registerDevopsHook, removeDevopsHook } from './azureDevopsHooks.ts';
import { registerGithubHook, removeGithubHook } from './githubHooks.ts';

/**
 * The webhooks of GitHub and Azure DevOps.
 * @param apis by the host of a repository, with its port or without, where its server's REST API is: what is not
 * github.com, *.ghe.com or Azure
 * DevOps Services must be named, so that a token goes only to a server that the settings name
 * @param fetch checks the address of every connection
 */
export function createSourceControl(
  apis: Record<string, string>,
  fetch: typeof globalThis.fetch,
): SourceControl {
  const apiOf = (host: string, known: string | undefined, example: string): string => {
    const name = host.toLowerCase();
    const api = apis[name] ?? apis[name.replace(/:\d+$/, '')] ?? known;
    if (api) return api.replace(/\/$/, '');
    throw new SourceControlError(
      `PLINTH_SOURCE_CONTROL_APIS does not name the REST API of ${host} ({"${host}": "${example}"})`,
      { transient: false },
    );
  };
  const github = (url: string) => {
    const { host, name } = githubRepository(url);
    return { api: apiOf(host, githubApi(host.toLowerCase()), `https://${host}/api/v3`), name, fetch };
  };
  const devops = (url: string) => {
    const repository = devopsRepository(url);
    const { host } = repository;
    const known = host.toLowerCase() === 'dev.azure.com' ? 'https://dev.azure.com' : undefined;
    return { api: apiOf(host, known, `https://${host}`), fetch, ...repository };
  };
  return {
    register: async (hook, secret, token) =>
      hook.provider === 'Github'
        ? registerGithubHook(github(hook.repositoryUrl), hook, secret, token)
        : registerDevopsHook(devops(hook.repositoryUrl), hook, secret, token),
    remove: async (hook, token) =>
      hook.provider === 'Github'
        ? removeGithubHook(github(hook.repositoryUrl), hook, token)
        : removeDevopsHook(devops(hook.repositoryUrl), hook, token),
  };
}

/** Enterprise Cloud with data residency has its API beside the host. */
function githubApi(host: string): string | undefined {
  if (host === 'github.com') return 'https://api.github.com';
  return host.endsWith('.ghe.com') ? `https://api.${host}` : undefined;
}
