/** Encrypts secrets before they are stored, bound to what they belong to: one copied to another owner does not open. */
export interface Seal {
  seal(text: string, owner: string): string;
  /** @throws Error when the text was not sealed with this key for this owner */
  open(sealed: string, owner: string): string;
  /** A signature for an address that a client gets, and the proof of one that comes back. */
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
}
