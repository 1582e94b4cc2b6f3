/**
 * JSON with every member taken away that is null: to ARM that is the same as one that is not there, and templates write
 * it for what they do not set. An entry of a list stays, as the list would be another one.
 */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNulls(member)]])),
  );
}
