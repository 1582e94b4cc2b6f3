import { PlinthError } from '../names/plinthError.ts';
/**
 * A stored secret does not open: the key is another, or the secret belongs to something else. It must be given again.
 */
export class SealError extends PlinthError {}

/** Encrypts secrets before they are stored, bound to what they belong to: one copied to another owner does not open. */
export interface Seal {
  seal(text: string, owner: string): string;
  /** @throws SealError when the text was not sealed with this key for this owner */
  open(sealed: string, owner: string): string;
  /** A signature for an address that a client gets, and the proof of one that comes back. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
  /** A secret to share with another server, from 32 random bytes. */
  newSecret(): string;
  /** Whether bytes were signed with a shared secret by HMAC-SHA256, the signature in hex. */
  isSigned(bytes: Uint8Array, signature: string, secret: string): boolean;
  /** Whether two texts are the same, in a time that does not depend on where they differ. */
  isSame(one: string, other: string): boolean;
}
