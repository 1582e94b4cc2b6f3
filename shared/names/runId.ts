import { eventGuid } from './eventGuid.ts';

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

/** Of a run, what its key is made from. */
interface Keyed {
  registry: string;
  runId: string;
  createTime: string;
  nonce?: string | undefined;
}

/**
 * The key under which the run engine has a run. Ids begin again where the tables are new, and another app on the same
 * registry has its own: the run's time and its nonce tell them apart.
 * @returns at most 50 letters, digits and hyphens, as ARM takes them for a name
 */
export const engineKeyOf = ({ registry, runId, createTime, nonce }: Keyed): string => {
  const of = [registry, runId, createTime, ...(nonce ? [nonce] : [])];
  return `plinth-${runId}-${eventGuid(of.join('-')).slice(-12)}`;
};

/** The run id in a key of the run engine; undefined where it is no key of a run. */
export const runIdOfKey = (key: string): string | undefined =>
  /^plinth-([a-z0-9]+)-[0-9a-f]{12}$/i.exec(key)?.[1];

/** Newest first: the key falls as the number rises. */
export const newestFirst = (number: number) => String(highest - number).padStart(keyWidth, '0');

/** Oldest first. */
export const oldestFirst = (number: number) => String(number).padStart(keyWidth, '0');

/** `c` and a letter drawn from the registry's name (FNV-1a), so that ids of different registries look different. */
function runIdPrefix(registry: string): string {
  let hash = 0x811c9dc5;
  for (const char of registry.toLowerCase()) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return `c${String.fromCharCode(97 + (hash % 26))}`;
}
