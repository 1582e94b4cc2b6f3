import { isDeepStrictEqual } from 'node:util';
import { type ImageDescriptor, isEnded, type Run, type RunStatus } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { withoutRequest } from '../secrets.ts';
import { type Reading, withEnded, withoutRunning } from '../transitions.ts';
import { placeOf } from './queued.ts';
import { ringReady } from './ready.ts';
import { untilUndisturbed } from './retry.ts';

export interface Ending {
  status: RunStatus;
  runErrorMessage?: string;
  startTime?: string;
  finishTime?: string;
  outputImages?: ImageDescriptor[];
  /** What the run stands on, where its row does not say so yet. */
  reading?: Reading;
}

type Flow = Pick<Ports, 'store' | 'queue' | 'clock' | 'log' | 'settings'>;
type Doorbells = Map<string, { registry: string; runId: string }>;

/**
 * Ends a run: its row, the task's state, its place and its share of the pace in one transaction, so that it ends once
 * whoever else tries. Then rings for whoever may start now.
 * @param onlyFrom leaves a run that has another status alone
 * @returns whether this call ended it; false when it had ended already
 */
export async function endRun(
  registry: string,
  runId: string,
  ending: Ending,
  ports: Flow,
  onlyFrom?: RunStatus,
): Promise<boolean> {
  const { store, clock } = ports;
  let tried: { run: Run; state: Stored<TaskState> | undefined } | undefined;
  const ended = await untilUndisturbed(async () => {
    const run = await store.run(registry, runId);
    // It was written, and only the answer was lost: who waits for it is still to be rung for.
    if (tried && isDeepStrictEqual(run?.value, tried.run)) return tried;
    if (!run || isEnded(run.value.status)) return undefined;
    if (onlyFrom && run.value.status !== onlyFrom) return undefined;
    const { task, status } = run.value;
    const state = task === undefined ? undefined : await store.state(registry, task);
    const pace = status === 'Queued' ? undefined : await store.pace(registry);
    const value = endedRun(run.value, ending, clock.now());
    const writes: Write[] = [{ put: 'run', value, etag: run.etag }];
    if (state)
      writes.push({ put: 'state', value: withEnded(state.value, value, readingOf(value)), etag: state.etag });
    if (pace) writes.push({ put: 'pace', value: withoutRunning(pace.value, runId), etag: pace.etag });
    if (status === 'Queued') writes.push({ remove: 'place', value: placeOf(run.value) });
    tried = { run: value, state };
    await store.commit(registry, writes);
    return tried;
  });
  if (!ended) return false;
  ports.log('information', `run ${runId} ${ended.run.status}`, { registry, runId, task: ended.run.task });
  await ringNext(ended.run, ended.state?.value, ports);
  return true;
}

function endedRun(run: Run, ending: Ending, now: Date): Run {
  const time = now.toISOString();
  const {
    followAt: _,
    waitingFor: __,
    claimedUntil: ___,
    trouble: ____,
    preparing: _____,
    missing: ______,
    ...kept
  } = withoutRequest(run);
  return {
    ...kept,
    // Whoever asked for it to be cancelled finds it cancelled, whatever came first.
    status: run.cancelRequested ? 'Canceled' : ending.status,
    lastUpdatedTime: time,
    startTime: ending.startTime ?? run.startTime ?? time,
    finishTime: ending.finishTime ?? time,
    ...(ending.outputImages && { outputImages: ending.outputImages }),
    ...(ending.runErrorMessage && !run.cancelRequested && { runErrorMessage: ending.runErrorMessage }),
    ...ending.reading,
  };
}

const readingOf = ({ pins, pinnedAt }: Run): Reading | undefined =>
  pins && pinnedAt ? { pins, pinnedAt } : undefined;

/** Rings for those who waited for the run, and for the next in the queue. */
async function ringNext(run: Run, state: TaskState | undefined, ports: Flow): Promise<void> {
  const rung: Doorbells = new Map();
  if (state) await addWaiting(run, state, rung, ports);
  await ports.queue.ringStart([...rung.values()]);
  await ringReady(run.registry, ports);
}

/** Those of the same task wait in its own registry; those who stand on what it makes may be anywhere. */
async function addWaiting(
  run: Run,
  { outputs, open }: TaskState,
  rung: Doorbells,
  ports: Flow,
): Promise<void> {
  const { store, settings } = ports;
  const all = settings.registries.map(({ name }) => name);
  const ended = `${run.registry}/${run.runId}`;
  // Of those one behind the other, the first waits for whichever of the task ends first.
  const next = open.find(({ runId, phase }) => phase === 'Queued' && runId !== run.runId);
  if (next) rung.set(`${run.registry}/${next.runId}`, { registry: run.registry, runId: next.runId });
  for (const registry of outputs.length > 0 ? all : [run.registry])
    for await (const { runId, waitsFor } of store.places(registry, { waiting: true }))
      if (waitsFor?.includes(ended)) rung.set(`${registry}/${runId}`, { registry, runId });
}
