import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { parseVaultUri, type VaultRules, VaultUriError } from '../../names/vaultUri.ts';
import { type Vault, VaultError } from '../../ports/vault.ts';
import { assignRole, principalOf } from '../../rules/roleAssignment.ts';
import { ask, type Fail, readJson, tryJson } from '../http/ask.ts';
import { retryAfterSeconds } from '../http/retryAfter.ts';
import { limitOf } from '../http/timeLimit.ts';
import { tokenOf } from './identityToken.ts';

const apiVersion = '7.4';

/** What is no secret's answer has no value either. */
const SecretBundle = z.object({ value: z.string().optional() }).catch({});

const Coded = { code: z.string().optional().catch(undefined) };
const Refusal = z.object({ error: z.object({ ...Coded, innererror: z.object(Coded).nullish() }) });

interface KeyVaultOptions {
  /** By the vault's host, where it answers when that is not there: a private endpoint, a proxy. */
  endpoints: Record<string, string>;
  /** The identity of a client id; without one, the app's own. */
  credential: (clientId?: string) => TokenCredential;
  rules: VaultRules;
  /** Whether a value is one that the app keeps for itself, wherever it lies. */
  isOwn: (value: string) => boolean;
  /** Checks the address of every connection: tasks name the vaults. */
  fetch: typeof fetch;
}

/** Azure Key Vault by its REST interface: one call, for which the SDK would be five packages. */
export function createKeyVault({ endpoints, credential, rules, isOwn, fetch }: KeyVaultOptions): Vault {
  return {
    async secret(uri, clientId) {
      const { host, name, version, audience } = parsed(uri, rules);
      const what = `secret ${name} of key vault ${host}`;
      const who = clientId ? `the identity ${clientId}` : 'the identity of the app';
      const notRead = (why: string, { kind, cause }: Parameters<Fail>[0]) =>
        new VaultError(`The ${what} was not read: ${why}`, { transient: kind === 'Silent', cause });
      const fail: Fail = (fault) =>
        notRead(`${fault.why}${fault.kind === 'Long' ? ', which no secret has' : ''}.`, fault);
      const { token } = await tokenOf(credential(clientId), `${audience}/.default`, (fault) =>
        notRead(`${who} gave no token (${fault.why}). Is it assigned to the function app?`, fault),
      );
      const path = ['secrets', name, ...(version ? [version] : [])].join('/');
      const url = `${endpoints[host] ?? `https://${host}`}/${path}?api-version=${apiVersion}`;
      const headers = { authorization: `Bearer ${token}` };
      const response = await ask(fetch, url, { headers, signal: limitOf('keyVault') }, fail);
      if (!response.ok)
        throw await refusal(response, { host, name, what, who, principalId: principalOf(token) });
      const { value } = await readJson(response, SecretBundle, fail);
      if (value === undefined)
        throw new VaultError(`The ${what} came without a value.`, { transient: false });
      if (isOwn(value))
        throw new VaultError(`The ${what} is the app's own, which no task may read.`, { transient: false });
      return value;
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

interface AskedSecret {
  host: string;
  name: string;
  /** The secret and its vault, as messages name them. */
  what: string;
  who: string;
  principalId: string | undefined;
}

/** What to do by status; the vault's own codes are from learn.microsoft.com, "Key Vault REST API error codes". */
async function refusal(response: Response, asked: AskedSecret): Promise<VaultError> {
  const { status } = response;
  const error = (await tryJson(response, Refusal))?.error;
  const code = error?.innererror?.code ?? error?.code ?? response.statusText;
  const said = `The ${asked.what} was not read: ${status} ${code}.`;
  return new VaultError([said, advice(status, code, asked)].filter(Boolean).join(' '), {
    transient: status === 429 || status >= 500,
    isRoleMissing: lacksRole(status, code),
    retryAfter: retryAfterSeconds(response.headers.get('retry-after')),
  });
}

const lacksRole = (status: number, code: string) =>
  status === 403 && code !== 'SecretDisabled' && !/firewall|address/i.test(code);

function advice(
  status: number,
  code: string,
  { host, name, who, principalId }: AskedSecret,
): string | undefined {
  if (status === 401) return `The token of ${who} was not accepted: is the vault in another tenant?`;
  if (status === 404) return 'There is no such secret, or it was deleted.';
  if (status !== 403) return undefined;
  if (code === 'SecretDisabled') return 'Enable the secret.';
  if (!lacksRole(status, code)) return 'The firewall of the vault does not let the function app in.';
  const role = 'Key Vault Secrets User';
  // The first part of a vault's host is its name.
  const scope = `$(az keyvault show --name ${host.split('.')[0]} --query id --output tsv)/secrets/${name}`;
  const command = principalId ? `: ${assignRole({ principalId, role, scope })}` : '.';
  return `Assign ${who} the role "${role}" on the vault or the secret${command}`;
}
