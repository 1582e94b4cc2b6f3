type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What a PATCH makes of a task, by the rules the `az` client counts on: what is absent or `{}` stays, objects merge,
 * timer and source triggers merge by their name, other lists are replaced, and null takes a value away (that is how
 * `credential remove` does it). Credentials that name an identity only take the place of a password, and the other way.
 */
export function mergeTask(task: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...task };
  for (const [key, change] of Object.entries(patch)) {
    const before = merged[key];
    if (change === null) delete merged[key];
    else if (isObject(change) && key === 'customRegistries')
      merged[key] = mergeTask(isObject(before) ? withoutOtherKind(before, change) : {}, change);
    else if (isObject(change)) merged[key] = mergeTask(isObject(before) ? before : {}, change);
    else if (Array.isArray(change) && namedLists.has(key)) merged[key] = mergeByName(before, change);
    else merged[key] = change;
  }
  return merged;
}

/** The registries without what their change is to take the place of; it would stay a secret that nobody knows of. */
function withoutOtherKind(registries: JsonObject, changes: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(registries).map(([server, before]) => {
      const change = changes[server];
      if (!isObject(before) || !isObject(change)) return [server, before];
      const { identity: _, userName, password, ...rest } = before;
      const givesLogin = change.userName !== undefined || change.password !== undefined;
      if (change.identity !== undefined && !givesLogin) return [server, rest];
      if (change.identity === undefined && givesLogin)
        return [server, { ...rest, ...(userName && { userName }), ...(password && { password }) }];
      return [server, before];
    }),
  );
}

const namedLists = new Set(['timerTriggers', 'sourceTriggers']);

function mergeByName(before: Json | undefined, changes: Json[]): Json[] {
  const merged = Array.isArray(before) ? [...before] : [];
  for (const change of changes) {
    const at = merged.findIndex((entry) => isObject(entry) && isObject(change) && entry.name === change.name);
    const entry = merged[at];
    if (isObject(entry) && isObject(change)) merged[at] = mergeTask(entry, change);
    else merged.push(change);
  }
  return merged;
}
