import { createServer, type IncomingHttpHeaders } from 'node:http';
import { close, listen } from '../../../local/machine/listening.ts';

/** One delivery, as it arrived. */
export interface Got {
  method: string;
  headers: IncomingHttpHeaders;
  body: any;
  at: number;
}

/** An endpoint that agrees to the handshake and answers deliveries as told: a status, or never. */
export async function startEndpoint(answer: (event: Got, nth: number) => number | 'never' = () => 200) {
  const got: Got[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const body = text ? JSON.parse(text) : undefined;
    if (request.method === 'OPTIONS') {
      response.setHeader('webhook-allowed-origin', request.headers['webhook-request-origin'] ?? '');
      return response.writeHead(200).end();
    }
    if (request.headers['aeg-event-type'] === 'SubscriptionValidation')
      return response.writeHead(200).end(JSON.stringify({ validationResponse: body[0].data.validationCode }));
    got.push({ method: request.method ?? '', headers: request.headers, body, at: Date.now() });
    const status = answer(got.at(-1)!, got.length);
    if (status !== 'never') response.writeHead(status).end();
  });
  const url = `http://127.0.0.1:${await listen(server)}/hook?code=secret-key`;
  return { url, got, stop: () => close(server) };
}
