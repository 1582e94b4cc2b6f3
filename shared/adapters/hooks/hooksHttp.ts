import { z } from 'zod';
import { SourceControlError } from '../../ports/sourceControl.ts';
import { ask, type Fail, readJson, tryJson } from '../http/ask.ts';
import { retryAfterSeconds } from '../http/retryAfter.ts';
import { limitOf } from '../http/timeLimit.ts';

export interface HooksRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body?: object;
  /** For messages: `listing the webhooks of team/app`. */
  doing: string;
  /** Checks the address of every connection. */
  fetch: typeof fetch;
}

const faultOf =
  (doing: string): Fail =>
  ({ kind, why, cause }) =>
    new SourceControlError(`${doing}: ${why}`, { transient: kind === 'Silent', cause });

/**
 * One request to a server's REST API; redirects are not followed, as they might lead the token elsewhere.
 * @throws SourceControlError when there is no answer, or one that asks to come again
 */
export async function hooksRequest({
  url,
  body,
  headers,
  doing,
  ...request
}: HooksRequest): Promise<Response> {
  const init = {
    method: request.method,
    headers: { 'user-agent': 'plinth', 'content-type': 'application/json', ...headers },
    ...(body && { body: JSON.stringify(body) }),
    signal: limitOf('sourceControl'),
  };
  const response = await ask(request.fetch, url, init, faultOf(doing));
  const retryAfter = retryAfterSeconds(response.headers.get('retry-after'));
  // GitHub's rate limits come as 403 with nothing left (docs.github.com, "Rate limits for the REST API").
  const limited =
    response.status === 429 ||
    (response.status === 403 &&
      (response.headers.has('retry-after') || response.headers.get('x-ratelimit-remaining') === '0'));
  if (!limited && response.status < 500) return response;
  throw new SourceControlError(`${doing}: ${response.status} ${response.statusText}`, {
    transient: true,
    retryAfter,
  });
}

/** The JSON of an answer, held against what is documented. @throws SourceControlError */
export const hooksAnswer = <T>(response: Response, schema: z.ZodType<T>, doing: string): Promise<T> =>
  readJson(response, schema, faultOf(doing));

/** GitHub's and Azure DevOps' errors both have a `message`, GitHub's validation errors more of them. */
const Said = z.object({ message: z.string().catch('') });
const Refusal = Said.extend({ errors: z.array(Said.catch({ message: '' })).catch([]) });

/** An answer that is a refusal, with the server's own words. */
export async function hooksRefusal(
  response: Response,
  doing: string,
  advice: string,
): Promise<SourceControlError> {
  const { message, errors } = (await tryJson(response, Refusal)) ?? { message: '', errors: [] };
  const words = [message, ...errors.map((error) => error.message)].filter(Boolean).join('; ').slice(0, 500);
  return new SourceControlError(`${doing}: ${response.status}${words && ` ${words}`}. ${advice}`.trim(), {
    transient: false,
  });
}
