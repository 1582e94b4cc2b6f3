import { SourceError } from '../ports/sourceContext.ts';
import { describeUrl } from '../sourceLocation.ts';
import { addressErrorIn } from './addressGuard.ts';

const maxRedirects = 5;
const idleSeconds = 30;

export interface SourceRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Sent to the URL's own origin only. */
  authorization?: string | undefined;
  fetch: typeof fetch;
  signal: AbortSignal;
}

export interface SourceResponse {
  status: number;
  statusText: string;
  /** Where the answer came from in the end. */
  url: string;
  /** The authorization was kept back, as a redirect led to another origin. */
  authorizationKept: boolean;
  headers: Headers;
  body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not read. */
  cancel(): Promise<void>;
}

/**
 * One request, with redirects followed by hand: never from https to http, never with the authorization to another
 * origin, and none for a POST. The body ends with Unreachable when nothing comes for 30 s.
 * @throws SourceError Unreachable, Unauthorized
 */
export async function sourceRequest(request: SourceRequest): Promise<SourceResponse> {
  const start = new URL(request.url);
  if (request.authorization && start.protocol === 'http:' && !isLoopback(start.hostname))
    throw new SourceError(
      'Unauthorized',
      `${describeUrl(request.url)} is plain http, over which a token would be readable by anyone on the way. Use https, or take the token out.`,
    );
  const idle = idleTimer(request.signal);
  let url = start;
  for (let hop = 0; ; hop++) {
    const authorization = url.origin === start.origin ? request.authorization : undefined;
    const response = await once(request, url, authorization, idle);
    const target = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || target === null) {
      return {
        status: response.status,
        statusText: response.statusText,
        url: url.href,
        authorizationKept: request.authorization !== undefined && authorization === undefined,
        headers: response.headers,
        body: readBody(response, url, idle),
        cancel: async () => {
          idle.stop();
          await response.body?.cancel().catch(() => {});
        },
      };
    }
    await response.body?.cancel().catch(() => {});
    idle.stop();
    const from = describeUrl(url.href);
    if (!URL.canParse(target, url.href)) throw new SourceError('Unreachable', `${from} redirects to no URL.`);
    const next = new URL(target, url.href);
    if (request.method === 'POST' || hop === maxRedirects)
      throw new SourceError('Unreachable', `${from} redirects where or more often than git would follow.`);
    if (next.protocol !== 'https:' && next.protocol !== url.protocol)
      throw new SourceError('Unreachable', `${from} redirects from https to ${next.protocol}//, refused.`);
    next.username = '';
    next.password = '';
    url = next;
  }
}

async function once(request: SourceRequest, url: URL, authorization: string | undefined, idle: Idle) {
  idle.touch();
  try {
    return await request.fetch(url, {
      method: request.method ?? 'GET',
      redirect: 'manual',
      headers: {
        'user-agent': 'git/plinth',
        ...request.headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: idle.signal,
    });
  } catch (cause) {
    idle.stop();
    throw unreachable(request.signal, url, cause);
  }
}

async function* readBody(response: Response, url: URL, idle: Idle): AsyncGenerator<Uint8Array> {
  try {
    if (response.body === null) return;
    for await (const chunk of response.body) {
      idle.touch();
      yield chunk;
    }
  } catch (cause) {
    throw unreachable(idle.outer, url, cause);
  } finally {
    idle.stop();
  }
}

function unreachable(signal: AbortSignal, url: URL, cause: unknown): unknown {
  if (cause instanceof SourceError) return cause;
  if (signal.aborted) return signal.reason;
  const refused = addressErrorIn(cause);
  if (refused) return new SourceError('Refused', `${describeUrl(url.href)}: ${refused.message}`, { cause });
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const code = (inner as { code?: string }).code;
  const why = cause instanceof IdleError ? cause.message : (code ?? (inner as Error).message);
  return new SourceError(
    'Unreachable',
    `${describeUrl(url.href)} cannot be reached: ${why}. Check the host name, and that the app's network may reach it.`,
    { cause },
  );
}

class IdleError extends Error {
  override name = 'IdleError';
}

interface Idle {
  signal: AbortSignal;
  outer: AbortSignal;
  touch(): void;
  stop(): void;
}

function idleTimer(outer: AbortSignal): Idle {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  return {
    outer,
    signal: AbortSignal.any([outer, controller.signal]),
    touch() {
      clearTimeout(timer);
      timer = setTimeout(
        () => controller.abort(new IdleError(`nothing came for ${idleSeconds} s`)),
        idleSeconds * 1000,
      );
    },
    stop: () => clearTimeout(timer),
  };
}

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127\./.test(host);

/** Passes a download on and counts it. @throws SourceError TooLarge as soon as the limit is passed */
export async function* limited(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(what, maxBytes);
    yield chunk;
  }
}

/** The one message for a context over the limit. */
export const tooLarge = (what: string, maxBytes: number) =>
  new SourceError(
    'TooLarge',
    `${what} is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB (${maxBytes} bytes), the most this app fetches. Make it smaller or raise the app's limit.`,
  );
