import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { close, listen } from '../machine/listening.ts';

/** A repository's webhook, as GitHub's REST API shows it. */
interface GithubHook {
  id: number;
  name: 'web';
  active: boolean;
  events: string[];
  config: { url: string; content_type: string; secret?: string; insecure_ssl: string };
}

export interface Github {
  /** Base of the REST API; the setting PLINTH_SOURCE_CONTROL_APIS names it. */
  url: string;
  /** The hooks of a repository, `owner/name`, with their secrets. */
  hooks(repository: string): GithubHook[];
  /** Requests so far: `POST /repos/team/app/hooks`. */
  requests: string[];
  /** While set, every request is answered with this status. */
  outage: number | undefined;
  /**
   * Sends an event to every hook of the repository that is for it, signed as GitHub signs.
   * @param reach where an address is on this machine
   */
  deliver(
    repository: string,
    event: string,
    payload: object,
    reach: (url: string) => string,
    delivery?: string,
  ): Promise<{ status: number; body: any }[]>;
  stop(): Promise<void>;
}

/**
 * GitHub's webhooks: the five calls of its REST API and the deliveries. A token may administer the repositories that
 * `tokens` gives it; for any other GitHub answers 404, so as not to reveal whether there is such a repository.
 */
export async function startGithub(options: {
  tokens: Record<string, string[]>;
  port?: number;
}): Promise<Github> {
  const hooks = new Map<string, GithubHook[]>();
  let nextId = 1;
  const of = (repository: string) => {
    const key = repository.toLowerCase();
    if (!hooks.has(key)) hooks.set(key, []);
    return hooks.get(key)!;
  };

  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    github.requests.push(`${request.method} ${path}`);
    if (github.outage) return answer(response, github.outage, { message: 'Unavailable' });
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const [, repository = '', id] = /^\/repos\/([^/]+\/[^/]+)\/hooks(?:\/(\d+))?$/.exec(path) ?? [];
    const allowed = options.tokens[token];
    if (!allowed) return answer(response, 401, { message: 'Bad credentials' });
    if (!allowed.some((name) => name.toLowerCase() === repository.toLowerCase()))
      return answer(response, 404, { message: 'Not Found' });
    const known = of(repository);
    const at = known.findIndex((hook) => `${hook.id}` === id);
    if (id !== undefined && at < 0) return answer(response, 404, { message: 'Not Found' });
    const [status, body] = await edit(known, at, request, () => nextId++);
    answer(response, status, body);
  });
  const port = await listen(server, options.port);

  const github: Github = {
    url: `http://localhost:${port}`,
    hooks: of,
    requests: [],
    outage: undefined,
    async deliver(repository, event, payload, reach, delivery = randomUUID()) {
      const wanted = of(repository).filter(
        ({ active, events }) => active && (event === 'ping' || events.includes(event)),
      );
      return Promise.all(
        wanted.map(async ({ config }) => {
          const body = JSON.stringify(payload);
          const signature = createHmac('sha256', config.secret ?? '')
            .update(body)
            .digest('hex');
          const sent = await fetch(reach(config.url), {
            method: 'POST',
            body,
            headers: {
              'content-type': 'application/json',
              'user-agent': 'GitHub-Hookshot/0000000',
              'x-github-event': event,
              'x-github-delivery': delivery,
              'x-hub-signature-256': `sha256=${signature}`,
            },
          });
          const text = await sent.text();
          return { status: sent.status, body: text.startsWith('{') ? JSON.parse(text) : text };
        }),
      );
    },
    stop: () => close(server),
  };
  return github;
}

/** What a request does to the hooks of a repository. @param at the place of the one that is named */
async function edit(
  known: GithubHook[],
  at: number,
  request: IncomingMessage,
  nextId: () => number,
): Promise<[status: number, body?: object]> {
  switch (request.method) {
    case 'GET':
      return [200, known.map(shown)];
    case 'POST': {
      const given = await json(request);
      if (known.some(({ config }) => config.url === given.config.url)) {
        const errors = [{ message: 'Hook already exists on this repository' }];
        return [422, { message: 'Validation Failed', errors }];
      }
      const hook = { ...given, id: nextId() } as GithubHook;
      known.push(hook);
      return [201, shown(hook)];
    }
    case 'PATCH':
      known[at] = { ...known[at]!, ...(await json(request)) };
      return [200, shown(known[at]!)];
    case 'DELETE':
      known.splice(at, 1);
      return [204];
    default:
      return [404, { message: 'Not Found' }];
  }
}

/** The secret never comes back. */
const shown = ({ config, ...hook }: GithubHook) => ({
  ...hook,
  config: { ...config, ...(config.secret && { secret: '********' }) },
});

async function json(request: IncomingMessage): Promise<any> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return JSON.parse(text);
}

function answer(response: ServerResponse, status: number, body?: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(body && JSON.stringify(body));
}
