import type { Decision, Push } from '../../model/state.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Look } from '../../rules/bases/sightings.ts';
import { beginPages, pageOf } from './inPages.ts';
import { pushToAll } from './pushToAll.ts';
import { see } from './see.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'registry' | 'clock' | 'log' | 'settings' | 'seal' | 'vault'>;

export { continuePush } from './inPages.ts';

/**
 * A base image was pushed: every dependent gets one run, or a reason why not. What counts is the newest digest of the
 * image, which may be another than the push names. Idempotent: of a repeated push only the start messages of runs that are
 * still queued may be sent again, so a sender may repeat it until it is answered.
 * @param how an event announces it, or a registry was read at its timestamp
 * @returns the decision for each task, none when no task is built on the image; undefined where they are so many that
 * they are decided on by queue messages
 */
export async function onPush(
  named: Push,
  ports: Flow,
  how: Look['how'] = 'announced',
): Promise<Decision[] | undefined> {
  const edges = await ports.store.imageEdges(named.image, { top: pageOf(ports) });
  const { dependents } = edges;
  if (dependents.length === 0) return [];
  // Before its pages: a run that starts meanwhile is pinned to the newest digest that was heard of.
  const standing = await see({ ...named, time: named.timestamp, how }, ports, edges.next ? {} : { edges });
  if (edges.next) {
    await beginPages(named, how, ports);
    return undefined;
  }
  const decisions = await pushToAll(named, standing, { dependents }, ports);
  const runs = decisions.filter(({ verdict }) => verdict === 'started' || verdict === 'merged').length;
  ports.log('information', `${named.image} moved`, { push: named.id, tasks: decisions.length, runs });
  return decisions;
}
