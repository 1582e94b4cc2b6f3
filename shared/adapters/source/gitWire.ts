/**
 * The part of git's smart HTTP protocol (gitprotocol-pack(5), version 0) that brings a pack. isomorphic-git has it too,
 * but holds a pack four times in memory where this holds none of it.
 */

/** The server's reason for a refusal: `ERR` lines and the error band of the side-band. */
export class GitRemoteError extends Error {
  override name = 'GitRemoteError';
}

/** The answer broke off or was not git's. */
export class GitProtocolError extends Error {
  override name = 'GitProtocolError';
}

const pktLine = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text;

/**
 * The body of POST git-upload-pack that asks for some objects and has none. Without depth, with all their history.
 * multi_ack_detailed is of no use here, but Azure DevOps answers 400 without it (TF401041).
 */
export function uploadPackRequest(wants: string[], depth?: number): Buffer {
  const capabilities = 'multi_ack_detailed no-done side-band-64k ofs-delta agent=git/plinth';
  const lines = wants.map((oid, index) => pktLine(`want ${oid}${index === 0 ? ` ${capabilities}` : ''}\n`));
  if (depth !== undefined) lines.push(pktLine(`deepen ${depth}\n`));
  return Buffer.from(`${lines.join('')}0000${pktLine('done\n')}`, 'utf8');
}

/**
 * The pack inside the answer to such a request, piece by piece.
 * @throws GitRemoteError GitProtocolError
 */
export async function* packOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let received = 0;
  let inBand = false;
  for await (const line of pktLines(body)) {
    if (line.length === 0) continue;
    const band = line[0]!;
    if (!inBand && band > 3) {
      const text = line.toString('utf8').trim();
      if (text.startsWith('ERR ')) throw new GitRemoteError(text.slice(4));
      if (!/^(shallow|unshallow|ACK|NAK)\b/.test(text))
        throw new GitProtocolError('the answer is not the one of git-upload-pack');
      continue;
    }
    inBand = true;
    if (band === 3) throw new GitRemoteError(line.subarray(1).toString('utf8').trim());
    if (band !== 1) continue;
    received += line.length - 1;
    yield line.subarray(1);
  }
  if (received === 0) throw new GitProtocolError('the answer held no pack');
}

/** Payloads of a stream of pkt-lines (gitprotocol-common(5)); a flush is an empty one. */
async function* pktLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0);
  for await (const chunk of body) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    let at = 0;
    while (held.length - at >= 4) {
      const hex = held.toString('latin1', at, at + 4);
      const length = /^[0-9a-fA-F]{4}$/.test(hex) ? Number.parseInt(hex, 16) : -1;
      if (length !== 0 && length < 4) throw new GitProtocolError('the answer is not in pkt-lines');
      const end = at + Math.max(length, 4);
      if (held.length < end) break;
      yield held.subarray(at + 4, end);
      at = end;
    }
    held = held.subarray(at);
  }
  if (held.length > 0) throw new GitProtocolError('the answer broke off');
}
