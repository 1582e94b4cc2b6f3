import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as send,
} from 'node:http';
import { refuse, unauthorized } from './answers.ts';

/**
 * Hands requests on to docker-registry, streaming both ways, under the registry's canonical name: its events then carry
 * that as `request.host`. Refusals are put into ACR's words.
 */
export function createProxy(loginServer: string, upstreamPort: number) {
  const agent = new Agent({ keepAlive: true });
  return {
    forward(request: IncomingMessage, response: ServerResponse): void {
      const upstream = send(
        {
          agent,
          host: '127.0.0.1',
          port: upstreamPort,
          method: request.method,
          path: request.url,
          headers: { ...request.headers, host: loginServer, 'x-forwarded-proto': 'https' },
        },
        (answered) => {
          const status = answered.statusCode ?? 502;
          if (request.method === 'HEAD' || (status !== 401 && status !== 404)) {
            response.writeHead(status, headersOf(status, answered.headers));
            answered.pipe(response);
            return;
          }
          readAll(answered).then(
            (body) => {
              const text = inAcrWords(body);
              const headers = headersOf(status, answered.headers);
              response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
            },
            () => response.destroy(),
          );
        },
      );
      upstream.on('error', (error) => {
        if (response.headersSent) response.destroy();
        else refuse(response, 502, 'UNAVAILABLE', `docker-registry does not answer: ${error.message}`);
      });
      request.on('error', () => upstream.destroy());
      response.on('close', () => {
        if (!response.writableFinished) upstream.destroy();
      });
      request.pipe(upstream);
    },
    stop: () => agent.destroy(),
  };
}

function headersOf(status: number, headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const challenge = headers['www-authenticate'];
  if (status !== 401 || !challenge?.includes(',scope=') || challenge.includes(',error=')) return headers;
  // ACR's answer even where no token came at all
  return { ...headers, 'www-authenticate': `${challenge},error="invalid_token"` };
}

interface RegistryError {
  code: string;
  message: string;
  detail?: unknown;
}

function inAcrWords(body: string): string {
  try {
    const { errors }: { errors: RegistryError[] } = JSON.parse(body);
    return JSON.stringify({ errors: errors.map(reword) });
  } catch {
    return body;
  }
}

function reword(error: RegistryError): RegistryError {
  if (error.code === 'UNAUTHORIZED') {
    const wanted = Array.isArray(error.detail)
      ? { detail: error.detail.map(({ Class, ...rest }) => rest) }
      : {};
    return { code: error.code, message: unauthorized, ...wanted };
  }
  const tag = (error.detail as { Tag?: string } | null | undefined)?.Tag;
  return error.code === 'MANIFEST_UNKNOWN' && tag
    ? { ...error, message: `manifest tagged by "${tag}" is not found` }
    : error;
}

async function readAll(stream: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return text;
}
