import { without } from '../model/without.ts';
import { isObject } from '../names/jsonValue.ts';
import { isAzureHost } from '../rules/azureRegistry.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

/**
 * What a PATCH makes of a task, by the rules the `az` client relies on: what is absent or `{}` stays, objects merge,
 * timer and source triggers merge by their name, other lists are replaced, and null takes a value away (that is how
 * `credential remove` does it). Credentials that name an identity only take the place of a password, and the other way.
 */
export function applyPatch(task: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...task };
  for (const [key, change] of Object.entries(patch)) {
    const before = merged[key];
    if (change === null) delete merged[key];
    else if (isObject(change) && key === 'customRegistries')
      merged[key] = applyPatch(isObject(before) ? withoutOtherKind(before, change) : {}, change);
    else if (isObject(change)) merged[key] = applyPatch(isObject(before) ? before : {}, change);
    else if (Array.isArray(change) && namedLists.has(key)) merged[key] = mergeByName(before, change);
    else merged[key] = change;
  }
  return merged;
}

/** The registries without the values that their change replaces; those would remain as unseen secrets. */
function withoutOtherKind(registries: JsonObject, changes: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(registries).map(([server, before]) => {
      const change = changes[server];
      if (!isObject(before) || !isObject(change)) return [server, before];
      const { userName, password, ...rest } = without(before, 'identity');
      const givesLogin = change.userName !== undefined || change.password !== undefined;
      // An identity alone gives no login there: it is the one that reads the vault.
      const readsVault = isInVault(userName) && isInVault(password) && !isAzureHost(server);
      if (change.identity !== undefined && !givesLogin) return [server, readsVault ? before : rest];
      if (change.identity === undefined && givesLogin)
        return [server, { ...rest, ...(userName && { userName }), ...(password && { password }) }];
      return [server, before];
    }),
  );
}

const isInVault = (secret: Json | undefined) => isObject(secret) && secret.type === 'Vaultsecret';

const namedLists = new Set(['timerTriggers', 'sourceTriggers']);

function mergeByName(before: Json | undefined, changes: Json[]): Json[] {
  const merged = Array.isArray(before) ? [...before] : [];
  for (const change of changes) {
    const at = merged.findIndex((entry) => isObject(entry) && isObject(change) && entry.name === change.name);
    const entry = merged[at];
    if (isObject(entry) && isObject(change)) merged[at] = applyPatch(entry, change);
    else merged.push(change);
  }
  return merged;
}
