import { createHash } from 'node:crypto';
import type { Place } from '../model/state.ts';
import { newestFirst, oldestFirst, parseRunId } from '../runId.ts';

/*
 * Every key of every table. The main table has a partition for each registry, so that what belongs together changes
 * together; the part before "!" is the kind of row. Registry and task names are ASCII letters, digits, - and _ and are
 * compared without case, as ARM does.
 */

export const registryPartition = (registry: string) => registry.toLowerCase();

/** What belongs to no registry: "!" cannot occur in a registry's name. */
export const commonPartition = 'plinth!common';
export const watchRow = 'watch';
export const ignoredRow = (kind: string) => `ignored!${kind}`;

export const paceRow = 'pace';
export const counterRow = 'counter';
export const taskRow = (task: string) => `task!${task.toLowerCase()}`;
export const stateRow = (task: string) => `state!${task.toLowerCase()}`;

/** Newest run first; found by id without a second index. Undefined for a text that is no run id of the registry. */
export function runRow(registry: string, runId: string): string | undefined {
  const number = parseRunId(registry, runId);
  return number === undefined ? undefined : `run!${newestFirst(number)}`;
}

/** Manual runs before automatic ones before those that wait, each in the order they were asked for. */
export function placeRow({ registry, runId, automatic, waitsFor }: Place): string {
  const number = parseRunId(registry, runId);
  if (number === undefined) throw new RangeError(`${runId} is no run id of ${registry}`);
  const rank = waitsFor ? waitingRank : automatic ? 1 : 0;
  return `place!${rank}!${oldestFirst(number)}`;
}
const waitingRank = 2;

/** The places that wait, or those that do not. */
export const placeRange = (waiting: boolean) =>
  waiting
    ? { from: `place!${waitingRank}!`, to: `place!${waitingRank}"` }
    : { from: 'place!', to: `place!${waitingRank}!` };

/** Trigger names are letters, digits, - and _; unlike task names their case counts. */
export const webhookRow = (task: string, trigger: string) => `webhook!${task.toLowerCase()}!${trigger}`;
export const webhookPrefix = (task?: string) => (task ? `webhook!${task.toLowerCase()}` : 'webhook');

/** A sender chooses the key, which may be long or hold anything: its hash stands for it. */
export const deliveryRow = (task: string, trigger: string, key: string) =>
  `delivery!${task.toLowerCase()}!${createHash('sha256').update(`${trigger}\n${key}`).digest('hex')}`;
export const deliveryPrefix = 'delivery';

/** A task's decisions, newest first; the push's id keeps two of the same millisecond apart. */
export const decisionRow = (task: string, time: string, pushId: string) =>
  `decision!${task.toLowerCase()}!${String(9e15 - Date.parse(time))}!${safeKey(pushId)}`;
export const decisionPrefix = (task: string) => `decision!${task.toLowerCase()}`;

/** All rows whose key starts with the prefix and "!": a range, never a scan. ASCII `"` follows `!`. */
export const rowRange = (prefix: string) => ({ from: `${prefix}!`, to: `${prefix}"` });

/**
 * An image's partition of the edges table. "|" cannot occur in a reference, "/" may not occur in a key.
 * @param image `registry/repository:tag`, normalised
 */
export const imagePartition = (image: string) => image.replaceAll('/', '|');
export const dependentRow = (registry: string, task: string) =>
  `dependent!${registry.toLowerCase()}!${task.toLowerCase()}`;
export const producerRow = (registry: string, task: string) =>
  `producer!${registry.toLowerCase()}!${task.toLowerCase()}`;

/** Reads an edge's key back. */
export function readEdgeRow(rowKey: string): { kind: string; registry: string; task: string } {
  const [kind = '', registry = '', task = ''] = rowKey.split('!');
  return { kind, registry, task };
}

export const pushPartition = (pushId: string) => safeKey(pushId);
/** Every push of a day, so that an old day can be forgotten without looking through the others. */
export const dayPartition = (day: string) => `day!${day}`;
export const pushRow = (registry: string, task: string) => `${registry.toLowerCase()}!${task.toLowerCase()}`;

/** An event's id is the sender's to choose: what a key may not hold is written as %XX, and 200 characters are enough. */
const safeKey = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
    .slice(0, 200);
