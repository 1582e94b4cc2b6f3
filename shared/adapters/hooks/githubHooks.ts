import { z } from 'zod';
import type { Hook } from '../../model/webhook.ts';
import type { SourceControlToken } from '../../ports/sourceControl.ts';
import { type HooksRequest, hooksAnswer, hooksRefusal, hooksRequest } from './hooksHttp.ts';

interface Repository {
  /** `https://api.github.com`, `https://ghe.example.com/api/v3` */
  api: string;
  name: string;
  fetch: typeof fetch;
}

/** A repository has at most 20 hooks for an event, so one page holds them. */
const Hooks = z.array(z.object({ id: z.number(), config: z.object({ url: z.string().optional() }) }));
const Created = z.object({ id: z.number() });

const eventNames = { commit: 'push', pullrequest: 'pull_request' } as const;

const advice =
  'The token must be allowed to administer webhooks: a fine-grained one with Webhooks: Read and write, a classic one with admin:repo_hook, of an admin of the repository';

/** Source: docs.github.com, "REST API endpoints for repository webhooks". @throws SourceControlError */
export async function registerGithubHook(
  { api, name, fetch }: Repository,
  hook: Hook,
  secret: string,
  token: SourceControlToken,
): Promise<string[]> {
  const [id] = await ownHooks({ api, name, fetch }, hook, token);
  const body = {
    active: true,
    events: hook.events.map((event) => eventNames[event]),
    config: { url: hook.url, content_type: 'json', secret, insecure_ssl: '0' },
  };
  const hooks = `${api}/repos/${name}/hooks`;
  const doing = `registering a webhook of ${name}`;
  const response =
    id === undefined
      ? await ask({ method: 'POST', url: hooks, body: { name: 'web', ...body }, doing, fetch }, token)
      : await ask({ method: 'PATCH', url: `${hooks}/${id}`, body, doing, fetch }, token);
  if (!response.ok) throw await hooksRefusal(response, doing, advice);
  return [String((await hooksAnswer(response, Created, doing)).id)];
}

/** @throws SourceControlError */
export async function removeGithubHook(
  { api, name, fetch }: Repository,
  hook: Hook,
  token: SourceControlToken,
): Promise<void> {
  for (const id of await ownHooks({ api, name, fetch }, hook, token)) {
    const doing = `removing the webhook ${id} of ${name}`;
    const response = await ask(
      { method: 'DELETE', url: `${api}/repos/${name}/hooks/${id}`, doing, fetch },
      token,
    );
    if (!response.ok && response.status !== 404) throw await hooksRefusal(response, doing, advice);
  }
}

/** The hooks with this app's address: one, or more where one was copied by hand. */
async function ownHooks(
  { api, name, fetch }: Repository,
  hook: Hook,
  token: SourceControlToken,
): Promise<number[]> {
  const doing = `listing the webhooks of ${name}`;
  const response = await ask(
    { method: 'GET', url: `${api}/repos/${name}/hooks?per_page=100`, doing, fetch },
    token,
  );
  if (!response.ok) throw await hooksRefusal(response, doing, advice);
  return (await hooksAnswer(response, Hooks, doing))
    .filter(({ config }) => config.url === hook.url)
    .map(({ id }) => id);
}

const ask = (request: Omit<HooksRequest, 'headers'>, { token }: SourceControlToken) =>
  hooksRequest({
    ...request,
    headers: {
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      authorization: `Bearer ${token}`,
    },
  });
