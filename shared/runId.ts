/** Highest run number: six base-36 digits, two thousand million runs in a registry. */
const highest = 36 ** 6 - 1;

/** The number part of row keys: counts down, so that Table Storage's only order gives the newest run first. */
const keyWidth = String(highest).length;

/**
 * ACR's run ids: two letters that belong to the registry and a base-36 counter, `ca1 … caz, ca10`.
 * @param number from 1; never given twice in a registry
 */
export function formatRunId(registry: string, number: number): string {
  if (!Number.isInteger(number) || number < 1 || number > highest)
    throw new RangeError(`no run id for ${number}`);
  return runIdPrefix(registry) + number.toString(36);
}

/** The counter in a run id, or undefined when the text is not a run id of that registry. Case does not matter. */
export function parseRunId(registry: string, runId: string): number | undefined {
  const prefix = runIdPrefix(registry);
  const text = runId.toLowerCase();
  if (!text.startsWith(prefix)) return undefined;
  const digits = text.slice(prefix.length);
  if (!/^[1-9a-z][0-9a-z]{0,5}$/.test(digits)) return undefined;
  return Number.parseInt(digits, 36);
}

/** Newest first: the key falls as the number rises. */
export const newestFirst = (number: number) => String(highest - number).padStart(keyWidth, '0');

/** Oldest first. */
export const oldestFirst = (number: number) => String(number).padStart(keyWidth, '0');

/** `c` and a letter drawn from the registry's name (FNV-1a), so that ids of neighbours are told apart at sight. */
function runIdPrefix(registry: string): string {
  let hash = 0x811c9dc5;
  for (const char of registry.toLowerCase()) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return `c${String.fromCharCode(97 + (hash % 26))}`;
}
