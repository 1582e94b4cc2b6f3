import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { type Seal, SealError } from '../../ports/seal.ts';

const scheme = 'sealed:1:';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM with a random nonce; the owner is authenticated with it.
 * @param keys 32 bytes each; the first seals, all of them open, so that a key can be rotated
 */
export function createAesSeal(keys: [Buffer, ...Buffer[]]): Seal {
  const signature = (key: Buffer, text: string) =>
    createHmac('sha256', key).update(`signature\n${text}`).digest('base64url');
  return {
    sign: (text) => signature(keys[0], text),
    verify: (text, given) =>
      keys.some((key) => {
        const wanted = Buffer.from(signature(key, text));
        const offered = Buffer.from(given);
        return wanted.length === offered.length && timingSafeEqual(wanted, offered);
      }),
    newSecret: () => randomBytes(32).toString('base64url'),
    isSigned: (bytes, given, secret) =>
      isSame(given.toLowerCase(), createHmac('sha256', secret).update(bytes).digest('hex')),
    isSame,
    seal(text, owner) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', keys[0], nonce).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return scheme + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open(sealed, owner) {
      if (!sealed.startsWith(scheme)) throw new SealError(`A stored secret of ${owner} is not sealed.`);
      const bytes = Buffer.from(sealed.slice(scheme.length), 'base64');
      for (const key of keys) {
        try {
          const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes))
            .setAAD(Buffer.from(owner))
            .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
          return (
            decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8')
          );
        } catch {
          // sealed with another of the keys, or cut short
        }
      }
      throw new SealError(
        `A stored secret of ${owner} does not open with the sealing key. Was the key replaced without keeping the old one? Give the secret again.`,
      );
    },
  };
}

/** Hashes are of one length, as timingSafeEqual requires. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
