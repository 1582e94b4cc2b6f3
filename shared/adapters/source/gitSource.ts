import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { ServerRef } from 'isomorphic-git';
import { describeLocation, describeUrl, type SourceLocation } from '../../names/sourceLocation.ts';
import { type FetchedSource, SourceError } from '../../ports/sourceContext.ts';
import { gitAuthorization, tokenAdvice } from './gitAuthorization.ts';
import { openPack } from './gitObjects.ts';
import { findFolder, writeTree } from './gitTree.ts';
import { GitProtocolError, GitRemoteError, packOf, uploadPackRequest } from './gitWire.ts';
import { answeredBadly, limited, type SourceResponse, sourceRequest } from './sourceHttp.ts';

interface GitFetch {
  token?: string | undefined;
  maxBytes: number;
  signal: AbortSignal;
  fetch: typeof fetch;
}

type GitLocation = Extract<SourceLocation, { kind: 'git' }>;

/**
 * Fetches one commit of a repository, without history, into `workDir`: over https with isomorphic-git, as a function
 * app has no git binary. It is loaded on first use. Submodules are named in `warnings` and not fetched.
 * @throws SourceError
 */
export async function fetchGit(
  location: GitLocation,
  workDir: string,
  options: GitFetch,
): Promise<Omit<FetchedSource, 'dispose'>> {
  const git = await import('isomorphic-git').then((module) => module.default);
  const what = describeLocation(location);
  const remote = await discover(git, location.url, options);
  const found = findRef(remote.refs, location.ref, describeUrl(location.url));
  const packFile = join(workDir, 'fetched.pack');
  await fetchPack(remote, found, { file: packFile, what }, options);
  const objects = await openPack(git, packFile, what, options.maxBytes);
  await rm(packFile);

  const commit = await objects.commit(found.oid).catch((cause) => {
    throw new SourceError('RefNotFound', `${what} is not a commit of this repository.`, { cause });
  });
  const root = join(workDir, 'context');
  await mkdir(root);
  const at = location.folder
    ? await findFolder(objects, commit.tree, location.folder, { what, ...options })
    : { path: '', tree: commit.tree };
  const { bytes, submodules } = await writeTree(objects, root, at, { what, ...options });
  const warnings =
    submodules.length === 0
      ? []
      : [`Submodules are not fetched; these folders are empty: ${submodules.join(', ')}.`];
  return {
    dir: join(root, at.path),
    commit: commit.oid,
    ...(found.branch === undefined ? {} : { branch: found.branch }),
    bytes,
    warnings,
  };
}

interface Remote {
  refs: ServerRef[];
  /** Where the repository really is, redirects followed. */
  url: string;
  authorization: string | undefined;
}

async function discover(
  git: typeof import('isomorphic-git'),
  url: string,
  options: GitFetch,
): Promise<Remote> {
  const authorization = options.token ? gitAuthorization(url, options.token) : undefined;
  let base = url;
  let kept = false;
  const request = async ({ url: asked }: { url: string }) => {
    const { fetch, signal } = options;
    const response = await sourceRequest({ url: asked, authorization, fetch, signal });
    await refuse(response, url, options.token !== undefined);
    base = response.url.replace(/\/info\/refs\?.*$/, '');
    kept = response.authorizationKept;
    // Read here: isomorphic-git would take a list that breaks off, or is too long, for one that ends.
    const list = limited(response.body, options.maxBytes, `The list of refs of ${describeUrl(url)}`);
    return {
      url: response.url,
      statusCode: response.status,
      statusMessage: response.statusText,
      headers: Object.fromEntries(response.headers),
      body: [await buffer(list)],
    };
  };
  try {
    const info = await git.getRemoteInfo2({ http: { request } as never, url, protocolVersion: 1 });
    return { refs: info.refs ?? [], url: base, authorization: kept ? undefined : authorization };
  } catch (cause) {
    throw asSourceError(cause, describeUrl(url), options.signal);
  }
}

/** Turns an answer that is no repository into what a person can do about it. */
async function refuse(response: SourceResponse, url: string, hasToken: boolean): Promise<void> {
  const where = describeUrl(url);
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  if (status === 200 && /^application\/x-git-upload-pack/.test(type)) return;
  await response.cancel();
  if (response.authorizationKept)
    throw new SourceError(
      'Unauthorized',
      `${where} redirects to ${new URL(response.url).origin}, where the token is not sent. Name that address as the context if you trust it.`,
    );
  // Azure DevOps answers a missing or expired token with 203 and its page for signing in.
  if (status === 401 || status === 403 || status === 203) {
    const why = hasToken ? `did not accept the token (${status})` : 'is private or does not exist';
    throw new SourceError('Unauthorized', `${where} ${why}. ${tokenAdvice(url)}`);
  }
  if (status === 404 || status === 410) {
    const hidden = hasToken ? ', or the token may not see it' : '';
    throw new SourceError('NotFound', `${where} does not exist${hidden}. ${tokenAdvice(url)}`);
  }
  if (status === 200)
    throw new SourceError('NotFound', `${where} is a page, not a git repository. Check the address.`);
  throw answeredBadly(where, response);
}

