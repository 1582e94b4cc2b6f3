import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { close, listen } from '../../../local/machine/listening.ts';

/** What is done with a request: passed on, answered in another's place, passed on late, or its answer lost. */
export type Whim =
  | { do: 'pass' }
  | { do: 'answer'; status: number; headers?: Record<string, string> }
  | { do: 'delay'; ms: number }
  /** Carried out, and the answer lost on the way back; `first` is done in between. */
  | { do: 'lose'; first?: () => void };

export interface Between {
  url: string;
  stop(): Promise<void>;
}

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/**
 * Stands between a client and a server, and treats each request as it likes.
 * @param target the origin of the server and, where it speaks https, its authority (PEM); asked for at each request
 */
export async function standBetween(
  target: () => { url: string; ca?: string },
  whim: (asked: Asked) => Whim,
): Promise<Between> {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/', headers } = incoming;
    const asked = { method, path, headers, body: Buffer.concat(chunks) };
    const chosen = whim(asked);
    if (chosen.do === 'answer') {
      outgoing.writeHead(chosen.status, chosen.headers).end();
      return;
    }
    if (chosen.do === 'delay') await new Promise((resolve) => setTimeout(resolve, chosen.ms));
    try {
      const { url, ca } = target();
      const answer = await passOn(url, ca, asked);
      if (chosen.do === 'lose') {
        chosen.first?.();
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      outgoing.destroy();
    }
  });
  await listen(server);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server) };
}

/** @throws when there is no answer */
export function passOn(
  target: string,
  ca: string | undefined,
  { method, path, headers, body }: Asked,
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const url = new URL(path, target);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(
      url,
      { method, headers: { ...headers, host: url.host }, ...(ca && { ca }) },
      async (response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of response) chunks.push(chunk as Buffer);
          const { 'transfer-encoding': _, ...answered } = response.headers;
          resolve({ status: response.statusCode ?? 502, headers: answered, body: Buffer.concat(chunks) });
        } catch (error) {
          reject(error);
        }
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
