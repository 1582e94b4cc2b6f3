import { type IncomingMessage, request as overHttp, type ServerResponse } from 'node:http';
import { request as overHttps } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { ArmError } from '../runEngine/api/armError.ts';

export interface RelayOptions {
  /** Set, or with undefined taken away, before the request goes on. */
  headers?: Record<string, string | undefined>;
  /** Changes the text of the answer's body; without it the bytes stream through. */
  rewrite?: (body: string) => string;
  /** Authorities to trust, PEM, for https. */
  ca?: string;
}

/** Belong to one connection (RFC 9110 §7.6.1), or to the place that was asked first. */
const notPassedOn = ['host', 'connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/**
 * Hands a request to another server and its answer back; bodies of any size stream.
 * @throws ArmError 502 when the other server does not answer
 */
export async function relay(
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
  options: RelayOptions = {},
): Promise<void> {
  const headers = { ...request.headers };
  for (const name of notPassedOn) delete headers[name];
  // What is to be rewritten has to come as text.
  if (options.rewrite) delete headers['accept-encoding'];
  if (request.headers['transfer-encoding']) headers['transfer-encoding'] = 'chunked';
  for (const [name, value] of Object.entries(options.headers ?? {}))
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const send = target.protocol === 'https:' ? overHttps : overHttp;
    const onward = send(
      target,
      { method: request.method, headers, ...(options.ca && { ca: options.ca }) },
      resolve,
    );
    onward.on('error', (cause) =>
      reject(new ArmError(502, 'BadGateway', `${target.origin} does not answer (${cause.message}).`)),
    );
    response.on('close', () => response.writableFinished || onward.destroy());
    pipeline(request, onward).catch(() => {});
  });
  const given = { ...answer.headers };
  delete given.connection;
  delete given['keep-alive'];
  if (!options.rewrite || answer.statusCode !== 200) {
    response.writeHead(answer.statusCode!, given);
    // A client that went away before the end needs no answer.
    await pipeline(answer, response).catch(() => {});
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const body = options.rewrite(Buffer.concat(chunks).toString());
  delete given['transfer-encoding'];
  response.writeHead(200, { ...given, 'content-length': Buffer.byteLength(body) }).end(body);
}
