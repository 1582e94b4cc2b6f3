import { PlinthError } from './plinthError.ts';
/** Where a build context lies, as a task's contextPath names it. */
export type SourceLocation =
  | { kind: 'git'; url: string; ref?: string; folder?: string }
  | { kind: 'archive'; url: string }
  | { kind: 'upload'; relativePath: string }
  | { kind: 'none' };

/** A contextPath that cannot be used; the message never holds a password or a query string. */
export class SourceLocationError extends PlinthError {
  readonly code: 'Invalid' | 'NotSupported' | 'HoldsSecret';
  constructor(code: SourceLocationError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const invalid = (message: string) => new SourceLocationError('Invalid', message);
const useHttps =
  'Name the repository as https://host/owner/repository.git and give the token as contextAccessToken.';

/**
 * Reads a contextPath by the rules of `docker build` and of ACR's runner: `….git#ref:folder`, Azure DevOps' `/_git/`
 * and `owner/repository` at GitHub and the like without a suffix, `github.com/…` without a scheme, any other http(s) URL a tar archive, no scheme an uploaded one,
 * `/dev/null` no context. A ref may be a branch, a tag, a full ref or a commit; without one it is the default branch.
 * Source: Azure/acr-builder util/url.go and scan/git.go, azure-cli acr/_archive_utils.py.
 * @throws SourceLocationError
 */
export function parseSourceLocation(contextPath: string): SourceLocation {
  if (contextPath.toLowerCase() === '/dev/null') return { kind: 'none' };
  if (contextPath === '' || /[\s\x00-\x1f\x7f]/.test(contextPath))
    throw invalid('The context path is empty or holds a blank or control character. Write a blank as %20.');
  if (/^oci:\/\//i.test(contextPath))
    throw new SourceLocationError(
      'NotSupported',
      'A context in a registry (oci://…) is not supported. Use a git repository or a tar.gz over https.',
    );
  if (/^(ssh|git|git\+ssh|svn|file):/i.test(contextPath) || /^[^/:]+@[^/:]+:/.test(contextPath))
    throw new SourceLocationError('NotSupported', `A context is fetched over https only. ${useHttps}`);

  const full = /^github\.com\//i.test(contextPath) ? `https://${contextPath}` : contextPath;
  if (/^https?:\/\//i.test(full)) return parseUrl(full, full !== contextPath);
  if (/^[a-z][a-z0-9+.-]*:/i.test(full))
    throw new SourceLocationError('NotSupported', 'The context path must be an https:// URL.');
  return parseUpload(contextPath);
}

function parseUrl(text: string, schemeLeftOut: boolean): SourceLocation {
  if (!URL.canParse(text)) throw invalid('The context path is not a URL that can be read.');
  const url = new URL(text);
  dropUser(url);
  const fragment = url.hash.slice(1);
  url.hash = '';
  const path = url.pathname.replace(/\/+$/, '');
  const looksLikeGit =
    /\.git$/i.test(path) ||
    /\/_git\/[^/]+$/i.test(path) ||
    isHostedRepository(url.hostname, path) ||
    schemeLeftOut;
  if (looksLikeGit && url.search === '') {
    url.pathname = path;
    return { kind: 'git', url: url.href, ...parseFragment(fragment) };
  }
  if (fragment !== '')
    throw invalid(
      `${describeUrl(url.href)} is taken for an archive, which has no #ref:folder. A git context ends in .git.`,
    );
  return { kind: 'archive', url: url.href };
}

/** At the hosts of repositories that ACR names, `owner/repository` is one without `.git` too. */
const isHostedRepository = (host: string, path: string) =>
  /^((www\.)?github\.com|[^.]+\.ghe\.com|gitlab\.com|bitbucket\.org)$/i.test(host) &&
  /^\/[^/]+\/[^/]+$/.test(path) &&
  !/\.(tar|tgz|gz)$/i.test(path);

/** Azure DevOps shows clone URLs as `https://org@dev.azure.com/org/…`; any other user may be a token. */
function dropUser(url: URL) {
  if (url.username === '' && url.password === '') return;
  const organization = /^dev\.azure\.com$/i.test(url.hostname)
    ? url.pathname.split('/')[1]
    : /^([^.]+)\.visualstudio\.com$/i.exec(url.hostname)?.[1];
  if (url.password !== '' || url.username.toLowerCase() !== organization?.toLowerCase())
    throw new SourceLocationError(
      'HoldsSecret',
      `The context path for ${url.host} holds a user name or password. Take it out, give the token as contextAccessToken, and revoke it if it was real: paths are stored and shown.`,
    );
  url.username = '';
}

function parseFragment(fragment: string): { ref?: string; folder?: string } {
  let text: string;
  try {
    text = decodeURIComponent(fragment);
  } catch {
    throw invalid('The part after # of the context path has a % that is no escape. Write % as %25.');
  }
  const colon = text.indexOf(':');
  const ref = colon < 0 ? text : text.slice(0, colon);
  const folder = colon < 0 ? undefined : parseFolder(text.slice(colon + 1));
  // git-check-ref-format(1), as far as it keeps a ref from being read as anything else.
  if (/[\s\x00-\x1f\x7f~^?*[\\]|\.\.|@\{/.test(ref) || /^[-/]|\/$|\.lock$/.test(ref))
    throw invalid(`"${ref}" in the context path cannot be a branch, a tag or a commit.`);
  return { ...(ref === '' ? {} : { ref }), ...(folder === undefined ? {} : { folder }) };
}

function parseFolder(text: string): string | undefined {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || /[\\\x00-\x1f\x7f]/.test(text))
    throw invalid(`The folder "${text}" of the context path leaves the repository or is no path.`);
  return parts.length === 0 ? undefined : parts.join('/');
}

function parseUpload(path: string): SourceLocation {
  const fits = /^[A-Za-z0-9._~/-]+$/.test(path) && !path.startsWith('/');
  if (!fits || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw invalid(
      `${/[@?#]/.test(path) ? 'The context path' : `"${path}"`} is neither a URL nor the relativePath of an upload. A local directory is uploaded first, as az acr build does.`,
    );
  return { kind: 'upload', relativePath: path };
}

/** Scheme, host and port of what a context is fetched from; undefined where that is no server that a task names. */
export function originOf(contextPath: string | undefined): string | undefined {
  try {
    const location = parseSourceLocation(contextPath ?? '/dev/null');
    return location.kind === 'git' || location.kind === 'archive' ? new URL(location.url).origin : undefined;
  } catch (error) {
    if (error instanceof SourceLocationError) return undefined;
    throw error;
  }
}

/** A URL fit for messages and logs: without query string (it may be a SAS), user and fragment. */
export function describeUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** A location fit for messages and logs. */
export function describeLocation(location: SourceLocation): string {
  if (location.kind === 'none') return 'no context (/dev/null)';
  if (location.kind === 'upload') return `upload ${location.relativePath}`;
  if (location.kind === 'archive') return describeUrl(location.url);
  const { ref = '', folder } = location;
  const fragment = folder === undefined ? ref : `${ref}:${folder}`;
  return describeUrl(location.url) + (fragment === '' ? '' : `#${fragment}`);
}

/** A contextPath fit for messages and logs. */
export const describeContext = (contextPath: string | undefined) =>
  describeLocation(parseSourceLocation(contextPath ?? '/dev/null'));
