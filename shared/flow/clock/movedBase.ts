import type { Push } from '../../model/state.ts';
import { heldEdgesMessage, staleEdgeMessage } from '../../names/azureNames.ts';
import type { Ports } from '../../ports/ports.ts';
import { noEdges } from '../../ports/store.ts';
import {
  decideOnBase,
  hasQuarantines,
  isNamed,
  type Standing,
  standingOf,
  type Terms,
} from '../../rules/bases/admission.ts';
import { policyFor } from '../../rules/bases/policies.ts';
import { type Tracked, unaware } from '../../rules/decideOnFailure.ts';
import { learned } from '../push/counted.ts';
import { isBad } from '../push/noteHeld.ts';
import { onPush } from '../push/onPush.ts';
import { see, termsNow } from '../push/see.ts';

/**
 * The tasks may lag behind what the registry answers, or it behind what is known; and what is held becomes admissible
 * with time. Where a task's base image was quarantined, the answer may be the very same.
 * @returns those for which it is held, and whether its newest digest is quarantined; undefined where nothing
 * was, or a push has looked at that
 */
export async function moved(
  tracked: Tracked,
  read: Push,
  terms: Terms,
  ports: Ports,
): Promise<{ held: HeldEdge[]; isBad?: boolean }> {
  if (!mayBeHeld(read.image, terms) && unaware(tracked, read).length === 0) return { held: [] };
  const seen = await see({ ...read, time: read.timestamp, how: 'read' }, ports, { terms });
  const standing = isNamed(read.image, terms) ? await learned(read, seen, tracked.tasks, ports) : seen;
  const choices = tracked.tasks.map((state) => ({ state, choice: decideOnBase(read, state, standing) }));
  const tasks = choices.flatMap(({ state, choice }) => (choice.do === 'start' ? [state] : []));
  // What is held is in the ledger once.
  const held = choices.filter(({ choice }) => choice.do === 'hold').map(() => edgeOf(tracked, standing));
  if (tasks.length === 0 && standing === seen && !(seen.isNews && held.length > 0))
    return { held, isBad: isBad(standing) };
  if (tasks.length > 0) tellStale(tracked, tasks.length, ports);
  // Restores an edge that was lost: without it no event would find the task.
  for (const { registry, task } of tasks)
    await ports.store.changeEdges({ registry, task }, { bases: [tracked.image], outputs: [] }, noEdges);
  await onPush(read, ports, 'read');
  return { held };
}

/**
 * Keeps the notes of held images as the round has found them. A push may have come since: what is known of an image is read
 * again before its note goes.
 * @param found of each image that could be looked at, whether its newest digest is quarantined
 */
export async function keepNotes(found: Map<string, boolean>, ports: Ports): Promise<void> {
  if (found.size === 0) return;
  const { store } = ports;
  const noted = new Set(await store.heldImages());
  for (const [image, is] of found) if (is && !noted.has(image)) await store.noteHeld(image);
  const unsure = [...noted].filter((image) => !found.get(image));
  if (unsure.length === 0) return;
  // After the notes: what each was made for is among these.
  const terms = await termsNow(ports);
  for (const image of unsure) {
    const seen = (await store.sightings(image))?.value;
    const isStill = seen && seen.digests.length > 0 && isBad(standingOf(seen, terms));
    if (!isStill) await store.forgetHeld(image);
  }
}

/**
 * Its digests are held, or were: what a tag that was moved back stood for meanwhile must not count as the newest. What is
 * quarantined may lie under any name.
 */
const mayBeHeld = (image: string, terms: Terms) =>
  policyFor(image, terms.policies) !== undefined ||
  hasQuarantines(terms) ||
  terms.judgements.some((one) => one.image === image);

/** A task for which the newest digest of a base image is held, and since when one has been. */
export interface HeldEdge {
  registry: string;
  since: string;
}

function edgeOf({ registry }: Tracked, { seen, admissible, newest }: Standing): HeldEdge {
  const first = admissible && seen.digests[seen.digests.indexOf(admissible) + 1];
  return { registry, since: (first ?? newest).firstSeen };
}

/** Says for each registry how many there are, and how old the oldest is, which telemetry counts. */
export function tellHeld(held: HeldEdge[], { clock, log }: Pick<Ports, 'clock' | 'log'>): void {
  for (const registry of new Set(held.map((edge) => edge.registry))) {
    const edges = held.filter((edge) => edge.registry === registry);
    const oldest = edges.map(({ since }) => since).sort()[0]!;
    const seconds = Math.max(0, (clock.now().getTime() - Date.parse(oldest)) / 1000);
    log('information', `${heldEdgesMessage} of ${registry}`, { registry, tasks: edges.length, seconds });
  }
}

export const isOwn = (loginServer: string, { settings }: Pick<Ports, 'settings'>) =>
  settings.registries.some((known) => known.loginServer === loginServer);

/** From a registry of the settings an event should have come, and an alert looks for that; others send none. */
function tellStale({ image, registry }: Tracked, tasks: number, ports: Ports): void {
  const message = `${image} moved without an event`;
  if (!isOwn(registry, ports)) {
    ports.log('information', message, { tasks });
    return;
  }
  // It moved since the round before: no more is known.
  const seconds = ports.settings.reconcileMinutes * 60;
  ports.log('warning', `${staleEdgeMessage}: ${message}`, { registry, tasks, seconds });
}
