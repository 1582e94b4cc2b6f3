import { countVerdicts, type Decision, type Push, type PushProgress, Verdict } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Look } from '../../rules/bases/sightings.ts';
import { elapsedMs } from '../../rules/elapsed.ts';
import { messageLostSeconds } from '../../rules/timing.ts';
import { pushToAll } from './pushToAll.ts';
import { see } from './see.ts';

/*
 * A push with more dependents than are decided on at once: it is decided page by page, by messages of its own. After each
 * page it is written down how far it is: whatever dies is repeated from there, and the same event again is one read.
 */

type Flow = Pick<Ports, 'store' | 'queue' | 'registry' | 'clock' | 'log' | 'settings' | 'seal' | 'vault'>;

/** One answer of the storage; about two seconds by the pace of a partition. */
const dependentsAtOnce = 1000;
/** So many are decided in one execution, which may be ended at any time. */
const pagesAtOnce = 5;

/** Dependents that are decided on together. */
export const pageOf = ({ settings }: Pick<Ports, 'settings'>) =>
  settings.dependentsAtOnce ?? dependentsAtOnce;

/** Sends the message that begins a push, or goes on with one whose message seems lost. */
export async function beginPages(
  push: Push,
  how: Look['how'],
  { store, queue, clock }: Pick<Flow, 'store' | 'queue' | 'clock'>,
): Promise<void> {
  const known = await store.pushProgress(push.id);
  const now = clock.now();
  const isOver = known && elapsedMs(known.time, now) > messageLostSeconds * 1000;
  if (known && (known.isDone || !isOver)) return;
  const time = now.toISOString();
  await queue.sendPush(known ?? { push, how, begun: time, time, isDone: false, decided: countVerdicts([]) });
}

/**
 * Goes on with a push where it is by now.
 * @returns the verdicts that it has come to, when it is done; undefined where another message goes on or was before
 */
export async function continuePush(
  message: PushProgress,
  ports: Flow,
): Promise<Pick<Decision, 'verdict'>[] | undefined> {
  const { store, queue } = ports;
  const kept = await store.pushProgress(message.push.id);
  if (kept?.isDone) return undefined;
  let at = kept && (kept.after ?? '') > (message.after ?? '') ? kept : message;
  if (!kept) await store.putPushProgress(at);
  for (let pages = 0; pages < pagesAtOnce && !at.isDone; pages++) at = await nextPage(at, ports);
  if (at.isDone) return verdictsOf(at);
  await queue.sendPush(at);
  return undefined;
}

const verdictsOf = ({ decided }: PushProgress) =>
  Verdict.options.filter((verdict) => decided[verdict] > 0).map((verdict) => ({ verdict }));

async function nextPage(at: PushProgress, ports: Flow): Promise<PushProgress> {
  const { store, clock, log } = ports;
  const { push, how, after } = at;
  // Read again for each page: it holds what the registry has answered, and a newer digest may have come.
  const standing = await see({ ...push, time: push.timestamp, how }, ports);
  const paging = { top: pageOf(ports), ...(after !== undefined && { after }) };
  const { dependents, next } = await store.imageEdges(push.image, paging);
  const decisions = await pushToAll(push, standing, { dependents, isPart: true }, ports);
  const decided = { ...at.decided };
  for (const { verdict } of decisions) decided[verdict]++;
  const isDone = next === undefined || dependents.length === 0;
  const time = clock.now().toISOString();
  const progress = { ...at, time, decided, isDone, ...(next !== undefined && { after: next }) };
  await store.putPushProgress(progress);
  if (isDone) log('information', `${push.image} moved`, { push: push.id, ...decided });
  return progress;
}
