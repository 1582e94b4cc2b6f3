import type { IncomingMessage } from 'node:http';

/**
 * The whole body of a request.
 *
 * What exceeds the limit is received and thrown away, as Azure's servers do for a while: a connection that is cut
 * while the client still sends takes the answer with it.
 * @param limit bytes
 * @returns undefined for a body over the limit
 */
export function readBody(
  request: IncomingMessage,
  limit = Number.POSITIVE_INFINITY,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return chunks.push(chunk);
      chunks.length = 0;
      resolve(undefined);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () =>
      reject(new Error('The client ended the connection before its request was complete.')),
    );
  });
}
