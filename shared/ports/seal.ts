/** A stored secret does not open: the key is another, or the secret belongs to something else. Give it anew. */
export class SealError extends Error {
  override name = 'SealError';
}

/** Encrypts secrets before they are stored, bound to what they belong to: one copied to another owner does not open. */
export interface Seal {
  seal(text: string, owner: string): string;
  /** @throws SealError when the text was not sealed with this key for this owner */
  open(sealed: string, owner: string): string;
  /** A signature for an address that a client gets, and the proof of one that comes back. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** A secret to share with somebody, from 32 bytes of chance. */
  newSecret(): string;
  /** Whether bytes were signed with a shared secret by HMAC-SHA256, the signature in hex. */
  isSigned(bytes: Uint8Array, signature: string, secret: string): boolean;
  /** Whether two texts are the same, in a time that tells nothing of how much of them is. */
  isSame(one: string, other: string): boolean;
}
