import { PlinthError } from './plinthError.ts';

/** A repository at GitHub or one of its enterprise servers. */
interface GithubRepository {
  host: string;
  /** `owner/repository` */
  name: string;
}

/** A repository at Azure DevOps Services or Server. */
export interface DevopsRepository {
  host: string;
  /** The path of the organization or collection: `/contoso`, `/tfs/DefaultCollection`; empty at a server's root. */
  organization: string;
  project: string;
  repository: string;
}

/** A repository URL that is not of its trigger's kind; the message names the form that is. */
export class SourceRepositoryError extends PlinthError {}

const refused = (url: string, form: string) =>
  new SourceRepositoryError(`The source repository ${url} is not read: it is to have the form ${form}.`);

/** A repository's URL without `#branch:folder`, user and query. @throws SourceRepositoryError */
export function repositoryUrl(text: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (!URL.canParse(full)) throw refused('given', 'https://host/path');
  const url = new URL(full);
  if (!/^https?:$/.test(url.protocol)) throw refused(`of ${url.host}`, 'https://host/path');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The branch that a repository's URL names after `#`; undefined where it is the default branch. */
export function branchOfUrl(text: string): string | undefined {
  const at = text.indexOf('#');
  return at < 0 ? undefined : text.slice(at + 1).split(':')[0] || undefined;
}

/** @throws SourceRepositoryError */
export function githubRepository(text: string): GithubRepository {
  const url = new URL(repositoryUrl(text));
  const found = /^\/([^/]+)\/([^/]+?)(?:\.git)?$/i.exec(url.pathname);
  if (!found) throw refused(url.href, 'https://github.com/owner/repository.git');
  return { host: url.host, name: `${found[1]}/${found[2]}` };
}

/**
 * `https://dev.azure.com/org/project/_git/repo`, `https://org.visualstudio.com/[DefaultCollection/]project/_git/repo`,
 * a server's `https://host/tfs/Collection/project/_git/repo`; a project's first repository may leave the project out.
 * @throws SourceRepositoryError
 */
export function devopsRepository(text: string): DevopsRepository {
  const url = new URL(repositoryUrl(text));
  const form = 'https://dev.azure.com/organization/project/_git/repository';
  const found = /^(.*)\/_git\/([^/]+)$/.exec(decoded(url.pathname) ?? '');
  if (!found) throw refused(url.href, form);
  const path = found[1]!.split('/').filter((part) => part !== '');
  const repository = found[2]!;
  const legacy = /^([^.]+)\.visualstudio\.com$/i.exec(url.hostname)?.[1];
  if (legacy) {
    const [project = repository] = path.filter((part) => part.toLowerCase() !== 'defaultcollection');
    return { host: 'dev.azure.com', organization: `/${legacy}`, project, repository };
  }
  const services = url.hostname.toLowerCase() === 'dev.azure.com';
  if (services && path.length === 1)
    return { host: url.host, organization: `/${path[0]}`, project: repository, repository };
  const project = path.at(-1);
  if (!project) throw refused(url.href, form);
  return {
    host: url.host,
    organization: path
      .slice(0, -1)
      .map((part) => `/${part}`)
      .join(''),
    project,
    repository,
  };
}

/** Undefined for a `%` that is no escape. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

type Provider = 'Github' | 'VisualStudioTeamService';

/** One text for each repository, to compare two URLs: case and host do not matter, hosts have aliases. */
export function repositoryKey(provider: Provider, url: string): string {
  if (provider === 'Github') return githubRepository(url).name.toLowerCase();
  const { organization, project, repository } = devopsRepository(url);
  const path = `${organization.replace(/\/defaultcollection$/i, '')}/${project}/${repository}`;
  return path.toLowerCase();
}
