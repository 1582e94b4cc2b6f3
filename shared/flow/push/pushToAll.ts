import { platformText } from '../../model/platform.ts';
import type { Decision, Push, TaskState } from '../../model/state.ts';
import type { TaskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { type Stored, UnreadableError } from '../../ports/store.ts';
import { isMixed, type Standing, standingOf } from '../../rules/bases/admission.ts';
import { callNext } from '../queue/nextInQueue.ts';
import { countedBy, learned } from './counted.ts';
import { noteHeld } from './noteHeld.ts';
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
  await noteHeld(known, ports);
  const { push } = countedBy(named, known);
  const decisions = unread.map(({ of, error }) => cannotBeRead(push, of, error, ports));
  // What may be built on is the same for all, but where a part of an index is quarantined.
  const platforms = isMixed(known)
    ? new Set(values.map((state) => platformText(state.platform)))
    : [undefined];
  for (const platform of platforms) {
    const own = standingOf(known.seen, known.terms, platform);
    const of = states.filter(
      ({ value }) => platform === undefined || platformText(value.platform) === platform,
    );
    const counted = countedBy(named, own);
    for (const registry of new Set(of.map(({ value }) => value.registry))) {
      const some = of.filter(({ value }) => value.registry === registry);
      decisions.push(...(await pushToRegistry(counted, registry, some, ports)));
    }
  }
  await ports.store.recordPush(push.id, decisions, isPart);
  await sendStarts(
    decisions.filter(({ verdict }) => verdict === 'started'),
    ports,
  );
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

/**
 * A run that the push was merged into had its message from what queued it. Where it is one run of a registry, its message
 * needs no look at the queue: it finds out itself whether it is its turn.
 * Of more, those that were called are called again: they were by this push, whose process may have ended before it sent
 * their messages.
 */
async function sendStarts(queued: Decision[], ports: Flow): Promise<void> {
  for (const registry of new Set(queued.map((one) => one.registry))) {
    const runIds = queued.flatMap((one) => (one.registry === registry ? [one.runId!] : []));
    if (runIds.length > 1) await callNext(registry, ports, ...runIds);
    else await ports.queue.sendStart(runIds.map((runId) => ({ registry, runId })));
  }
}
