import { type ImageDescriptor, isEnded, type Run, type RunStatus } from '../model/run.ts';
import type { TaskState } from '../model/state.ts';
import type { Ports } from '../ports/ports.ts';
import type { Stored, Write } from '../ports/store.ts';
import { type Reading, withEnded, withoutRunning } from '../transitions.ts';
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
  const ended = await untilUndisturbed(async () => {
    const run = await store.run(registry, runId);
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
    await store.commit(registry, writes);
    return { run: value, state };
  });
  if (!ended) return false;
  ports.log('information', `run ${runId} ${ending.status}`, { registry, runId, task: ended.run.task });
  await ringNext(registry, ended.state, ports);
  return true;
}

/** An automatic run has something that triggered it; ACR's "Manual" is a run without. */
export const isAutomatic = ({ imageUpdateTrigger, timerTrigger, sourceTrigger }: Run) =>
  (imageUpdateTrigger ?? timerTrigger ?? sourceTrigger) !== undefined;

/** Started for nothing but its base images: with the same ones there is nothing to build. */
export const isOnlyImageUpdate = ({ imageUpdateTrigger, timerTrigger, sourceTrigger }: Run) =>
  imageUpdateTrigger !== undefined && !timerTrigger && !sourceTrigger;

export const placeOf = (run: Run) => ({
  registry: run.registry,
  runId: run.runId,
  automatic: isAutomatic(run),
});

function endedRun(run: Run, ending: Ending, now: Date): Run {
  const time = now.toISOString();
  const { followAt: _, waitingFor: __, ...kept } = run;
  return {
    ...kept,
    status: ending.status,
    lastUpdatedTime: time,
    startTime: ending.startTime ?? run.startTime ?? time,
    finishTime: ending.finishTime ?? time,
    ...(ending.outputImages && { outputImages: ending.outputImages }),
    ...(ending.runErrorMessage && { runErrorMessage: ending.runErrorMessage }),
    ...ending.reading,
  };
}

const readingOf = ({ pins, pinnedAt }: Run): Reading | undefined =>
  pins && pinnedAt ? { pins, pinnedAt } : undefined;

/** Rings for those who waited: the task's own next run, who stands on what it makes, and the next in the queue. */
async function ringNext(registry: string, state: Stored<TaskState> | undefined, ports: Flow): Promise<void> {
  const { store, queue, settings } = ports;
  const rung = new Map<string, { registry: string; runId: string }>();
  const add = (of: TaskState) => {
    for (const run of of.open)
      if (run.phase === 'Queued')
        rung.set(`${of.registry}/${run.runId}`, { registry: of.registry, runId: run.runId });
  };
  if (state) {
    const now = await store.state(registry, state.value.task);
    if (now) add(now.value);
    for (const waiting of await standingOn(state.value.outputs, store)) add(waiting);
  }
  let places = settings.runsPerRegistry;
  for await (const place of store.places(registry)) {
    // Who waits for another run is rung when that one ends.
    if (place.waiting) continue;
    if (places-- === 0) break;
    rung.set(`${registry}/${place.runId}`, { registry, runId: place.runId });
  }
  await queue.ringStart([...rung.values()]);
}

/** The tasks that stand on the images, directly or over others: any of them may have waited. */
async function standingOn(images: string[], store: Ports['store']): Promise<TaskState[]> {
  const found = new Map<string, TaskState>();
  const climb = async (from: string[]): Promise<void> => {
    for (const image of from) {
      for (const { registry, task } of (await store.standing(image)).dependents) {
        if (found.has(`${registry}/${task}`)) continue;
        const state = (await store.state(registry, task))?.value;
        if (!state) continue;
        found.set(`${registry}/${task}`, state);
        await climb(state.outputs);
      }
    }
  };
  await climb(images);
  return [...found.values()];
}
