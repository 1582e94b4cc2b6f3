import type { KnownRegistry } from '../../model/registry.ts';
import { RegistryError } from '../../ports/registry.ts';
import { assignRole } from '../../rules/roleAssignment.ts';
import type { Fail } from '../http/ask.ts';
import { retryAfterSeconds } from '../http/retryAfter.ts';

/** A fault of HTTP as a RegistryError. `name` is what was asked for: a registry, a repository. */
export const registryFault =
  (name: string): Fail =>
  ({ kind, why, cause }) => {
    const isOther = kind === 'NoJson' || kind === 'Undocumented';
    const said = isOther ? 'the registry did not answer with a JSON object' : why;
    return new RegistryError(kind === 'Silent' ? 'Unreachable' : 'Invalid', `${name}: ${said}`, { cause });
  };

interface Answer {
  status: number;
  statusText?: string;
  headers: { get(name: string): string | null | undefined };
}

/** An answer by which a registry asks to come again later; undefined for any other. */
export function busy(name: string, { status, statusText, headers }: Answer): RegistryError | undefined {
  const retryAfter = retryAfterSeconds(headers.get('retry-after'));
  if (status === 429)
    return new RegistryError('TooManyRequests', `${name}: the registry asks to slow down`, {
      retryAfter,
      busyServer: name.split('/')[0],
    });
  if (status < 500) return undefined;
  return new RegistryError('Unreachable', `${name}: ${status} ${statusText ?? ''}`.trim(), { retryAfter });
}

const puller = 'AcrPull';
const pullerByRepository = 'Container Registry Repository Reader';

/**
 * What an identity that may not pull lacks, and the command that gives it. ACR answers a missing role with 401 after the
 * exchange, not with 403.
 * @param name what was asked for: a registry, a repository
 */
export function roleMissing(
  name: string,
  { principalId, known }: { principalId: string | undefined; known: KnownRegistry | undefined },
  cause?: unknown,
): RegistryError {
  const role = known?.usesAbac ? pullerByRepository : puller;
  const either = known ? '' : ` (${pullerByRepository} where the registry uses ABAC)`;
  // A registry's name has letters and digits alone; its host may go on with a hash.
  const [registry] = /^[a-z0-9]*/i.exec(name)!;
  const scope = known?.id ?? `$(az acr show --name ${registry} --query id --output tsv)`;
  const command = principalId ? `: ${assignRole({ principalId, role, scope })}` : '.';
  return new RegistryError(
    'Unauthorized',
    `The identity${principalId ? ` ${principalId}` : ''} may not pull from ${name}. Assign it the role ${role} on that registry${either}${command}`,
    { cause, isRoleMissing: true },
  );
}
