import type { Decision, Push, TaskState } from '../../model/state.ts';
import { type TaskKey, taskKey } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { ConflictError, type Stored, type Write } from '../../ports/store.ts';
import { withTold } from '../../rules/freshness/newer.ts';
import { chunks } from '../concurrency.ts';

type Flow = Pick<Ports, 'store'>;

/** A decision that starts nothing, with the state from which it was made. */
export interface Skipped {
  state: Stored<TaskState>;
  decision: Decision;
  /** What its task is notified of. */
  told: Push;
}

/** A skip is one row, or two where its task was not told of the digest before; a transaction takes a hundred. */
const decisionsAtOnce = 100;
const toldAtOnce = 50;

/**
 * Records many skips of one registry at once.
 * @returns those that another write disturbed: they are decided again, alone
 */
export async function recordSkipped(registry: string, skips: Skipped[], flow: Flow): Promise<Skipped[]> {
  const disturbed: Skipped[] = [];
  const news = skips.filter(({ state, told }) => toldOf(state, told).length > 0);
  for (const part of chunks(news, toldAtOnce)) {
    try {
      await flow.store.commit(
        registry,
        part.flatMap(({ state, decision, told }) => [...toldOf(state, told), decisionRow(decision)]),
      );
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      disturbed.push(...part);
    }
  }
  const rest = skips.filter((skip) => !news.includes(skip)).map(({ decision }) => decision);
  for (const part of chunks(rest, decisionsAtOnce)) await recordNew(registry, part, flow);
  return disturbed;
}

/** Records one skip. @throws ConflictError where another write came between: it is to be decided again */
export async function recordOneSkipped({ state, decision, ...skip }: Skipped, flow: Flow): Promise<void> {
  const { registry } = state.value;
  const told = toldOf(state, skip.told);
  if (told.length === 0) return recordNew(registry, [decision], flow);
  try {
    await flow.store.commit(registry, [...told, decisionRow(decision)]);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    // The decision may be there from before: then the state is written without it.
    await flow.store.commit(registry, told);
    await recordNew(registry, [decision], flow);
  }
}

/** The state's row with the push, where that says something new. */
export function toldOf({ value, etag }: Stored<TaskState>, push: Push): Write[] {
  const told = withTold(value, push);
  return told === value ? [] : [{ put: 'state', value: told, etag }];
}

const decisionRow = (value: Decision): Write => ({ put: 'decision', value });

/**
 * What was decided first stays in the ledger: a repeated event does not talk over it. Of many, those are left out that
 * the ledger of their push has already.
 */
export async function recordNew(registry: string, decisions: Decision[], { store }: Flow): Promise<void> {
  if (decisions.length === 0) return;
  try {
    await store.commit(registry, decisions.map(decisionRow));
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    if (decisions.length === 1) return;
    const known = new Set((await store.push(decisions[0]!.push.id)).map(taskKey));
    const rest = decisions.filter((one) => !known.has(taskKey(one)));
    if (rest.length < decisions.length) return recordNew(registry, rest, { store });
    for (const one of rest) await recordNew(registry, [one], { store });
  }
}

/** What a push means for one task, as the ledger has it. */
export const decision = (
  push: Push,
  of: TaskKey,
  said: Pick<Decision, 'verdict' | 'reason' | 'runId'>,
  { clock }: Pick<Ports, 'clock'>,
): Decision => ({
  push,
  registry: of.registry,
  task: of.task,
  ...said,
  time: clock.now().toISOString(),
});
