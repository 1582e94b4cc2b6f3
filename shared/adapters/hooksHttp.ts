import { SourceControlError } from '../ports/sourceControl.ts';
import { addressErrorIn } from './addressGuard.ts';

const answerWithinMs = 10_000;

export interface HooksRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body?: object;
  /** For messages: `listing the webhooks of team/app`. */
  doing: string;
  /** That looks at addresses. */
  fetch: typeof fetch;
}

/**
 * One request to a server's REST API; redirects are not followed, as they might lead the token elsewhere.
 * @throws SourceControlError when there is no answer, or one that asks to come again
 */
export async function hooksRequest({
  method,
  url,
  headers,
  body,
  doing,
  fetch,
}: HooksRequest): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      redirect: 'manual',
      headers: { 'user-agent': 'plinth', 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } catch (cause) {
    const refused = addressErrorIn(cause);
    if (refused) throw new SourceControlError(`${doing}: ${refused.message}`, { transient: false, cause });
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : (cause as Error);
    throw new SourceControlError(`${doing}: ${new URL(url).host} did not answer (${inner.message})`, {
      transient: true,
      cause,
    });
  }
  // GitHub's rate limits come as 403 with nothing left (docs.github.com, "Rate limits for the REST API").
  const limited =
    response.status === 429 ||
    (response.status === 403 &&
      (response.headers.has('retry-after') || response.headers.get('x-ratelimit-remaining') === '0'));
  if (limited || response.status >= 500)
    throw new SourceControlError(`${doing}: ${response.status} ${response.statusText}`, { transient: true });
  return response;
}

/** An answer that is a refusal, with the server's own words. */
export async function hooksRefusal(
  response: Response,
  doing: string,
  advice: string,
): Promise<SourceControlError> {
  const text = await response.text().catch(() => '');
  const said = messageOf(text);
  return new SourceControlError(`${doing}: ${response.status}${said && ` ${said}`}. ${advice}`.trim(), {
    transient: false,
  });
}

/** GitHub's and Azure DevOps' errors both have a `message`, GitHub's validation errors more of them. */
function messageOf(text: string): string {
  try {
    const { message = '', errors = [] } = JSON.parse(text) as {
      message?: string;
      errors?: { message?: string }[];
    };
    return [message, ...errors.map((error) => error.message)].filter(Boolean).join('; ').slice(0, 500);
  } catch {
    return '';
  }
}
