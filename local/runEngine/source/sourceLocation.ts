import { badRequest, notImplemented } from '../api/armError.ts';
import { sourcePattern } from '../run/blobs.ts';

/** Where a build's source is. */
export type SourceLocation =
  | { kind: 'upload'; relativePath: string }
  | { kind: 'archive'; url: URL }
  | { kind: 'git'; url: URL; ref: string | undefined; folder: string };

/** What git would take for an option or another revision syntax is no ref. */
const refPattern = /^[A-Za-z0-9_][\w./+@=-]*$/;

/**
 * Reads a `sourceLocation`: a relativePath of listBuildSourceUploadUrl, the URL of a tar.gz, or a git URL
 * `https://host/repo.git#ref:folder`.
 * @throws ArmError 400
 */
export function parseSourceLocation(text: string): SourceLocation {
  const refuse = (why: string) => badRequest(`The sourceLocation ${why}.`, 'sourceLocation');
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    if (sourcePattern.test(text)) return { kind: 'upload', relativePath: text };
    throw refuse(
      'is neither a relativePath given by listBuildSourceUploadUrl nor the URL of a tar.gz or a git repository',
    );
  }
  if (text.startsWith('oci://'))
    throw notImplemented('This run engine takes no oci:// sources.', 'sourceLocation');
  if (!URL.canParse(text)) throw refuse('is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refuse('must begin with https:// (or http://)');
  const isGit =
    url.pathname.endsWith('.git') ||
    url.pathname.includes('/_git/') ||
    (url.hostname === 'github.com' && /^\/[^/]+\/[^/]+\/?$/.test(url.pathname));
  if (!isGit) return { kind: 'archive', url };
  const fragment = decodeURIComponent(url.hash.slice(1));
  url.hash = '';
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  const folder = colon < 0 ? '' : fragment.slice(colon + 1);
  if (ref !== '' && (!refPattern.test(ref) || ref.includes('..')))
    throw refuse('names no branch, tag or commit behind #');
  if (folder.split('/').includes('..')) throw refuse('names a folder outside the repository');
  return { kind: 'git', url, ref: ref === '' ? undefined : ref, folder };
}

/** The readable members of a SAS: version, dates, permissions. */
const openMembers = new Set([
  'sv',
  'st',
  'se',
  'sp',
  'sr',
  'spr',
  'sip',
  'skoid',
  'sktid',
  'skt',
  'ske',
  'sks',
  'skv',
]);

/** The secret parts of a location: the token before the host (or the password of a user), and those in the query. */
export function secretsOf(location: SourceLocation): string[] {
  if (location.kind === 'upload') return [];
  const { url } = location;
  const query = url.search
    .slice(1)
    .split('&')
    .filter((pair) => !openMembers.has(pair.split('=')[0]!))
    .map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [url.password || url.username, ...query]
    .filter((part) => part !== '')
    .flatMap((part) => [part, decode(part)]);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
