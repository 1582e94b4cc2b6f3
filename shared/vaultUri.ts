/** Vaults by their DNS suffix, and what a token for them is asked for. A token goes nowhere else. */
const audiences: [suffix: string, audience: string][] = [
  ['.vault.azure.net', 'https://vault.azure.net'],
  ['.vault.azure.cn', 'https://vault.azure.cn'],
  ['.vault.usgovcloudapi.net', 'https://vault.usgovcloudapi.net'],
];

/** Where a secret of a key vault lies. */
export interface VaultUri {
  /** `contoso.vault.azure.net` */
  host: string;
  name: string;
  version?: string;
  audience: string;
}

/** An address that is no secret of a key vault. */
export class VaultUriError extends Error {
  override name = 'VaultUriError';
}

/** Reads `https://{vault}.vault.azure.net/secrets/{name}[/{version}]`. @throws VaultUriError */
export function parseVaultUri(text: string): VaultUri {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.host.toLowerCase() ?? '';
  const audience = audiences.find(
    ([suffix]) => /^[a-z0-9-]+$/.test(host.slice(0, -suffix.length)) && host.endsWith(suffix),
  )?.[1];
  const [, name, version] =
    /^\/secrets\/([A-Za-z0-9-]{1,127})(?:\/([0-9a-f]{32}))?\/?$/.exec(url?.pathname ?? '') ?? [];
  if (url?.protocol !== 'https:' || url.username || url.password || !audience || !name)
    throw new VaultUriError(
      'A key vault secret is named https://VAULT.vault.azure.net/secrets/NAME, with or without a version.',
    );
  return { host, name, ...(version && { version }), audience };
}
