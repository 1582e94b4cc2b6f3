import { type KeyObject, sign, verify } from 'node:crypto';

export type Claims = Record<string, unknown> & { exp?: number; nbf?: number };
export type Algorithm = 'RS256' | 'ES256';

/** Seconds since 1970, as the claims of a token are written. */
export const epochSeconds = (): number => Math.floor(Date.now() / 1000);

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
// RFC 7518 §3.4: ES256 is r and s side by side, not node's default DER
const encoding = { dsaEncoding: 'ieee-p1363' } as const;

/** A signed JSON web token (RFC 7519). */
export function signJwt(
  header: { alg: Algorithm } & Record<string, unknown>,
  claims: Claims,
  key: KeyObject,
): string {
  const signed = `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, ...encoding }).toString('base64url')}`;
}

/**
 * The claims of a token that was signed with the key and is valid now (one minute is allowed for clocks that differ);
 * undefined for anything else.
 */
export function verifyJwt(token: string, key: KeyObject, algorithm: Algorithm): Claims | undefined {
  const [header, payload, signature, ...rest] = token.split('.');
  if (!header || !payload || !signature || rest.length > 0) return undefined;
  try {
    if (parse(header).alg !== algorithm) return undefined;
    const signed = Buffer.from(`${header}.${payload}`);
    if (!verify('sha256', signed, { key, ...encoding }, Buffer.from(signature, 'base64url')))
      return undefined;
    const claims: Claims = parse(payload);
    const now = epochSeconds();
    return (claims.exp ?? 0) > now && (claims.nbf ?? 0) <= now + 60 ? claims : undefined;
  } catch {
    return undefined;
  }
}

const parse = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
