import { spawn } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { close, listen } from '../machine/listening.ts';
import { commitFiles, gitEnvironment, makeRepository } from './gitRepository.ts';

/** What a repository demands: a token as the password of any user (`basic`, GitHub), or as a bearer (Azure DevOps). */
export type RepositoryAccess = string | { token: string; scheme: 'basic' | 'bearer' };

interface GitServerOptions {
  /** Holds the bare repositories, `NAME.git`. */
  dir: string;
  /** By repository name; a bare text is a `basic` token. A repository without one is public. */
  tokens?: Record<string, RepositoryAccess>;
  port?: number;
}

export interface GitServer {
  /** `http://localhost:PORT`; a repository is at `URL/NAME.git`. */
  url: string;
  /**
   * A new bare repository with one commit.
   * @param name may hold folders: `team/app`
   * @returns the commit's SHA
   */
  createRepository(
    name: string,
    files: Record<string, string>,
    options?: { branch?: string; access?: RepositoryAccess },
  ): Promise<string>;
  /**
   * Adds one commit that writes `files` and leaves the others as they are.
   * @returns its SHA
   */
  commit(
    name: string,
    files: Record<string, string>,
    options?: { branch?: string; tag?: string; message?: string },
  ): Promise<string>;
  /** How many requests came. */
  requests(): number;
  stop(): Promise<void>;
}

/**
 * Git over smart HTTP, for reading only: `git http-backend` for bare repositories. Any commit may be asked for by its SHA.
 * To a repository with a token it answers 401 without one or with an unknown one, and 403 with the token of another
 * repository; 404 to a repository that is not there.
 */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const { dir } = options;
  await mkdir(dir, { recursive: true });
  const tokens = new Map(Object.entries(options.tokens ?? {}));
  const folder = (name: string) => join(dir, `${name}.git`);
  let requests = 0;

  const server = createServer(async (request, response) => {
    requests += 1;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, name, service] =
      /^\/(.+?)(?:\.git)?\/(info\/refs|git-upload-pack)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (!name || !service || name.split('/').includes('..')) return say(response, 404, 'Not Found');
    const refused = check(request.headers.authorization, name, tokens);
    if (refused) return say(response, refused.status, refused.message, refused.headers);
    if (!(await exists(folder(name)))) return say(response, 404, 'Repository not found.');
    serve(request, response, { dir, path: `/${name}.git/${service}`, query: url.search.slice(1) });
  });
  const port = await listen(server, options.port);
  return {
    url: `http://localhost:${port}`,
    async createRepository(name, files, { branch = 'main', access } = {}) {
      if (access) tokens.set(name, access);
      await makeRepository(folder(name), branch);
      return commitFiles(folder(name), files, { branch });
    },
    commit: (name, files, { branch = 'main', ...rest } = {}) =>
      commitFiles(folder(name), files, { branch, ...rest }),
    requests: () => requests,
    stop: () => close(server),
  };
}

interface Refusal {
  status: 401 | 403;
  message: string;
  headers: Record<string, string>;
}

function check(
  header: string | undefined,
  name: string,
  tokens: Map<string, RepositoryAccess>,
): Refusal | undefined {
  const demanded = tokens.get(name);
  if (demanded === undefined) return undefined;
  const { token, scheme } = normal(demanded);
  const shown = credentials(header);
  if (shown?.scheme === scheme && shown.token === token) return undefined;
  const elsewhere = [...tokens.values()].map(normal).some((other) => other.token === shown?.token);
  if (elsewhere && shown?.token !== token)
    return { status: 403, message: `The token does not give access to ${name}.`, headers: {} };
  return {
    status: 401,
    message: 'Invalid username or token. Password authentication is not supported for Git operations.',
    headers: { 'www-authenticate': scheme === 'basic' ? 'Basic realm="GitHub"' : 'Bearer' },
  };
}

const normal = (demanded: RepositoryAccess) =>
  typeof demanded === 'string' ? { token: demanded, scheme: 'basic' as const } : demanded;

function credentials(header = ''): { scheme: 'basic' | 'bearer'; token: string } | undefined {
  const [, scheme, value] = /^(basic|bearer) (.+)$/i.exec(header) ?? [];
  if (!scheme || !value) return undefined;
  if (scheme.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value };
  const [, ...password] = Buffer.from(value, 'base64').toString().split(':');
  return { scheme: 'basic', token: password.join(':') };
}

/** Runs `git http-backend` for one request, as a web server runs CGI (RFC 3875). */
function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { dir, path, query }: { dir: string; path: string; query: string },
): void {
  const backend = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: dir,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method,
      PATH_INFO: path,
      QUERY_STRING: query,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: `${request.headers['content-encoding'] ?? ''}`,
      GIT_PROTOCOL: `${request.headers['git-protocol'] ?? ''}`,
      REMOTE_ADDR: '127.0.0.1',
    },
  });
  backend.on('error', (error) => say(response, 500, `git http-backend cannot be started: ${error.message}`));
  backend.stdin.on('error', () => {});
  request.pipe(backend.stdin);
  response.on('close', () => backend.kill('SIGKILL'));
  let head = Buffer.alloc(0);
  const readHead = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    backend.stdout.off('data', readHead).pause();
    const fields = head
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map((line) => line.split(': ', 2));
    const headers = Object.fromEntries(fields.map(([field, value]) => [field!.toLowerCase(), value ?? '']));
    const { status, ...rest } = headers;
    response.writeHead(Number.parseInt(status ?? '200', 10), rest);
    response.write(head.subarray(end + 4));
    backend.stdout.pipe(response);
  };
  backend.stdout.on('data', readHead).on('end', () => {
    if (!response.headersSent) say(response, 500, 'git http-backend gave no answer');
  });
}

function say(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${message}\n`);
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
