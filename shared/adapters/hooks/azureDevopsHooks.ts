import { z } from 'zod';
import type { Hook } from '../../model/webhook.ts';
import type { DevopsRepository } from '../../names/sourceRepository.ts';
import type { SourceControlToken } from '../../ports/sourceControl.ts';
import { type HooksRequest, hooksAnswer, hooksRefusal, hooksRequest } from './hooksHttp.ts';

interface Repository extends DevopsRepository {
  /** `https://dev.azure.com`, `https://tfs.example.com` */
  api: string;
  fetch: typeof fetch;
}

const apiVersion = 'api-version=7.0';
/** Azure DevOps requires a user name beside the password; any will do. */
const userName = 'plinth';

const RepositoryAnswer = z.object({ id: z.string(), project: z.object({ id: z.string() }) });
const Subscription = z.object({
  id: z.string(),
  eventType: z.string(),
  consumerInputs: z.record(z.string(), z.unknown()).optional(),
});
const Subscriptions = z.object({ value: z.array(Subscription) });

/** One subscription for each event; of the updates of a pull request only those that bring commits. */
const subscriptionsOf = {
  commit: [{ eventType: 'git.push', inputs: {} }],
  pullrequest: [
    { eventType: 'git.pullrequest.created', inputs: {} },
    { eventType: 'git.pullrequest.updated', inputs: { notificationType: 'PushNotification' } },
  ],
} as const;

const advice =
  'The token needs Code (Read) and must belong to a user who may edit subscriptions of the project: a Project Administrator or Project Collection Administrator';

/** Source: learn.microsoft.com, "Create a service hook subscription programmatically". @throws SourceControlError */
export async function registerDevopsHook(
  repository: Repository,
  hook: Hook,
  secret: string,
  token: SourceControlToken,
): Promise<string[]> {
  const { id, project } = await repositoryIds(repository, token);
  const known = await ownSubscriptions(repository, hook, token);
  const wanted = hook.events.flatMap((event) => [...subscriptionsOf[event]]);
  const ids: string[] = [];
  for (const { eventType, inputs } of wanted) {
    const body = {
      publisherId: 'tfs',
      eventType,
      resourceVersion: '1.0',
      consumerId: 'webHooks',
      consumerActionId: 'httpRequest',
      publisherInputs: { projectId: project.id, repository: id, branch: '', ...inputs },
      consumerInputs: { url: hook.url, basicAuthUsername: userName, basicAuthPassword: secret },
    };
    const there = known.find((subscription) => subscription.eventType === eventType);
    const doing = `registering ${eventType} of ${repository.project}/${repository.repository}`;
    const url = `${subscriptionsUrl(repository)}${there ? `/${there.id}` : ''}?${apiVersion}`;
    const answer = await ask(
      { method: there ? 'PUT' : 'POST', url, body, doing, fetch: repository.fetch },
      token,
    );
    ids.push((await hooksAnswer(answer, Subscription, doing)).id);
  }
  for (const { id, eventType } of known)
    if (!wanted.some((subscription) => subscription.eventType === eventType))
      await removeOne(repository, id, token);
  return ids;
}

/** @throws SourceControlError */
export async function removeDevopsHook(
  repository: Repository,
  hook: Hook,
  token: SourceControlToken,
): Promise<void> {
  for (const { id } of await ownSubscriptions(repository, hook, token))
    await removeOne(repository, id, token);
}

async function removeOne(repository: Repository, id: string, token: SourceControlToken): Promise<void> {
  const url = `${subscriptionsUrl(repository)}/${id}?${apiVersion}`;
  await ask(
    { method: 'DELETE', url, doing: `removing the subscription ${id}`, fetch: repository.fetch },
    token,
    [404],
  );
}

const subscriptionsUrl = ({ api, organization }: Repository) =>
  `${api}${encodeURI(organization)}/_apis/hooks/subscriptions`;

async function ownSubscriptions(repository: Repository, hook: Hook, token: SourceControlToken) {
  const url = `${subscriptionsUrl(repository)}?publisherId=tfs&consumerId=webHooks&consumerActionId=httpRequest&${apiVersion}`;
  const doing = `listing the service hooks of ${repository.organization.slice(1)}`;
  const answer = await ask({ method: 'GET', url, doing, fetch: repository.fetch }, token);
  const { value } = await hooksAnswer(answer, Subscriptions, doing);
  return value.filter(({ consumerInputs }) => consumerInputs?.url === hook.url);
}

async function repositoryIds(repository: Repository, token: SourceControlToken) {
  const { api, organization, project, repository: name } = repository;
  const path = [project, '_apis/git/repositories', name].map(encodeURI).join('/');
  const url = `${api}${encodeURI(organization)}/${path}?${apiVersion}`;
  const doing = `looking for ${project}/${name}`;
  const answer = await ask({ method: 'GET', url, doing, fetch: repository.fetch }, token);
  return hooksAnswer(answer, RepositoryAnswer, doing);
}

/** An answer that is a success. Without a good token Azure DevOps answers 203 or 302 with its page for signing in. */
async function ask(
  request: Omit<HooksRequest, 'headers'>,
  token: SourceControlToken,
  alsoFine: number[] = [],
): Promise<Response> {
  const response = await hooksRequest({
    ...request,
    headers: { accept: 'application/json', authorization: authorization(token) },
  });
  if (alsoFine.includes(response.status) || (response.ok && response.status !== 203)) return response;
  throw await hooksRefusal(response, request.doing, advice);
}

/** A PAT is the password of no user; an OAuth or Entra token, which is a JWT, a bearer. */
function authorization({ token, tokenType }: SourceControlToken): string {
  if (tokenType === 'OAuth' || /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return `Bearer ${token}`;
  return `Basic ${Buffer.from(`:${token}`).toString('base64')}`;
}
