import type { z } from 'zod';
import { faultsOf } from '../model/faultsOf.ts';
import { isTooDeep, tooDeep } from '../names/jsonValue.ts';
import { PlinthError } from '../names/plinthError.ts';

/** A branch or a pull request that moved, read from a webhook. */
export interface SourceEvent {
  kind: 'commit' | 'pullrequest';
  /** `repositoryKey` of where it happened; undefined where the delivery does not name it. */
  repository?: string;
  /** The branch that moved; of a pull request, the one it is to be merged into. */
  branch: string;
  /** The branch that is to be built. */
  headBranch: string;
  /** Full id of the commit that is to be built. */
  commit: string;
  pullRequest?: string;
  /** The pull request comes from a fork. */
  fromFork?: boolean;
  defaultBranch?: string;
  /** What moved, in one text: another delivery of the same move has the same. */
  move: string;
}

/** A webhook's body, read. A push to Azure DevOps may move several branches. */
export type ReadDelivery = { id: string; events: SourceEvent[] } | { id: string; ignored: string };

/** The body is not what its sender sends; it would be the same the next time. */
export class SourceEventError extends PlinthError {}

/**
 * A webhook's body held against its schema.
 * @param what it should be, for the error: `push event of GitHub`
 * @throws SourceEventError naming each field that is wrong
 */
export function readBody<T>(schema: z.ZodType<T>, json: unknown, what: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new SourceEventError(`The body is no ${what}. ${faultsOf(parsed.error).join('; ')}`);
}

/** A name of a branch from its ref; undefined for a tag or anything else. */
export const branchOf = (ref: string | undefined) => /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];

/** Git's id for no commit: the branch was created or deleted. */
export const isNoCommit = (commit: string) => /^0+$/.test(commit);

/** @throws SourceEventError */
export function parseJson(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new SourceEventError('The body is not JSON.');
  }
  if (isTooDeep(json)) throw new SourceEventError(`The body has ${tooDeep}.`);
  return json;
}
