import type { KeyObject } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';

type Algorithm = 'RS256' | 'ES256';

/** Seconds since 1970, as the claims of a token are written. */
export const epochSeconds = (): number => Math.floor(Date.now() / 1000);

/** A signed JSON web token (RFC 7519). */
export const signJwt = (
  header: { alg: Algorithm } & Record<string, unknown>,
  claims: JWTPayload,
  key: KeyObject,
): Promise<string> => new SignJWT(claims).setProtectedHeader({ typ: 'JWT', ...header }).sign(key);

/** The claims of a token that was signed with the key and is valid now; undefined for anything else. */
export async function verifyJwt(
  token: string,
  key: KeyObject,
  algorithm: Algorithm,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, { algorithms: [algorithm], requiredClaims: ['exp'] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
