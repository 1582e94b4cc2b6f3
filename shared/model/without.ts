type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A copy of a value without some of its members. Members under symbols go along, as with `...`. */
export function without<T extends object, K extends keyof T>(value: T, ...names: K[]): Without<T, K> {
  const left: object = { ...value };
  for (const name of names) Reflect.deleteProperty(left, name);
  return left as Without<T, K>;
}
