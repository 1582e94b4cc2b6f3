import { z } from 'zod';
import { repositoryKey, SourceRepositoryError } from '../names/sourceRepository.ts';
import {
  branchOf,
  isNoCommit,
  parseJson,
  type ReadDelivery,
  readBody,
  SourceEventError,
} from './sourceChange.ts';

const commitId = z.string().regex(/^[0-9a-f]{40}$/);

const Repository = z.object({ remoteUrl: z.string().optional(), defaultBranch: z.string().optional() });

const Push = z.object({
  refUpdates: z.array(z.object({ name: z.string(), oldObjectId: z.string(), newObjectId: commitId })).min(1),
  repository: Repository,
  pushId: z.number().int(),
});

const PullRequest = z.object({
  pullRequestId: z.number().int(),
  status: z.string(),
  sourceRefName: z.string(),
  targetRefName: z.string(),
  lastMergeSourceCommit: z.object({ commitId }),
  repository: Repository,
  forkSource: z.unknown().optional(),
});

const Notification = z.object({ id: z.string().min(1), eventType: z.string(), resource: z.unknown() });

/**
 * A notification of Azure DevOps' service hooks: `git.push`, `git.pullrequest.created` and `git.pullrequest.updated`
 * are read, anything else is ignored with a reason. Source: learn.microsoft.com, "Service hooks events".
 * @throws SourceEventError
 */
export function parseAzureDevopsDelivery(body: string): ReadDelivery {
  const { id, eventType, resource } = readBody(Notification, parseJson(body), 'notification of Azure DevOps');
  if (eventType === 'git.push') return parsePush(id, resource);
  if (eventType === 'git.pullrequest.created' || eventType === 'git.pullrequest.updated')
    return parsePullRequest(id, resource);
  return { id, ignored: `${eventType} starts nothing` };
}

function parsePush(id: string, resource: unknown): ReadDelivery {
  const { refUpdates, repository, pushId } = readBody(Push, resource, 'git.push of Azure DevOps');
  const events = refUpdates.flatMap(({ name, newObjectId: commit }) => {
    const branch = branchOf(name);
    if (!branch || isNoCommit(commit)) return [];
    const move = `push ${pushId} ${branch}`;
    return [{ kind: 'commit' as const, branch, headBranch: branch, commit, move, ...where(repository) }];
  });
  return events.length > 0 ? { id, events } : { id, ignored: 'no branch has a new commit' };
}

function parsePullRequest(id: string, resource: unknown): ReadDelivery {
  const pull = readBody(PullRequest, resource, 'git.pullrequest of Azure DevOps');
  const { pullRequestId: number, status, repository, forkSource } = pull;
  if (status !== 'active') return { id, ignored: `pull request ${number} is ${status}` };
  const [headBranch, branch] = [branchOf(pull.sourceRefName), branchOf(pull.targetRefName)];
  if (!headBranch || !branch) return { id, ignored: `pull request ${number} is not between branches` };
  const commit = pull.lastMergeSourceCommit.commitId;
  return {
    id,
    events: [
      {
        kind: 'pullrequest',
        branch,
        headBranch,
        commit,
        pullRequest: String(number),
        fromFork: Boolean(forkSource),
        // Votes and new reviewers come as updates too: they move no commit.
        move: `pull request ${number} ${commit}`,
        ...where(repository),
      },
    ],
  };
}

function where({ remoteUrl, defaultBranch }: z.infer<typeof Repository>) {
  const branch = branchOf(defaultBranch);
  try {
    return {
      ...(remoteUrl && { repository: repositoryKey('VisualStudioTeamService', remoteUrl) }),
      ...(branch && { defaultBranch: branch }),
    };
  } catch (error) {
    if (error instanceof SourceRepositoryError) throw new SourceEventError(error.message);
    throw error;
  }
}