/** git's own order for a short name (gitrevisions(7)): as it is, below refs/, a tag, a branch. */
function findRef(refs: ServerRef[], ref: string | undefined, repository: string) {
  if (refs.length === 0)
    throw new SourceError('RefNotFound', `${repository} is empty: it has no commit yet.`);
  const byName = (name: string) => refs.find((candidate) => candidate.ref === name);
  const head = byName('HEAD');
  if (ref === undefined || ref === 'HEAD') {
    if (head === undefined)
      throw new SourceError(
        'RefNotFound',
        `${repository} has no default branch. Name one: ${repository}#main`,
      );
    return { oid: head.oid, branch: branchOf(head.target) };
  }
  const found =
    byName(ref) ?? byName(`refs/${ref}`) ?? byName(`refs/tags/${ref}`) ?? byName(`refs/heads/${ref}`);
  if (found) return { oid: found.oid, branch: branchOf(found.ref) };
  if (/^[0-9a-f]{40}$/i.test(ref)) return { oid: ref.toLowerCase(), branch: undefined, unlisted: refs };
  const short = /^[0-9a-f]{7,39}$/i.test(ref) ? ref.toLowerCase() : undefined;
  const tips = new Set(refs.map(({ oid }) => oid).filter((oid) => short && oid.startsWith(short)));
  if (tips.size === 1) return { oid: [...tips][0]!, branch: undefined };
  throw new SourceError('RefNotFound', `${repository} has no branch or tag "${ref}". ${hint(refs, short)}`);
}

const branchOf = (ref: string | undefined) => /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];

function hint(refs: ServerRef[], short: string | undefined): string {
  if (short) return 'A commit that no branch or tag points to needs all 40 digits.';
  const branches = refs.flatMap(({ ref }) => branchOf(ref) ?? []);
  const more = branches.length > 10 ? ` and ${branches.length - 10} more` : '';
  return `Its branches: ${branches.slice(0, 10).join(', ')}${more}.`;
}

/** Where a pack goes, and what errors call it. */
interface PackFile {
  file: string;
  what: string;
}

async function fetchPack(
  remote: Remote,
  found: { oid: string; unlisted?: ServerRef[] },
  pack: PackFile,
  options: GitFetch,
): Promise<void> {
  const { what } = pack;
  const listed = found.unlisted === undefined || found.unlisted.some(({ oid }) => oid === found.oid);
  try {
    await download(remote, uploadPackRequest([found.oid], 1), pack, options);
  } catch (cause) {
    if (listed || !(cause instanceof GitRemoteError)) throw asSourceError(cause, what, options.signal);
    // Not every server gives a commit that no ref points to; it is then somewhere in the history of the branches.
    const tips = found.unlisted!.filter(({ ref }) => /^refs\/(heads|tags)\//.test(ref)).map(({ oid }) => oid);
    await download(remote, uploadPackRequest([...new Set(tips)]), pack, options).catch((error) => {
      throw asSourceError(error, what, options.signal);
    });
  }
}

async function download(remote: Remote, body: Buffer, { file, what }: PackFile, options: GitFetch) {
  const { authorization } = remote;
  const { fetch, signal, maxBytes } = options;
  const headers = {
    'content-type': 'application/x-git-upload-pack-request',
    accept: 'application/x-git-upload-pack-result',
  };
  const url = `${remote.url}/git-upload-pack`;
  const response = await sourceRequest({ url, method: 'POST', headers, body, authorization, fetch, signal });
  await refuse(response, remote.url, authorization !== undefined);
  await pipeline(packOf(limited(response.body, maxBytes, what)), createWriteStream(file), { signal });
}

function asSourceError(cause: unknown, what: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (cause instanceof SourceError) return cause;
  if (cause instanceof GitRemoteError && /not our ref|no such commit|unadvertised/i.test(cause.message))
    return new SourceError('RefNotFound', `${what}: the repository has no such commit.`, { cause });
  const why =
    cause instanceof GitRemoteError || cause instanceof GitProtocolError ? cause.message : 'no git answer';
  return new SourceError('Unreachable', `${what} could not be fetched: ${why}. Try again later.`, { cause });
}
