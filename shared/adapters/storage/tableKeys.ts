import { createHash } from 'node:crypto';
import type { QueueEntry, Waiter } from '../../model/state.ts';
import { formatRunId, newestFirst, oldestFirst, parseRunId } from '../../names/runId.ts';
import { foldedName } from '../../names/taskKey.ts';

/*
 * Every key of every table. The main table has a partition for each registry, so that what belongs together changes
 * together; the part before "!" is the kind of row. Registry and task names are ASCII letters, digits, - and _ and are
 * compared without case, as ARM does.
 */

export const registryPartition = foldedName;

/** What belongs to no registry: "!" cannot occur in a registry's name. */
export const commonPartition = 'plinth!common';
export const watchRow = 'watch';
export const judgementsRow = 'judgements';
export const heldRow = (image: string) => `held!${imagePartition(image)}`;
export const imageOfHeldRow = (rowKey: string) => rowKey.slice('held!'.length).replaceAll('|', '/');
export const presenceRow = (app: string) => `app!${app}`;
export const ignoredRow = (kind: string) => `ignored!${kind}`;

export const paceRow = 'pace';
export const counterRow = 'counter';
export const taskRow = (task: string) => `task!${foldedName(task)}`;
export const taskRunRow = (name: string) => `taskrun!${foldedName(name)}`;
export const stateRow = (task: string) => `state!${foldedName(task)}`;

/** Newest run first; found by id without a second index. Undefined for a text that is no run id of the registry. */
export function runRow(registry: string, runId: string): string | undefined {
  const number = parseRunId(registry, runId);
  return number === undefined ? undefined : `run!${newestFirst(number)}`;
}

/** The key of no row. */
export const noRow = 'none';

/** The number in such a key. */
export const runNumber = (rowKey: string) => Number(newestFirst(Number(rowKey.slice('run!'.length))));

/** The part of a key by which runs stand in the order they were asked for. */
function askedFirst(registry: string, runId: string): string {
  const number = parseRunId(registry, runId);
  if (number === undefined) throw new RangeError(`${runId} is no run id of ${registry}`);
  return oldestFirst(number);
}

/** Manual runs before automatic ones before those that wait, each in the order they were asked for. */
export function placeRow({ registry, runId, automatic, waitsFor }: QueueEntry): string {
  const askedRank = automatic ? 1 : 0;
  return `place!${waitsFor ? waitingRank : askedRank}!${askedFirst(registry, runId)}`;
}
const waitingRank = 2;

/** Reads a place's key back. Undefined where it is none, as of a row that was written by hand. */
export function readPlaceRow(
  registry: string,
  rowKey: string,
): { runId: string; automatic: boolean; waits: boolean } | undefined {
  const [, rank, number] = /^place!([012])!0*([1-9]\d*)$/.exec(rowKey) ?? [];
  if (!rank || !number) return undefined;
  const runId = formatRunId(registry, Number(number));
  return { runId, automatic: rank === '1', waits: Number(rank) === waitingRank };
}

/** The places that wait, or those that do not. */
export const placeRange = (waiting: boolean) =>
  waiting
    ? { from: `place!${waitingRank}!`, to: `place!${waitingRank}"` }
    : { from: 'place!', to: `place!${waitingRank}!` };

/** A run id has letters and digits, and a registry's name too: `~` is in neither. */
export const waiterRow = ({ registry, runId, awaited }: Waiter) =>
  `${waiterPrefix(awaited)}!${askedFirst(registry, runId)}`;
export const waiterPrefix = (awaited?: string) =>
  awaited ? `waiter!${awaited.replace('/', '~')}` : 'waiter';

/** Reads its key back. Undefined where it is none. */
export function readWaiterRow(registry: string, rowKey: string): Waiter | undefined {
  const [, of, run, number] = /^waiter!([^!~]+)~([^!~]+)!0*([1-9]\d*)$/.exec(rowKey) ?? [];
  return number
    ? { registry, runId: formatRunId(registry, Number(number)), awaited: `${of}/${run}` }
    : undefined;
}

/** Trigger names are letters, digits, - and _; unlike task names their case counts. */
export const webhookRow = (task: string, trigger: string) => `webhook!${foldedName(task)}!${trigger}`;
export const webhookPrefix = (task?: string) => (task ? `webhook!${foldedName(task)}` : 'webhook');

/** A sender chooses the key, which may be long or hold anything: its hash stands for it. */
export const deliveryRow = (task: string, trigger: string, key: string) =>
  `delivery!${foldedName(task)}!${createHash('sha256').update(`${trigger}\n${key}`).digest('hex')}`;
export const deliveryPrefix = 'delivery';

/** A task's decisions, newest first; the push's id keeps two of the same millisecond apart. */
export const decisionRow = (task: string, time: string, pushId: string) =>
  `decision!${foldedName(task)}!${fallingTime(time)}!${safeKey(pushId)}`;
const fallingTime = (time: string) => String(9e15 - Date.parse(time));
export const decisionPrefix = (task: string) => `decision!${foldedName(task)}`;

/** Every key of a partition: they are ASCII. */
export const wholePartition = { from: '', to: '~~' };

/** All rows whose key starts with the prefix and "!": a range, never a scan. ASCII `"` follows `!`. */
export const rowRange = (prefix: string) => ({ from: `${prefix}!`, to: `${prefix}"` });

/**
 * An image's partition of the edges table. "|" cannot occur in a reference, "/" may not occur in a key.
 * @param image `registry/repository:tag`, normalised
 */
export const imagePartition = (image: string) => image.replaceAll('/', '|');
export const dependentRow = (registry: string, task: string) =>
  `dependent!${foldedName(registry)}!${foldedName(task)}`;
/** After all edges. */
export const sightingsRow = 'sightings';
export const producerRow = (registry: string, task: string) =>
  `producer!${foldedName(registry)}!${foldedName(task)}`;

/** Reads an edge's key back. */
export function readEdgeRow(rowKey: string): { kind: string; registry: string; task: string } {
  const [kind = '', registry = '', task = ''] = rowKey.split('!');
  return { kind, registry, task };
}

export const pushPartition = (pushId: string) => safeKey(pushId);
/** A push in the list of its day, newest first. */
export const dayRow = (time: string, pushId: string) => `${fallingTime(time)}!${safeKey(pushId)}`;
/** Every push of a day, so that an old day can be removed without reading the others. */
export const dayPartition = (day: string) => `day!${day}`;
/** How far a push is that is decided in pages. */
export const progressRow = '!progress';
/** Many decisions of a push, by the first of them. */
export const pushPageRow = (registry: string, task: string) => `page!${pushRow(registry, task)}`;
export const isPushPage = (rowKey: string) => rowKey.startsWith('page!') && rowKey.split('!').length === 3;
export const pushRow = (registry: string, task: string) => `${foldedName(registry)}!${foldedName(task)}`;

/** Reads such a key back, names folded. Undefined where it is none. */
export function readPushRow(rowKey: string): { registry: string; task: string } | undefined {
  const [, registry, task] = /^([^!]+)!([^!]+)$/.exec(rowKey) ?? [];
  return registry && task ? { registry, task } : undefined;
}

/**
 * An event's id is the sender's to choose: what a key may not hold is written as %XX, and 200 characters are enough.
 */
const safeKey = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
    .slice(0, 200);
