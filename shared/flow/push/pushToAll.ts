import { platformText } from '../../model/platform.ts';
import type { Decision, Push, TaskState } from '../../model/state.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Stored, UnreadableError } from '../../ports/store.ts';
import { isMixed, type Standing, standingOf } from '../../rules/bases/admission.ts';
import { countedBy, learned } from './counted.ts';
import { pushToRegistry } from './pushToRegistry.ts';
import { cannotBeRead } from './pushToTask.ts';

type Flow = Pick<Ports, 'store' | 'queue' | 'registry' | 'clock' | 'log' | 'settings' | 'seal' | 'vault'>;

/**
 * Decides for tasks of any registries and does it, enters it in the ledger, and sends the messages of the runs that may
 * start. May be repeated.
 * @returns a decision for each
 */
export async function pushToAll(
  named: Push,
  standing: Standing,
  { dependents, isPart }: { dependents: TaskKey[]; isPart?: boolean },
  ports: Flow,
): Promise<Decision[]> {
  const { states, unread } = await readStates(dependents, ports);
  const values = states.map(({ value }) => value);
  const known = await learned(named, standing, values, ports);
  const { push } = countedBy(named, known);
  const decisions = unread.map(({ of, error }) => cannotBeRead(push, of, error, ports));
  // What may be built on is the same for all, but where a part of an index is quarantined.
  const platforms = isMixed(known)
    ? new Set(values.map((state) => platformText(state.platform)))
    : [undefined];
  for (const platform of platforms) {
    const own = platform === undefined ? known : standingOf(known.seen, known.terms, platform);
    const of = states.filter(
      ({ value }) => platform === undefined || platformText(value.platform) === platform,
    );
    for (const registry of new Set(of.map(({ value }) => value.registry))) {
      const some = of.filter(({ value }) => value.registry === registry);
      decisions.push(...(await pushToRegistry(countedBy(named, own), registry, some, ports)));
    }
  }
  await ports.store.recordPush(push.id, decisions, isPart);
  const queued = decisions.filter(({ verdict }) => verdict === 'started' || verdict === 'merged');
  await ports.queue.sendStart(startMessages(queued, ports));
  return decisions;
}

/** The states of tasks, and those that cannot be read. */
async function readStates(tasks: TaskKey[], { store }: Flow) {
  const unread: { of: TaskKey; error: UnreadableError }[] = [];
  const states: Stored<TaskState>[] = [];
  for (const registry of new Set(tasks.map((of) => of.registry))) {
    const asked = tasks.filter((of) => of.registry === registry);
    const read = await store.statesOf(
      registry,
      asked.map(({ task }) => task),
    );
    for (const [at, state] of read.entries()) {
      if (state instanceof UnreadableError) unread.push({ of: asked[at]!, error: state });
      else if (state) states.push(state);
    }
  }
  return { states, unread };
}

/** No more for a registry than it may have runs at once: each end of a run sends the next. */
function startMessages(queued: Decision[], { settings }: Flow) {
  const sent = new Map<string, number>();
  return queued.flatMap(({ registry, runId }) => {
    const before = sent.get(registry) ?? 0;
    sent.set(registry, before + 1);
    return before < settings.runsPerRegistry ? [{ registry, runId: runId! }] : [];
  });
}
