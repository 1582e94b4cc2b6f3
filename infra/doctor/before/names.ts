import { type Finding, fault, quoted } from '../finding.ts';

/**
 * The function uniqueString of ARM templates: a 64-bit MurmurHash3 variant of the values joined by hyphens, in base 32.
 * What it is held against are values of Microsoft's own compiler (`bicep snapshot`).
 */
export function uniqueString(...values: string[]): string {
  const [high, low] = hash64(Buffer.from(values.join('-'), 'utf8'));
  let left = (BigInt(high) << 32n) | BigInt(low);
  let text = '';
  for (let at = 0; at < 13; at++) {
    text += 'abcdefghijklmnopqrstuvwxyz234567'[Number(left >> 59n)];
    left = BigInt.asUintN(64, left << 5n);
  }
  return text;
}

const rotated = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits));
const [first, second] = [0x239b961b, 0xab0e9789];
const mixedFirst = (word: number) => Math.imul(rotated(Math.imul(word, first), 15), second);
const mixedSecond = (word: number) => Math.imul(rotated(Math.imul(word, second), 17), first);

function hash64(bytes: Buffer): [high: number, low: number] {
  let [one, two] = [0, 0];
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) {
    one = Math.imul((rotated(one ^ mixedFirst(bytes.readUInt32LE(at)), 19) + two) | 0, 5) + 0x561ccd1b;
    two = Math.imul((rotated(two ^ mixedSecond(bytes.readUInt32LE(at + 4)), 13) + one) | 0, 5) + 0x0bcaa747;
  }
  const rest = Buffer.alloc(8);
  bytes.copy(rest, 0, whole);
  if (bytes.length > whole) one ^= mixedFirst(rest.readUInt32LE(0));
  if (bytes.length > whole + 4) two ^= mixedSecond(rest.readUInt32LE(4));
  one ^= bytes.length;
  two ^= bytes.length;
  one = (one + two) | 0;
  two = (two + one) | 0;
  one = finished(one);
  two = finished(two);
  one = (one + two) | 0;
  two = (two + one) | 0;
  return [two >>> 0, one >>> 0];
}

function finished(word: number): number {
  const half = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  const most = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return most ^ (most >>> 16);
}

/** What ARM is asked of a name that has to be unique in the world. */
export interface NameQuestion {
  name: string;
  /** What is below `/subscriptions/{id}`. */
  path: string;
  version: string;
  type: string;
}

/** The names of main.bicep that are unique in the world. */
export function worldNames(subscriptionId: string, environment: string, location: string): NameQuestion[] {
  const token = uniqueString(subscriptionId, environment, location);
  const account = (name: string): NameQuestion => ({
    name,
    path: '/providers/Microsoft.Storage/checkNameAvailability',
    version: '2025-01-01',
    type: 'Microsoft.Storage/storageAccounts',
  });
  return [
    account(`sthost${token}`),
    account(`stdata${token}`),
    {
      name: `kv-plinth-${token}`,
      path: '/providers/Microsoft.KeyVault/checkNameAvailability',
      version: '2024-11-01',
      type: 'Microsoft.KeyVault/vaults',
    },
    {
      name: `func-plinth-${token}`,
      path: '/providers/Microsoft.Web/checkNameAvailability',
      version: '2024-11-01',
      type: 'Microsoft.Web/sites',
    },
  ];
}

/** A vault that was deleted and keeps its name until then. */
export interface DeletedVault {
  properties: { scheduledPurgeDate: string; purgeProtectionEnabled?: boolean };
}

/** A name that ARM does not give. @param deleted of a vault, what it was */
export function judgeName(
  { name, type }: NameQuestion,
  message: string,
  deleted: DeletedVault | undefined,
  location: string,
): Finding {
  const edge = `name ${name}`;
  if (!deleted)
    return fault(
      edge,
      `it is taken (${message}); another environment or region makes other names`,
      'azd env new …',
    );
  const { scheduledPurgeDate, purgeProtectionEnabled } = deleted.properties;
  return fault(
    edge,
    `a deleted ${type.split('/').at(-1)!.slice(0, -1)} keeps it until ${scheduledPurgeDate}`,
    `az keyvault recover --name ${quoted(name)} --location ${quoted(location)}`,
    ...(purgeProtectionEnabled
      ? []
      : [`az keyvault purge --name ${quoted(name)} --location ${quoted(location)}`]),
  );
}
