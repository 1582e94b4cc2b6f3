import type { z } from 'zod';

/** A branch moved, or a pull request did, as a webhook tells. */
export interface SourceEvent {
  kind: 'commit' | 'pullrequest';
  /** `repositoryKey` of where it happened; undefined where the sender does not say. */
  repository?: string;
  /** The branch that moved; of a pull request, the one it is to be merged into. */
  branch: string;
  /** The branch that is to be built. */
  headBranch: string;
  /** Full id of the commit that is to be built. */
  commit: string;
  pullRequest?: string;
  /** The pull request comes from somebody else's repository. */
  fromFork?: boolean;
  defaultBranch?: string;
  /** What moved, in one text: another delivery of the same move has the same. */
  move: string;
}

/** A webhook's body, read. A push to Azure DevOps may move several branches. */
export type ReadDelivery = { id: string; events: SourceEvent[] } | { id: string; ignored: string };

/** The body is not what its sender sends; it would be the same the next time. */
export class SourceEventError extends Error {
  override name = 'SourceEventError';
}

/**
 * A webhook's body held against its schema.
 * @param what it should be, for the error: `push event of GitHub`
 * @throws SourceEventError naming each field that is wrong
 */
export function readBody<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the body'}: ${message}`,
  );
  throw new SourceEventError(`The body is no ${what}. ${faults.join('; ')}`);
}

/** A name of a branch from its ref; undefined for a tag or anything else. */
export const branchOf = (ref: string | undefined) => /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];

/** What git says for no commit: a branch is born or deleted. */
export const isNoCommit = (commit: string) => /^0+$/.test(commit);

/** @throws SourceEventError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SourceEventError('The body is not JSON.');
  }
}
