import { z } from 'zod';
import { githubRepository, SourceRepositoryError } from '../names/sourceRepository.ts';
import {
  branchOf,
  isNoCommit,
  parseJson,
  type ReadDelivery,
  readBody,
  SourceEventError,
} from './sourceChange.ts';

const commitId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/);

const Repository = z.object({
  full_name: z.string(),
  clone_url: z.string().optional(),
  default_branch: z.string().optional(),
  pushed_at: z.union([z.number(), z.string()]).optional(),
});

const Push = z.object({
  ref: z.string(),
  before: z.string(),
  after: commitId,
  deleted: z.boolean().optional(),
  repository: Repository,
});

const Head = z.object({
  ref: z.string(),
  sha: commitId,
  /** null when the fork was deleted. */
  repo: z.object({ full_name: z.string() }).nullish(),
});

const PullRequest = z.object({
  action: z.string(),
  number: z.number().int(),
  pull_request: z.object({ head: Head, base: z.object({ ref: z.string() }) }),
  repository: Repository,
});

/** The actions after which a pull request has something new to build; ACR's list also has labels and the like. */
const movingActions = ['opened', 'synchronize', 'reopened'];

/**
 * A delivery of GitHub's: `push` and `pull_request` are read, anything else is ignored with a reason. Source:
 * docs.github.com, "Webhook events and payloads".
 * @param event the header X-GitHub-Event
 * @param id the header X-GitHub-Delivery, a GUID that a redelivery keeps
 * @param body JSON, or the same as `payload` of a form, which is GitHub's default for hooks made by hand
 * @throws SourceEventError
 */
export function parseGithubDelivery(event: string, id: string, body: string): ReadDelivery {
  if (!event || !id)
    throw new SourceEventError('The headers X-GitHub-Event and X-GitHub-Delivery are missing.');
  if (event === 'ping') return { id, ignored: 'pong' };
  const json = parseJson(
    body.startsWith('payload=') ? (new URLSearchParams(body).get('payload') ?? '') : body,
  );
  if (event === 'push') return parsePush(id, json);
  if (event === 'pull_request') return parsePullRequest(id, json);
  return { id, ignored: `${event} starts nothing` };
}

function parsePush(id: string, json: unknown): ReadDelivery {
  const { ref, before, after, deleted, repository } = readBody(Push, json, 'push event of GitHub');
  const branch = branchOf(ref);
  if (!branch) return { id, ignored: `${ref} is no branch` };
  if (deleted || isNoCommit(after)) return { id, ignored: `${branch} was deleted` };
  const move = `push ${branch} ${before}..${after} ${repository.pushed_at ?? ''}`;
  const event = { kind: 'commit' as const, branch, headBranch: branch, commit: after, move };
  return { id, events: [{ ...event, ...where(repository) }] };
}

function parsePullRequest(id: string, json: unknown): ReadDelivery {
  const {
    action,
    number,
    pull_request: pull,
    repository,
  } = readBody(PullRequest, json, 'pull_request event of GitHub');
  if (!movingActions.includes(action)) return { id, ignored: `pull request ${number} was ${action}` };
  const { head, base } = pull;
  return {
    id,
    events: [
      {
        kind: 'pullrequest',
        branch: base.ref,
        headBranch: head.ref,
        commit: head.sha,
        pullRequest: String(number),
        fromFork: head.repo?.full_name.toLowerCase() !== repository.full_name.toLowerCase(),
        move: `pull request ${number} ${head.sha}`,
        ...where(repository),
      },
    ],
  };
}

function where({ full_name, default_branch }: z.infer<typeof Repository>) {
  try {
    const repository = githubRepository(`https://github.com/${full_name}`).name.toLowerCase();
    return { repository, ...(default_branch && { defaultBranch: default_branch }) };
  } catch (error) {
    if (error instanceof SourceRepositoryError) throw new SourceEventError(error.message);
    throw error;
  }
}
