import { Refusal } from '../flow/refusal.ts';

/**
 * The Functions host hands on a body only where its length is given before; one that is sent in chunks comes empty
 * (Azure/azure-functions-host#4926).
 */
export const isChunked = (request: { headers: { get(name: string): string | null } }) =>
  /\bchunked\b/i.test(request.headers.get('transfer-encoding') ?? '');

export const noLength = () =>
  new Refusal(
    411,
    'LengthRequired',
    'The body was sent in chunks and did not arrive. Send it with a Content-Length header.',
  );
