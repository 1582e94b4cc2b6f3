/** More than any answer that is read whole: registries take manifests of 4 MiB at most (OCI distribution-spec). */
const mostBytes = 8 * 2 ** 20;

/** An answer longer than the limit, which keeps a server from filling the app's memory. */
export class LongAnswerError extends Error {
  override name = 'LongAnswerError';
}

interface Answer {
  body: AsyncIterable<Uint8Array> | null;
}

/**
 * The body of an answer; the connection is given up where it is longer than it may be.
 * @throws LongAnswerError, or what a connection that breaks throws
 */
export async function bodyBytes({ body }: Answer, maxBytes = mostBytes): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > maxBytes) throw new LongAnswerError(`the answer has more than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The same as text, without a byte order mark. */
export const bodyText = async (answer: Answer): Promise<string> =>
  new TextDecoder().decode(await bodyBytes(answer));
