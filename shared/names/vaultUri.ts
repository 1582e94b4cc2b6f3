import { PlinthError } from './plinthError.ts';

/** Vaults by their DNS suffix, and what a token for them is asked for. A token goes nowhere else. */
const audiences: [suffix: string, audience: string][] = [
  ['.vault.azure.net', 'https://vault.azure.net'],
  ['.vault.azure.cn', 'https://vault.azure.cn'],
  ['.vault.usgovcloudapi.net', 'https://vault.usgovcloudapi.net'],
];

const audienceOfHost = (host: string) =>
  audiences.find(
    ([suffix]) => /^[a-z0-9-]+$/.test(host.slice(0, -suffix.length)) && host.endsWith(suffix),
  )?.[1];

/** Whether a host, in lower case, is one of Azure's key vaults. */
export const isVaultHost = (host: string) => audienceOfHost(host) !== undefined;

/** Where a secret of a key vault lies. */
interface VaultUri {
  /** `contoso.vault.azure.net` */
  host: string;
  name: string;
  version?: string;
  audience: string;
}

/** Which vaults tasks may read. */
export interface VaultRules {
  /** Hosts of the vaults that keep the app's own secrets. */
  own: readonly string[];
  /** Hosts of all others that may be read; undefined for any. */
  allowed?: readonly string[] | undefined;
}

/** An address that is no secret of a key vault, or of one that tasks may not read. */
export class VaultUriError extends PlinthError {}

/** Reads `https://{vault}.vault.azure.net/secrets/{name}[/{version}]`. @throws VaultUriError */
export function parseVaultUri(text: string, { own, allowed }: VaultRules): VaultUri {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.host.toLowerCase() ?? '';
  const audience = audienceOfHost(host);
  const [, name, version] =
    /^\/secrets\/([A-Za-z0-9-]{1,127})(?:\/([0-9a-f]{32}))?\/?$/.exec(url?.pathname ?? '') ?? [];
  if (url?.protocol !== 'https:' || url.username || url.password || !audience || !name)
    throw new VaultUriError(
      'A key vault secret is named https://VAULT.vault.azure.net/secrets/NAME, with or without a version.',
    );
  if (own.includes(host))
    throw new VaultUriError(`The key vault ${host} keeps the app's own secrets, which no task may read.`);
  if (allowed && !allowed.includes(host))
    throw new VaultUriError(
      `Tasks may not read the key vault ${host}. The operator of the app can name it in PLINTH_KEY_VAULTS.`,
    );
  return { host, name, ...(version && { version }), audience };
}
