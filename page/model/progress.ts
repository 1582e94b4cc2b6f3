import type { PlanAnswer } from '../../shared/graph/answers.ts';
import { hasFailed } from '../../shared/rules/freshness/failing.ts';
import { type Node, taskNode } from './graph.ts';
import type { RunSeen } from './live.ts';
import { at, duration } from './times.ts';

/** How far a task of a wave is; `blocked`: what it is built on failed, so that nothing starts it. */
type Step = 'built' | 'running' | 'queued' | 'failed' | 'blocked' | 'waits';
const isOver = (step: Step) => step === 'built' || step === 'failed' || step === 'blocked';

interface Wave {
  tasks: { node: Node; step: Step; seconds: number | undefined }[];
  /** By past builds, less what its runs have used; absent where nothing of it was ever built. */
  secondsLeft?: number;
}

interface Pushed {
  image: string;
  /** Whole or cut; where it is not known, a run that ended since counts. */
  digest?: string;
  timestamp: string;
}

interface Progress {
  waves: Wave[];
  /** From 1: the first that is not over; undefined once all are. */
  current?: number;
  counts: Record<Step, number>;
  total: number;
  /** Tasks that were never built here: without their time there is no estimate. */
  neverBuilt: number;
  secondsLeft?: number;
}

/**
 * How far the rebuild after a push has come: of what a push of the image rebuilds, what has succeeded since. Pure.
 * @param began when open runs began, by `registry/run`
 */
export function progressOf(
  plan: PlanAnswer,
  nodes: ReadonlyMap<string, Node>,
  push: Pushed,
  { runs, now }: { runs: readonly RunSeen[]; now: number },
): Progress {
  const steps = new Map<Node, Step>();
  const began = new Map(runs.map((run) => [`${run.registry}/${run.runId}`, run.startTime]));
  const waves = plan.waves.map(({ tasks, seconds }): Wave => {
    const known = tasks.flatMap(({ registry, task, seconds: ofTask }) => {
      const node = nodes.get(taskNode(registry, task));
      if (!node) return [];
      const step = stepOf(node, push);
      steps.set(node, step === 'waits' && isBlocked(node, steps) ? 'blocked' : step);
      return [{ node, step: steps.get(node)!, seconds: ofTask }];
    });
    const open = known.filter(({ step }) => !isOver(step));
    if (open.length === 0) return { tasks: known, secondsLeft: 0 };
    if (seconds === undefined) return { tasks: known };
    const used = open.map(({ node }) => {
      const run = node.task!.open.find(({ phase }) => phase === 'Pinned');
      const start = run && began.get(`${node.task!.registry}/${run.runId}`);
      return start ? (now - Date.parse(start)) / 1000 : 0;
    });
    // What is left of the wave's time, by the share of its tasks that are not over, less what the longest has used.
    const share = (seconds * open.length) / known.length;
    const most = Math.max(share, ...open.map(({ seconds: ofTask = 0 }) => ofTask));
    return { tasks: known, secondsLeft: Math.max(1, Math.round(most - Math.max(0, ...used))) };
  });
  const all = waves.flatMap(({ tasks }) => tasks);
  const counts: Progress['counts'] = { built: 0, running: 0, queued: 0, failed: 0, blocked: 0, waits: 0 };
  for (const { step } of all) counts[step]++;
  const current = waves.findIndex(({ tasks }) => tasks.some(({ step }) => !isOver(step)));
  const left = waves.flatMap(({ secondsLeft }) => secondsLeft ?? []);
  return {
    waves,
    ...(current >= 0 && { current: current + 1 }),
    counts,
    total: all.length,
    neverBuilt: all.filter(({ seconds }) => seconds === undefined).length,
    ...(left.length === waves.length &&
      waves.length > 0 && { secondsLeft: left.reduce((sum, one) => sum + one, 0) }),
  };
}

/** All that is rebuilt above it failed, or is blocked itself. */
function isBlocked({ above }: Node, steps: ReadonlyMap<Node, Step>): boolean {
  const makers = above.flatMap(({ node }) => steps.get(node) ?? []);
  return makers.length > 0 && makers.every((step) => step === 'failed' || step === 'blocked');
}

function stepOf({ task }: Node, { image, digest, timestamp }: Pushed): Step {
  if (task!.open.some(({ phase }) => phase === 'Pinned')) return 'running';
  if (task!.open.length > 0) return 'queued';
  const { last } = task!;
  const base = task!.bases.find((one) => one.image === image);
  if (base && !base.newer && digest?.startsWith(base.digest)) return 'built';
  if (!last || last.endedAt < timestamp) return 'waits';
  return hasFailed(last.status) ? 'failed' : 'built';
}

/** `Wave 2 of 4. 12 of 40 built, 3 running, 1 failed. Done about 15:13 (11 min).` */
export function wordsOf(
  { waves, current, counts, total, neverBuilt, secondsLeft }: Progress,
  now: number,
): string {
  const parts = [`${counts.built} of ${total} built`];
  if (counts.running > 0) parts.push(`${counts.running} running`);
  if (counts.queued > 0) parts.push(`${counts.queued} queued`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (counts.blocked > 0) parts.push(`${counts.blocked} not reached: what they stand on failed`);
  const said = parts.join(', ');
  if (!current) return `${said}. ${counts.failed > 0 ? 'Nothing of it goes on' : 'It is over'}.`;
  const where = `Wave ${current} of ${waves.length}. ${said}.`;
  if (neverBuilt > 0 || secondsLeft === undefined)
    return `${where} No estimate: ${neverBuilt} of ${total} were never built here.`;
  const done = new Date(now + secondsLeft * 1000).toISOString();
  return `${where} Done about ${at(done, now)} (${duration(secondsLeft * 1000)}).`;
}
