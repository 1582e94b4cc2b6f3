import type { Run } from '../../model/run.ts';
import type { Slots } from '../../model/state.ts';
import type { Waiting } from '../../model/waiting.ts';
import { longestPauseSeconds } from '../timing.ts';

/**
 * Whether a run asks a server again that has answered 429, and so soon that others may wait for it: how long one is to
 * wait, as with another password, need not count for all. Pure.
 */
export const isAsking = (
  { status, waitingFor }: Pick<Run, 'status' | 'waitingFor'>,
  server: string,
  now: Date,
): boolean =>
  status === 'Queued' &&
  waitingFor?.server === server &&
  waitingFor.nextTry !== undefined &&
  Date.parse(waitingFor.nextTry) - now.getTime() <= longestPauseSeconds * 1000;

/** The servers of which a row of slots says who asks them; those noted longest ago go first. */
const mostServers = 50;

/** The slots, in which a run is the one that asks a server. */
export const withAsking = (slots: Slots, one: { server: string; runId: string }): Slots => ({
  ...slots,
  asking: [...(slots.asking ?? []).filter(({ server }) => server !== one.server), one].slice(-mostServers),
});

/**
 * Whether a run waits for the one that asks a server again, whose row then holds all that there is to look at. When its
 * own last try is due it waits no more: the other may have begun to ask long after it. Pure.
 */
export const isBehind = ({ server, nextTry, givenUpAt }: Waiting, now: Date): boolean =>
  server !== undefined &&
  nextTry === undefined &&
  (givenUpAt === undefined || Date.parse(givenUpAt) > now.getTime());

/** What counts as over of a run that another waits for, besides its end: that it asks the server no more. Pure. */
export const hasAsked =
  ({ server }: Pick<Waiting, 'server'>, now: Date) =>
  (other: Run): boolean =>
    server !== undefined && !isAsking(other, server, now);
