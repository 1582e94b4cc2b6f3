import { countVerdicts, type Decision } from '../../shared/model/state.ts';
import type { RecordedPush, Store } from '../../shared/ports/store.ts';
import type { MemoryRows } from './memoryStore.ts';

/** The ledger by push, of a store in memory. */
export function memoryLedger(
  { pushes, days, progress }: Pick<MemoryRows, 'pushes' | 'days' | 'progress'>,
  forget: (registry: string, decision: Decision) => void,
): Pick<Store, 'pushProgress' | 'putPushProgress' | 'recordPush' | 'push' | 'pushesOf' | 'forgetPush'> {
  return {
    pushProgress: async (pushId) => progress.get(pushId) && structuredClone(progress.get(pushId)),
    async putPushProgress(value) {
      const { push, begun, after, isDone, decided } = value;
      const { id, image, digest, timestamp: time } = push;
      if (after === undefined || isDone) {
        const day = begun.slice(0, 10);
        const listed = days.get(day) ?? new Map<string, RecordedPush>();
        days.set(day, listed);
        const key = `${9e15 - Date.parse(time)}!${id}`;
        listed.set(key, { key, id, image, digest, time, decided });
      }
      progress.set(id, structuredClone(value));
    },
    async recordPush(pushId, decisions, isPart) {
      const recorded = pushes.get(pushId) ?? new Map<string, string>();
      pushes.set(pushId, recorded);
      for (const decision of decisions) {
        const day = decision.time.slice(0, 10);
        const { image, digest, timestamp: time } = decision.push;
        const listed = days.get(day) ?? new Map<string, RecordedPush>();
        days.set(day, listed);
        const dayKey = `${9e15 - Date.parse(time)}!${pushId}`;
        if (!isPart && !listed.has(dayKey))
          listed.set(dayKey, {
            key: dayKey,
            id: pushId,
            image,
            digest,
            time,
            decided: countVerdicts(decisions),
          });
        const key = `${decision.registry}!${decision.task}`;
        if (!recorded.has(key)) recorded.set(key, JSON.stringify(decision));
      }
    },
    push: async (pushId) =>
      [...(pushes.get(pushId)?.values() ?? [])].map((json) => JSON.parse(json) as Decision),
    async pushesOf(day, { after = '', top }) {
      const listed = [...(days.get(day)?.values() ?? [])].filter(({ key }) => key > after);
      const values = listed.sort((one, other) => (one.key < other.key ? -1 : 1)).slice(0, top);
      return { values, ...(values.length === top && { next: values.at(-1)!.key }) };
    },
    async forgetPush(day, { id: pushId, key }) {
      for (const json of pushes.get(pushId)?.values() ?? []) {
        const value = JSON.parse(json) as Decision;
        forget(value.registry, value);
      }
      pushes.delete(pushId);
      progress.delete(pushId);
      days.get(day)?.delete(key);
    },
  };
}
