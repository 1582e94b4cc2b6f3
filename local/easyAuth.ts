/**
 * App Service's sign-in before the function app, by its documentation ("Authentication and authorization in Azure App
 * Service", "Work with user identities", "Customize sign-ins and sign-outs"): a session cookie, the caller in headers
 * that no client can set, excluded paths, and 401 for all else, as `unauthenticatedClientAction` Return401 has it.
 * Entra's own pages are left out: who signs in is given.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { close, listen } from './machine/listening.ts';

interface SignedInUser {
  name: string;
  roles: string[];
}

interface EasyAuth {
  url: string;
  /** Who signs in next. */
  user: SignedInUser;
  /** Ends every session, as after eight hours. */
  endSessions(): void;
  stop(): Promise<void>;
}

const cookieName = 'AppServiceAuthSession';

/** @param excludedPaths of `authsettingsV2`; a `*` at the end stands for any rest */
export async function startEasyAuth(
  target: { port: number },
  user: SignedInUser,
  excludedPaths: string[],
): Promise<EasyAuth> {
  const sessions = new Map<string, SignedInUser>();
  const isExcluded = (path: string) =>
    excludedPaths.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : path === one));
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/.auth/login/aad') return signIn(url, response, sessions, easyAuth.user);
    if (url.pathname === '/.auth/logout') return signOut(request, url, response, sessions);
    const session = sessionOf(request);
    const signedIn = session ? sessions.get(session) : undefined;
    if (!signedIn && !isExcluded(url.pathname)) return refuse(response, 401);
    if (signedIn && isForged(request)) return refuse(response, 403);
    relay(request, response, target.port, signedIn);
  });
  const port = await listen(server, 0);
  const easyAuth: EasyAuth = {
    url: `http://localhost:${port}`,
    user,
    endSessions: () => sessions.clear(),
    stop: () => close(server),
  };
  return easyAuth;
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

/** A session begins; only a path of the app itself is gone back to. */
function signIn(url: URL, response: ServerResponse, sessions: Map<string, SignedInUser>, user: SignedInUser) {
  const session = randomUUID();
  sessions.set(session, user);
  redirect(response, url.searchParams.get('post_login_redirect_uri'), `${cookieName}=${session}`);
}

function signOut(
  request: IncomingMessage,
  url: URL,
  response: ServerResponse,
  sessions: Map<string, SignedInUser>,
) {
  sessions.delete(sessionOf(request) ?? '');
  redirect(response, url.searchParams.get('post_logout_redirect_uri'), `${cookieName}=; max-age=0`);
}

function redirect(response: ServerResponse, wanted: string | null, cookie: string): void {
  const location = wanted && /^\/(?![/\\])/.test(wanted) ? wanted : '/';
  // Secure besides, in Azure, where everything is https.
  response.writeHead(302, { location, 'set-cookie': `${cookie}; path=/; HttpOnly; SameSite=Lax` }).end();
}

const sessionOf = ({ headers }: IncomingMessage) =>
  new RegExp(`(?:^|;\\s*)${cookieName}=([^;]+)`).exec(headers.cookie ?? '')?.[1];

/** A POST with the session's cookie from a browser that shows another origin is not the user's. */
function isForged({ method, headers }: IncomingMessage): boolean {
  const origin = headers.origin ?? headers.referer;
  return method === 'POST' && origin !== undefined && new URL(origin).host !== headers.host;
}

function relay(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  user: SignedInUser | undefined,
): void {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !name.startsWith('x-ms-client-principal')),
  );
  const forward = send(
    {
      port,
      path: request.url,
      ...(request.method && { method: request.method }),
      headers: { ...headers, ...(user && principalHeaders(user)) },
    },
    (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    },
  );
  forward.on('error', () => (response.headersSent ? response.destroy() : refuse(response, 502)));
  request.pipe(forward);
}

function principalHeaders({ name, roles }: SignedInUser) {
  const claims = [{ typ: 'name', val: name }, ...roles.map((val) => ({ typ: 'roles', val }))];
  const principal = { auth_typ: 'aad', claims, name_typ: 'name', role_typ: 'roles' };
  return {
    'x-ms-client-principal': Buffer.from(JSON.stringify(principal)).toString('base64'),
    'x-ms-client-principal-name': name,
    'x-ms-client-principal-idp': 'aad',
  };
}
