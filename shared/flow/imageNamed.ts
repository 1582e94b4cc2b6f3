import type { KnownRegistry } from '../model/registry.ts';
import { without } from '../model/without.ts';
import { formatImageRef, hasServer, parseImageRef } from '../names/imageRef.ts';

/**
 * The image by tag that a caller means, normalised: without a server it is of the registry it asks, and a digest is left
 * out.
 * @throws ImageRefError
 */
export function imageNamed(text: string, { loginServer }: Pick<KnownRegistry, 'loginServer'>): string {
  const given = parseImageRef(hasServer(text) ? text : `${loginServer}/${text}`);
  return formatImageRef(without(given, 'digest'));
}
