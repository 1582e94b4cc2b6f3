import { createHash } from 'node:crypto';

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Of Plinth's own making: names of other kinds do not meet these. */
const namespace = Buffer.from('b6f3a1e07d2c4c5f9a4e2d8c61f07b35', 'hex');

/**
 * The GUID of an event by the name it has here, always the same one; a name that is a GUID is its own. Clients read
 * `imageUpdateTrigger.id` as a GUID, and one that is none breaks their listing of runs.
 */
export function eventGuid(name: string): string {
  return guid.test(name) ? name : guidOfName(namespace, name);
}

/** The GUID of a name in a namespace, version 5 of RFC 9562 §5.5. @param namespace its 16 bytes */
export function guidOfName(namespace: Buffer, name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
