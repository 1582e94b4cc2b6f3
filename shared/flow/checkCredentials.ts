import { identityProblem } from '../azureRegistry.ts';
import { nearestTo } from '../knownWords.ts';
import type { Credentials } from '../model/task.ts';
import type { Settings } from '../ports/ports.ts';
import { parseVaultUri, VaultUriError } from '../vaultUri.ts';
import { Refusal } from './refusal.ts';

/**
 * Where the credentials of a task or of a run would lead tokens of the app: to no host that is no registry of Azure or of
 * the settings, and to no key vault that tasks may not read.
 * @throws Refusal 400
 */
export function checkCredentials(
  credentials: Credentials | undefined,
  { registries, vaults }: Pick<Settings, 'registries' | 'vaults'>,
): void {
  const own = credentials?.sourceRegistry?.identity;
  const meantForOwn = own && misspelt(own);
  if (meantForOwn)
    throw new Refusal(
      400,
      'InvalidCredentials',
      `The credentials for the task's registry: there is no identity ${own}. Did you mean ${meantForOwn}? Else give a client id.`,
    );
  for (const [server, { identity, userName, password }] of Object.entries(
    credentials?.customRegistries ?? {},
  )) {
    const refuse = (why: string) => {
      throw new Refusal(400, 'InvalidCredentials', `The credentials for ${server}: ${why}`);
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
    const meant = identity && misspelt(identity);
    if (meant) refuse(`there is no identity ${identity}. Did you mean ${meant}? Else give a client id.`);
    // With a user name and a password the identity is for the vault that keeps them.
    const problem = identity && !(userName && password) && identityProblem(server, registries);
    if (problem) refuse(problem);
  }
}

/** ACR's words for identities that are no client id. */
const identityWords = ['[system]', '[caller]'];

/** What an identity in brackets was to be, where it is none. */
const misspelt = (identity: string) =>
  /^\[.*\]$/.test(identity) && !identityWords.includes(identity.toLowerCase())
    ? (nearestTo(identity, identityWords) ?? identityWords[0])
    : undefined;
