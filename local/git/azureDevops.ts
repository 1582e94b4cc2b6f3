import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { close, listen } from '../machine/listening.ts';

/** A service hook subscription, as Azure DevOps' REST API shows it. */
interface Subscription {
  id: string;
  eventType: string;
  publisherInputs: Record<string, string>;
  consumerInputs: Record<string, string>;
}

export interface AzureDevops {
  /** Base of the REST API, without the organization. */
  url: string;
  /** All subscriptions, with their passwords. */
  subscriptions: Map<string, Subscription>;
  requests: string[];
  /**
   * Sends a notification to every subscription for its event.
   * @param reach where an address is on this machine
   */
  notify(
    notification: { eventType: string },
    reach: (url: string) => string,
  ): Promise<{ status: number; body: any }[]>;
  stop(): Promise<void>;
}

interface AzureDevopsOptions {
  /** PATs that may edit subscriptions. */
  tokens: string[];
  /** `organization/project/repository` */
  repositories: string[];
  port?: number;
}

/**
 * Azure DevOps' service hooks: the calls of its REST API for subscriptions, the lookup of a repository, and the
 * notifications, with Basic authentication. Without a good token it answers 203 and a page for signing in.
 */
export async function startAzureDevops({
  tokens,
  repositories,
  port: wanted,
}: AzureDevopsOptions): Promise<AzureDevops> {
  const ids = new Map(
    repositories.map((name) => [name.toLowerCase(), { id: randomUUID(), project: { id: randomUUID() } }]),
  );
  const subscriptions = new Map<string, Subscription>();
  const requests: string[] = [];

  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(url.pathname);
    requests.push(`${request.method} ${path}`);
    const token = Buffer.from(
      (request.headers.authorization ?? '').replace(/^basic /i, ''),
      'base64',
    ).toString();
    if (!tokens.includes(token.slice(1))) return page(response);
    if (!url.searchParams.has('api-version'))
      return answer(response, 400, { message: 'No api-version was supplied.' });
    const [, organization, project, name] =
      /^\/([^/]+)\/([^/]+)\/_apis\/git\/repositories\/([^/]+)$/.exec(path) ?? [];
    if (name) {
      const found = ids.get(`${organization}/${project}/${name}`.toLowerCase());
      return found
        ? answer(response, 200, { ...found, name })
        : answer(response, 404, {
            message: `TF401019: The Git repository with name or identifier ${name} does not exist.`,
          });
    }
    const hooks = /^\/[^/]+\/_apis\/hooks\/subscriptions(?:\/([^/]+))?$/.exec(path);
    if (!hooks) return answer(response, 404, { message: 'Not Found' });
    const [status, body] = await edit(subscriptions, hooks[1], request);
    answer(response, status, body);
  });
  const port = await listen(server, wanted);

  return {
    url: `http://localhost:${port}`,
    subscriptions,
    requests,
    async notify(notification, reach) {
      const meant = [...subscriptions.values()].filter(
        ({ eventType }) => eventType === notification.eventType,
      );
      return Promise.all(
        meant.map(async ({ id, consumerInputs: { url = '', basicAuthUsername, basicAuthPassword } }) => {
          const credentials = Buffer.from(`${basicAuthUsername}:${basicAuthPassword}`).toString('base64');
          const sent = await fetch(reach(url), {
            method: 'POST',
            body: JSON.stringify({
              subscriptionId: id,
              notificationId: 1,
              publisherId: 'tfs',
              ...notification,
            }),
            headers: {
              'content-type': 'application/json; charset=utf-8',
              authorization: `Basic ${credentials}`,
            },
          });
          const text = await sent.text();
          return { status: sent.status, body: text.startsWith('{') ? JSON.parse(text) : text };
        }),
      );
    },
    stop: () => close(server),
  };
}

/** What a request does to the subscriptions. @param id of the one that is named */
async function edit(
  subscriptions: Map<string, Subscription>,
  id: string | undefined,
  request: IncomingMessage,
): Promise<[status: number, body?: object]> {
  if (request.method === 'GET') return [200, { value: [...subscriptions.values()].map(shown) }];
  if (id && !subscriptions.has(id)) return [404, { message: `No subscription ${id}` }];
  if (request.method === 'DELETE') {
    subscriptions.delete(id!);
    return [204];
  }
  const given = { ...(await json(request)), id: id ?? randomUUID() } as Subscription;
  subscriptions.set(given.id, given);
  return [200, shown(given)];
}

const shown = ({ consumerInputs, ...subscription }: Subscription) => ({
  ...subscription,
  consumerInputs: { ...consumerInputs, basicAuthPassword: '********' },
});

async function json(request: IncomingMessage): Promise<any> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

const page = (response: ServerResponse) =>
  void response
    .writeHead(203, { 'content-type': 'text/html' })
    .end('<html>Azure DevOps Services | Sign In</html>');

function answer(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(body && JSON.stringify(body));
}
