import type { SourceEvent } from '../events/sourceChange.ts';
import type { SourceRunTrigger } from '../model/run.ts';
import type { SourceTrigger, Task } from '../model/task.ts';
import { parseSourceLocation } from '../names/sourceLocation.ts';
import { branchOfUrl, repositoryKey } from '../names/sourceRepository.ts';

/** `aside`: what is built is not what the task's own context names, so its result does not change the task's state. */
type SourceChoice = { do: 'start'; aside: boolean } | { do: 'skip'; reason: string };

/**
 * Whether a branch or pull request that moved starts a run of a task. A branch must be the trigger's, exactly, as ACR
 * has it; of a pull request it is the one to be merged into.
 */
export function decideOnSource(event: SourceEvent, trigger: SourceTrigger, task: Task): SourceChoice {
  if (task.properties.status !== 'Enabled') return skip(`the task ${task.name} is disabled`);
  if (trigger.status !== 'Enabled') return skip(`the trigger ${trigger.name} is disabled`);
  if (!trigger.sourceTriggerEvents.includes(event.kind))
    return skip(`the trigger ${trigger.name} is not for ${event.kind} events`);
  const { sourceControlType: provider, repositoryUrl } = trigger.sourceRepository;
  const own = repositoryKey(provider, repositoryUrl);
  if (event.repository !== undefined && event.repository !== own)
    return skip(`the trigger ${trigger.name} is for ${own}, not for ${event.repository}`);
  const wanted = wantedBranch(trigger);
  if (!wanted.includes(event.branch) && !(wanted.includes(undefined) && event.branch === event.defaultBranch))
    return skip(
      `the trigger ${trigger.name} is for ${wanted.map((name) => name ?? 'the default branch').join(' or ')}, not for ${event.branch}`,
    );
  // Its code is a stranger's, and the build may push to the registry.
  if (event.fromFork) return skip(`pull request ${event.pullRequest} comes from a fork, which is not built`);
  return { do: 'start', aside: event.kind === 'pullrequest' || !isOwnBranch(event, task) };
}

const skip = (reason: string): SourceChoice => ({ do: 'skip', reason });

/**
 * The branches a trigger is for; undefined is the default branch. Where the URL names no branch, az sends `master`
 * by default: then the default branch is meant too, whatever its name.
 */
function wantedBranch({
  sourceRepository: { repositoryUrl, branch },
}: SourceTrigger): (string | undefined)[] {
  const named = branchOfUrl(repositoryUrl);
  if (branch === undefined) return [named];
  return branch === 'master' && named === undefined ? [branch, undefined] : [branch];
}

/** Whether the task's context is the branch that moved. */
function isOwnBranch(event: SourceEvent, { properties }: Task): boolean {
  const context = parseSourceLocation(properties.step.contextPath ?? '/dev/null');
  if (context.kind !== 'git') return true;
  if (context.ref === undefined) return event.branch === (event.defaultBranch ?? event.branch);
  return context.ref.replace(/^refs\/heads\//, '') === event.branch;
}

/**
 * A task's context at the commit of a source trigger, its folder kept; the context as it is where it is another
 * repository than the one that moved, or none.
 */
export function contextAtCommit(
  contextPath: string,
  { repositoryUrl, commitId: commit }: SourceRunTrigger,
): string {
  const context = parseSourceLocation(contextPath);
  if (context.kind !== 'git' || plain(context.url) !== plain(repositoryUrl)) return contextPath;
  const isGit = /\.git$|\/_git\/[^/]+$/i.test(context.url);
  const folder = context.folder === undefined ? '' : `:${encodeURI(context.folder)}`;
  return `${context.url}${isGit ? '' : '.git'}#${commit}${folder}`;
}

const plain = (url: string) => url.toLowerCase().replace(/\.git$/, '');
