import type { Run } from '../../model/run.ts';
import type { Waiting } from '../../model/waiting.ts';
import type { Ports } from '../../ports/ports.ts';
import { UnreadableError, type Write } from '../../ports/store.ts';
import { isAsking, withAsking } from '../../rules/queue/asking.ts';
import { slotsOf } from './nextInQueue.ts';

/**
 * Who asks a server again that has answered 429: of the queued runs of a registry one, for which the others wait. If
 * each asked, the server would be asked as often as there are runs, and a context fetched for each try.
 * @param wait how the run waits where it asks by itself
 * @returns the other run that asks, if there is one, and what is to be written with the waiting
 */
export async function whoAsks(
  { registry, runId, task, status }: Run,
  wait: Waiting,
  { store, clock }: Pick<Ports, 'store' | 'clock'>,
): Promise<{ asker?: string; writes: Write[] }> {
  const { server } = wait;
  const now = clock.now();
  if (!server || !isAsking({ status, waitingFor: wait }, server, now)) return { writes: [] };
  const { value: slots, etag } = await slotsOf(registry, { store });
  const asker = slots.asking?.find((one) => one.server === server)?.runId;
  if (asker === runId) return { writes: [] };
  const row = asker ? (await store.runsOf(registry, [asker]))[0] : undefined;
  const other = row && !(row instanceof UnreadableError) ? row.value : undefined;
  // The runs of a task follow one another as it is; those of no task do not.
  const isOfTask = task !== undefined && other?.task === task;
  if (other && !isOfTask && isAsking(other, server, now)) return { asker: other.runId, writes: [] };
  const value = withAsking(slots, { server, runId });
  return { writes: [{ put: 'pace', value, ...(etag && { etag }) }] };
}
