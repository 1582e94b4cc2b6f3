/** ACR's run ids: two letters that belong to a registry, and a base-36 counter: `ca1 … caz, ca10`. */
export interface RunIds {
  next(): string;
  /** The counter of an id, undefined for what is no id of this registry. */
  numberOf(runId: string): number | undefined;
}

/**
 * Counts on from the highest of the ids given before.
 * @param index the registry's place among those of the engine; it chooses the second letter
 */
export function runIds(index: number, given: string[]): RunIds {
  const prefix = `c${String.fromCharCode(97 + (index % 26))}`;
  const numberOf = (runId: string) => {
    const digits = new RegExp(`^${prefix}([1-9a-z][0-9a-z]{0,7})$`).exec(runId.toLowerCase())?.[1];
    return digits === undefined ? undefined : Number.parseInt(digits, 36);
  };
  let last = given.reduce((highest, runId) => Math.max(highest, numberOf(runId) ?? 0), 0);
  return {
    next: () => `${prefix}${(++last).toString(36)}`,
    numberOf,
  };
}
