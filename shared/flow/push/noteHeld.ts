import type { Ports } from '../../ports/ports.ts';
import { quarantineOn, type Standing } from '../../rules/bases/admission.ts';

/** Whether the newest digest of an image is quarantined for any platform, by whatever name. */
export const isBad = ({ newest, terms }: Standing) => quarantineOn(newest, terms.judgements) !== undefined;

/** Writes down that the newest digest of an image is quarantined: what lists held images asks for these. */
export async function noteHeld(standing: Standing, { store }: Pick<Ports, 'store'>): Promise<void> {
  if (isBad(standing)) await store.noteHeld(standing.seen.image);
}
