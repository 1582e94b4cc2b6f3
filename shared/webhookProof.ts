import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** What a delivery is proved by: the header and the bytes as they came. */
export interface ProofGiven {
  /** X-Hub-Signature-256 */
  signature: string | undefined;
  authorization: string | undefined;
  body: Uint8Array;
}

/** GitHub signs the body: `sha256=` and the HMAC in hex (docs.github.com, "Validating webhook deliveries"). */
export function isSignedBy(secret: string, { signature = '', body }: ProofGiven): boolean {
  const wanted = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  return isSame(signature.toLowerCase(), wanted);
}

/** Azure DevOps cannot sign; it sends the secret as the password of Basic authentication. The user does not matter. */
export function isPasswordOf(secret: string, { authorization = '' }: ProofGiven): boolean {
  const [, encoded = ''] = /^basic ([A-Za-z0-9+/=]+)$/i.exec(authorization) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  return isSame(text.slice(text.indexOf(':') + 1), secret);
}

/** Takes the same time however much of it is right; the hash makes both of one length. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}
