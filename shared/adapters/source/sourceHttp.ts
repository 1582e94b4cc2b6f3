import { describeUrl } from '../../names/sourceLocation.ts';
import { SourceError } from '../../ports/sourceContext.ts';
import { sourceIdleSeconds } from '../../rules/timing.ts';
import { askAlong, type Fail, faultOf } from '../http/ask.ts';
import { retryAfterSeconds } from '../http/retryAfter.ts';
import { LateError } from '../http/timeLimit.ts';

interface SourceRequest {
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Sent to the URL's own origin only. */
  authorization?: string | undefined;
  fetch: typeof fetch;
  signal: AbortSignal;
}

export interface SourceResponse extends Pick<Response, 'status' | 'statusText' | 'headers'> {
  /** Where the answer came from in the end. */
  url: string;
  /** The authorization was kept back, as a redirect led to another origin. */
  authorizationKept: boolean;
  body: AsyncIterable<Uint8Array>;
  /** Lets go of a body that is not read. */
  cancel(): Promise<void>;
}

/**
 * One request, with redirects followed by hand: never from https to http, never with the authorization to another
 * origin, and none for a POST. It ends with Unreachable when the head, or a piece of the body
 * that is waited for, does not come for 30 s.
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
  const init = {
    method: request.method ?? 'GET',
    headers: {
      'user-agent': 'git/plinth',
      ...request.headers,
      ...(request.authorization !== undefined && { authorization: request.authorization }),
    },
    ...(request.body && { body: request.body }),
    signal: idle.signal,
  };
  const { response, url } = await askAlong(idle.around(request.fetch), start, init, {
    fail: unreachable(request.signal, start),
    refuse: (from, to) => redirectFault(init.method, from, to),
  });
  return {
    status: response.status,
    statusText: response.statusText,
    url: url.href,
    authorizationKept: request.authorization !== undefined && url.origin !== start.origin,
    headers: response.headers,
    body: readBody(response, idle, unreachable(request.signal, url)),
    cancel: async () => {
      await response.body?.cancel().catch(() => {});
    },
  };
}

function redirectFault(method: string, from: URL, to: URL | undefined): SourceError | undefined {
  const where = describeUrl(from.href);
  if (!to || method === 'POST')
    return new SourceError(
      'Unreachable',
      `${where} redirects to no URL, or where or more often than git would follow.`,
    );
  if (to.protocol !== 'https:' && to.protocol !== from.protocol)
    return new SourceError('Unreachable', `${where} redirects from https to ${to.protocol}//, refused.`);
  return undefined;
}

async function* readBody(response: Response, idle: Idle, fail: Fail): AsyncGenerator<Uint8Array> {
  try {
    if (response.body === null) return;
    idle.touch();
    for await (const chunk of response.body) {
      // The consumer of a chunk may be slow or stop: only the wait for the server has a limit.
      idle.stop();
      yield chunk;
      idle.touch();
    }
  } catch (cause) {
    throw cause instanceof SourceError ? cause : fail(faultOf(cause, 'the answer broke off'));
  } finally {
    idle.stop();
  }
}

/** The caller's own end of a fetch is no fault of the server. */
const unreachable =
  (signal: AbortSignal, { href }: URL): Fail =>
  ({ kind, why, cause }) => {
    if (signal.aborted) return signal.reason;
    if (kind === 'Unsent') return new SourceError('Refused', `${describeUrl(href)}: ${why}`, { cause });
    return new SourceError(
      'Unreachable',
      `${describeUrl(href)} cannot be reached: ${why}. Check the host name, and that the app's network may reach it.`,
      { cause },
    );
  };

interface Idle {
  signal: AbortSignal;
  /** A fetch whose head is waited for. */
  around(fetch: typeof globalThis.fetch): typeof globalThis.fetch;
  touch(): void;
  stop(): void;
}

function idleTimer(outer: AbortSignal): Idle {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const touch = () => {
    stop();
    timer = setTimeout(
      () => controller.abort(new LateError(`nothing came for ${sourceIdleSeconds} s`)),
      sourceIdleSeconds * 1000,
    );
  };
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    around: (fetch: typeof globalThis.fetch) => (input, init) => {
      touch();
      return fetch(input, init).finally(stop);
    },
    touch,
    stop,
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

/** A server that may answer another time. */
export const answeredBadly = (
  where: string,
  { status, statusText, headers }: Pick<SourceResponse, 'status' | 'statusText' | 'headers'>,
) =>
  new SourceError('Unreachable', `${where} answered ${status} ${statusText}. Try again later.`, {
    retryAfter: retryAfterSeconds(headers.get('retry-after')),
    busyServer: status === 429 && URL.canParse(where) ? new URL(where).host : undefined,
  });

/** The one message for a context over the limit. */
export const tooLarge = (what: string, maxBytes: number) =>
  new SourceError(
    'TooLarge',
    `${what} is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB (${maxBytes} bytes), the most this app fetches. Make it smaller or raise the app's limit.`,
  );
