import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { type Vault, VaultError } from '../ports/vault.ts';
import { parseVaultUri, type VaultRules, VaultUriError } from '../vaultUri.ts';
import { addressErrorIn } from './addressGuard.ts';
import { isIdentityBusy } from './identityToken.ts';
import { retryAfterSeconds } from './retryAfter.ts';

const apiVersion = '7.4';
const answerWithinMs = 20_000;

const SecretBundle = z.object({ value: z.string() });

export interface KeyVaultOptions {
  /** By the vault's host, where it answers when that is not there: a private endpoint, a proxy. */
  endpoints: Record<string, string>;
  /** The identity of a client id; without one, the app's own. */
  credential: (clientId?: string) => TokenCredential;
  rules: VaultRules;
  /** Whether a value is one that the app keeps for itself, wherever it lies. */
  isOwn: (value: string) => boolean;
  /** That looks at addresses: tasks name the vaults. */
  fetch: typeof fetch;
}

/** Azure Key Vault by its REST interface: one call, for which the SDK would be five packages. */
export function createKeyVault({ endpoints, credential, rules, isOwn, fetch }: KeyVaultOptions): Vault {
  return {
    async secret(uri, clientId) {
      const { host, name, version, audience } = parsed(uri, rules);
      const what = `secret ${name} of key vault ${host}`;
      const who = clientId ? `the identity ${clientId}` : 'the identity of the app';
      const token = await tokenFor(audience, credential(clientId), what, who);
      const path = ['secrets', name, ...(version ? [version] : [])].join('/');
      const url = `${endpoints[host] ?? `https://${host}`}/${path}?api-version=${apiVersion}`;
      const response = await reach(fetch, url, token, what);
      if (!response.ok) throw await refusal(response, what, who);
      const read = SecretBundle.safeParse(await response.json().catch(() => undefined));
      if (!read.success) throw new VaultError(`The ${what} came without a value.`, { transient: false });
      if (isOwn(read.data.value))
        throw new VaultError(`The ${what} is the app's own, which no task may read.`, { transient: false });
      return read.data.value;
    },
  };
}

function parsed(uri: string, rules: VaultRules) {
  try {
    return parseVaultUri(uri, rules);
  } catch (error) {
    if (error instanceof VaultUriError)
      throw new VaultError(error.message, { transient: false, cause: error });
    throw error;
  }
}

async function tokenFor(audience: string, credential: TokenCredential, what: string, who: string) {
  try {
    const token = await credential.getToken(`${audience}/.default`);
    if (token) return token.token;
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0];
    throw new VaultError(
      `The ${what} was not read: ${who} gave no token (${why}). Is it assigned to the function app?`,
      { transient: isIdentityBusy(cause), cause },
    );
  }
  throw new VaultError(`The ${what} was not read: ${who} gave no token.`, { transient: true });
}

async function reach(
  fetch: typeof globalThis.fetch,
  url: string,
  token: string,
  what: string,
): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(answerWithinMs),
    });
  } catch (cause) {
    const refused = addressErrorIn(cause);
    if (refused)
      throw new VaultError(`The ${what} was not read: ${refused.message}`, { transient: false, cause });
    const why =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : cause;
    throw new VaultError(`The ${what} was not read: no answer (${why}).`, { transient: true, cause });
  }
}

/** What to do by status; the vault's own codes are from learn.microsoft.com, "Key Vault REST API error codes". */
async function refusal(response: Response, what: string, who: string): Promise<VaultError> {
  const { status } = response;
  const body = (await response.json().catch(() => undefined)) as VaultAnswer | undefined;
  const code = body?.error?.innererror?.code ?? body?.error?.code ?? response.statusText;
  const retryAfter = retryAfterSeconds(response.headers.get('retry-after'));
  const said = `The ${what} was not read: ${status} ${code}.`;
  return new VaultError([said, advice(status, code, who)].filter(Boolean).join(' '), {
    transient: status === 429 || status >= 500,
    ...(retryAfter && { retryAfter }),
  });
}

interface VaultAnswer {
  error?: { code?: string; innererror?: { code?: string } };
}

function advice(status: number, code: string, who: string): string | undefined {
  if (status === 401) return `The token of ${who} was not accepted: is the vault in another tenant?`;
  if (status === 404) return 'There is no such secret, or it was deleted.';
  if (status !== 403) return undefined;
  if (code === 'SecretDisabled') return 'Enable the secret.';
  if (/firewall|address/i.test(code)) return 'The firewall of the vault does not let the function app in.';
  return `Assign ${who} the role "Key Vault Secrets User" on the vault or the secret.`;
}
