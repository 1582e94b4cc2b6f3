/**
 * Blob URLs as az takes them: it reads `https://{account}.blob.{suffix}/{container}/{blob}?{sas}` out of the text and
 * always asks over https, so Azurite's `http://127.0.0.1:PORT/{account}/…` cannot be given to it. An account may hold
 * slashes, though: `https://127.0.0.1:PORT/{account}.blob.local/…` is read as the account `127.0.0.1:PORT/{account}`.
 */
const suffix = '.blob.local';

/** The address under which a client reaches a blob of Azurite through the front. */
export function throughFront(blobUrl: string, origin: string): string {
  const { pathname, search } = new URL(blobUrl);
  const [, account, ...rest] = pathname.split('/');
  return `${origin}/${account}${suffix}/${rest.join('/')}${search}`;
}

/** Where such an address leads; undefined for any other path. The SAS in it stays good: it signs the path without host. */
export function behindFront(url: URL, blobEndpoint: string): URL | undefined {
  const [, account, rest] = /^\/([a-z0-9]+)\.blob\.local(\/.+)$/.exec(url.pathname) ?? [];
  if (!account) return undefined;
  return new URL(`/${account}${rest}${url.search}`, blobEndpoint);
}
