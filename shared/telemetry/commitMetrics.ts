import { isAutomatic } from '../model/cause.ts';
import { isEnded, type Run } from '../model/run.ts';
import type { Decision } from '../model/state.ts';
import type { Write } from '../ports/store.ts';
import type { Metric, Point } from '../ports/telemetry.ts';
import { metrics } from './metrics.ts';

/** The content of a commit that went through: its decisions, the runs that started and those that ended. */
interface CommitMetrics {
  decisions: Decision[];
  ended: Run[];
  points: Point[];
}

/**
 * Reads a commit. A commit goes through once, so its content is counted once, however often its message comes.
 * @param now the instant of the commit
 */
export function commitMetrics(writes: Write[], now: Date): CommitMetrics {
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
    automatic: isAutomatic(run),
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

/** A base image that is newer than its dependents and came without an event: the seconds since it moved. */
export const staleEdge = (registry: string, openSeconds: number): Point =>
  point(metrics.staleness, openSeconds, { registry, open: true });

/** Tasks for which a base image of a registry is held, and how old the oldest is. */
export const heldEdges = (registry: string, edges: number, oldestSeconds: number): Point[] => [
  point(metrics.held, edges, { registry }),
  point(metrics.heldAge, oldestSeconds, { registry }),
];

/** The outcome of a push: no dependents, all up to date already, something is built, or else something is held. */
export function pushOutcome(
  decisions: Pick<Decision, 'verdict'>[],
): 'untracked' | 'skipped' | 'held' | 'rebuilds' {
  if (decisions.length === 0) return 'untracked';
  if (decisions.some(({ verdict }) => verdict !== 'skipped' && verdict !== 'held')) return 'rebuilds';
  return decisions.every(({ verdict }) => verdict === 'skipped') ? 'skipped' : 'held';
}

export const count = (metric: Metric, attributes: Point['attributes']): Point => point(metric, 1, attributes);

const point = (metric: Metric, value: number, attributes: Point['attributes']): Point => ({
  metric,
  value,
  attributes,
});

/** Clocks differ a little between machines; a time span is never below nothing. */
const seconds = (from: string, to: string) => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
