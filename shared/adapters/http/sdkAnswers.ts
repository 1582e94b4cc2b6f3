import type { AddressGuard } from './addressGuard.ts';
import { bodyText } from './boundedBody.ts';
import { answerInTime } from './timeLimit.ts';

interface SdkRequest {
  agent?: object;
  abortSignal?: object;
  streamResponseStatusCodes?: Set<number>;
}
interface SdkResponse {
  status: number;
  bodyAsText?: string | null;
  readableStreamBody?: NodeJS.ReadableStream;
}

/**
 * A policy of Azure's SDKs: what they read whole, errors and tokens for example, comes as a stream and is read here. It
 * comes next to the transport, so that all others find the text.
 * @throws LongAnswerError
 */
export async function readBounded<Request extends SdkRequest, Response extends SdkResponse>(
  request: Request,
  next: (request: Request) => Promise<Response>,
): Promise<Response> {
  const streamed = request.streamResponseStatusCodes;
  request.streamResponseStatusCodes = new Set([Number.POSITIVE_INFINITY]);
  const response = await next(request).finally(() => {
    // Also where there is no answer: the next try is with the same request.
    if (streamed) request.streamResponseStatusCodes = streamed;
    else delete request.streamResponseStatusCodes;
  });
  const isMeant = streamed?.has(Number.POSITIVE_INFINITY) || streamed?.has(response.status);
  const { readableStreamBody: body, ...rest } = response;
  if (isMeant || !body) return response;
  return { ...rest, bodyAsText: await bodyText({ body: body as AsyncIterable<Buffer> }) } as Response;
}

/**
 * A policy of Azure's SDKs: each request, those after redirects too, goes out by an agent that looks at addresses, and
 * ends in time. An `abortSignal` of the SDK's caller would not do: requests for tokens do not get it.
 * @throws LateError
 */
export const sentBy =
  (agent: AddressGuard['agent']) =>
  <Request extends SdkRequest, Response>(request: Request, next: (request: Request) => Promise<Response>) => {
    request.agent = agent;
    return answerInTime('registry', (limit) => {
      request.abortSignal ??= limit;
      return next(request);
    });
  };
