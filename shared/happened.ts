import { type Metric, metrics } from './metrics.ts';
import { isEnded, type Run } from './model/run.ts';
import type { Decision } from './model/state.ts';
import type { Write } from './ports/store.ts';

/** One measurement. */
export interface Point {
  metric: Metric;
  value: number;
  attributes: Record<string, string | boolean>;
}

/** What a commit that went through tells: the decisions, the runs that started and those that ended in it. */
export interface Happened {
  decisions: Decision[];
  ended: Run[];
  points: Point[];
}

/**
 * Reads a commit. A commit goes through once, so what it tells is counted once, however often its message comes.
 * @param now the instant of the commit
 */
export function happened(writes: Write[], now: Date): Happened {
  const decisions = writes.flatMap((write) =>
    'put' in write && write.put === 'decision' ? [write.value] : [],
  );
  const runs = writes.flatMap((write) => ('put' in write && write.put === 'run' ? [write.value] : []));
  const moved = runs.filter(({ runId }) => changesTheQueue(writes, runId));
  const ended = moved.filter(({ status }) => isEnded(status));
  return {
    decisions,
    ended,
    points: [
      ...decisions.map(({ registry, verdict }) => count(metrics.decisions, { registry, verdict })),
      ...moved.filter(({ status }) => status === 'Started').map((run) => queueAge(run)),
      ...ended.flatMap((run) => endPoints(run, now)),
    ],
  };
}

/**
 * A run's row is also written when it is followed, merged or archived. It starts or ends together with its place in the
 * queue or its share of the pace.
 */
const changesTheQueue = (writes: Write[], runId: string) =>
  writes.some((write) =>
    'put' in write ? write.put === 'pace' : write.remove === 'place' && write.value.runId === runId,
  );

const queueAge = ({ registry, createTime, startTime, ...run }: Run) =>
  point(metrics.queueAge, seconds(createTime, startTime!), {
    registry,
    automatic: (run.imageUpdateTrigger ?? run.timerTrigger ?? run.sourceTrigger) !== undefined,
  });

function endPoints(run: Run, now: Date): Point[] {
  const { registry, status, startTime, finishTime, imageUpdateTrigger } = run;
  const points = [count(metrics.runs, { registry, result: status })];
  if (startTime && finishTime)
    points.push(point(metrics.duration, seconds(startTime, finishTime), { registry, result: status }));
  if (imageUpdateTrigger && status === 'Succeeded')
    points.push(
      point(metrics.staleness, seconds(imageUpdateTrigger.timestamp, now.toISOString()), {
        registry,
        open: false,
      }),
    );
  return points;
}

/** A base image that is newer than what stands on it and of which nobody was told: it is open since so many seconds. */
export const staleEdge = (registry: string, openSeconds: number): Point =>
  point(metrics.staleness, openSeconds, { registry, open: true });

/** What became of a push: nobody stands on the image, everybody had it already, or something is built. */
export function pushOutcome(decisions: Pick<Decision, 'verdict'>[]): 'untracked' | 'skipped' | 'rebuilds' {
  if (decisions.length === 0) return 'untracked';
  return decisions.every(({ verdict }) => verdict === 'skipped') ? 'skipped' : 'rebuilds';
}

export const count = (metric: Metric, attributes: Point['attributes']): Point => point(metric, 1, attributes);

const point = (metric: Metric, value: number, attributes: Point['attributes']): Point => ({
  metric,
  value,
  attributes,
});

/** Clocks differ a little between machines; a time span is never below nothing. */
const seconds = (from: string, to: string) => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
