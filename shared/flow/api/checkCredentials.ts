import type { Credentials, TaskIdentity } from '../../model/task.ts';
import { nearestTo } from '../../names/nearestTo.ts';
import { parseVaultUri, VaultUriError } from '../../names/vaultUri.ts';
import type { Settings } from '../../ports/ports.ts';
import { identityProblem } from '../../rules/azureRegistry.ts';
import { Refusal } from '../refusal.ts';

/**
 * Where the credentials of a task or of a run would lead tokens of the app: to no host that is no registry of Azure
 * or of the settings, and to no key vault that tasks may not read.
 * @throws Refusal 400
 */
export function checkCredentials(
  credentials: Credentials | undefined,
  { registries, vaults }: Pick<Settings, 'registries' | 'vaults'>,
): void {
  const own = credentials?.sourceRegistry?.identity;
  const unknownOwn = own && identityFault(own);
  if (unknownOwn) throw refusal("the task's registry", unknownOwn);
  for (const [server, { identity, userName, password }] of Object.entries(
    credentials?.customRegistries ?? {},
  )) {
    const refuse = (why: string) => {
      throw refusal(server, why);
    };
    for (const object of [userName, password])
      if (object?.type === 'Vaultsecret') {
        try {
          parseVaultUri(object.value ?? '', vaults);
        } catch (error) {
          if (!(error instanceof VaultUriError)) throw error;
          refuse(error.message);
        }
      }
    const unknown = identity && identityFault(identity);
    if (unknown) refuse(unknown);
    // With a user name and a password the identity is for the vault that keeps them.
    const problem = identity && !(userName && password) && identityProblem(server, registries);
    if (problem) refuse(problem);
  }
}

/**
 * What a task's credentials lack: an identity that it has, a value.
 * @throws Refusal 400
 */
export function checkTaskCredentials(
  credentials: Credentials | undefined,
  identity: TaskIdentity | undefined,
): void {
  for (const [server, { identity: used, userName, password }] of Object.entries(
    credentials?.customRegistries ?? {},
  )) {
    if (used?.toLowerCase() === '[system]' && !identity?.type.includes('SystemAssigned'))
      throw new Refusal(
        400,
        'TaskIdentityMissing',
        `The credentials for ${server} use the task's system-assigned identity, but the task has none. Assign one (--assign-identity).`,
      );
    if (!used && [userName, password].some((one) => one?.type === 'Vaultsecret'))
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server} are in a key vault: name the identity of the task that reads them (--use-identity).`,
      );
    const empty = Object.entries({ userName, password }).find(
      ([, secret]) => secret?.type === 'Opaque' && !secret.value,
    );
    if (empty)
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server}: ${empty[0]} has no value. Give it, or leave the registry out of a PATCH to keep what is stored.`,
      );
    if (!used && (!userName || !password))
      throw new Refusal(
        400,
        'InvalidCredentials',
        `The credentials for ${server} need an identity, or a user name and a password.`,
      );
  }
}

const refusal = (registry: string, why: string) =>
  new Refusal(400, 'InvalidCredentials', `The credentials for ${registry}: ${why}`);

/** ACR's words for identities that are no client id. */
const identityWords = ['[system]', '[caller]'];

/** What is wrong with an identity in brackets that is none. */
function identityFault(identity: string): string | undefined {
  if (!/^\[.*\]$/.test(identity) || identityWords.includes(identity.toLowerCase())) return undefined;
  const meant = nearestTo(identity, identityWords) ?? identityWords[0];
  return `there is no identity ${identity}. Did you mean ${meant}? Else give a client id.`;
}
