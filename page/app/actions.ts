import type { PlanAnswer } from '../../shared/graph/answers.ts';
import { planOf } from '../../shared/graph/planOf.ts';
import type { Judgement } from '../../shared/model/bases/policy.ts';
import type { Node } from '../model/graph.ts';
import { visible } from '../model/visible.ts';
import { call } from './call.ts';
import { current, loads, useData } from './data.ts';
import { refresh } from './polling.ts';
import { escapedPart } from './routes.ts';

/** Whether the caller may start and cancel runs. */
export const useMayWrite = () => useData().registries?.you.roles.includes('Tasks.Write') ?? false;

/** What is asked before a run that begins others too, with the count of What if; undefined where it begins none. */
export function askFirst({ task }: Node): string | undefined {
  const { waves } = planOf(current.states, task?.outputs ?? [], current.registries?.runsAtOnce ?? 1);
  const count = waves.reduce((sum, { tasks }) => sum + tasks.length, 0);
  return count > 0
    ? `What stands on it follows, up to ${count} more ${count === 1 ? 'run' : 'runs'}.`
    : undefined;
}

/** Starts a run of a node's task, as it is defined. @returns what happened, for people */
export async function runNode({ task }: Node): Promise<string> {
  if (!task) return 'Its image comes from outside.';
  const { name } = await call<{ name: string }>(
    `/registries/${escapedPart(task.registry)}/scheduleRun`,
    'POST',
    { type: 'TaskRunRequest', taskId: task.task },
  );
  await refresh();
  return `Run ${name} is queued.`;
}

export async function cancelRun(registry: string, runId: string): Promise<string> {
  await call(`/registries/${escapedPart(registry)}/runs/${escapedPart(runId)}/cancel`, 'POST');
  return 'It is being cancelled.';
}

type Named = Pick<Judgement, 'image' | 'digest'>;

/** Images are named with their servers: any registry answers. */
const anyRegistry = () => `/registries/${escapedPart(current.registries?.registries[0]?.name ?? '')}`;

/** What saying this of a digest would come to; nothing is changed. */
export const planJudgement = (asked: Named & Pick<Judgement, 'verdict'>) =>
  call<PlanAnswer>(`${anyRegistry()}/plan`, 'POST', asked);

/** Says something of a digest; what was decided is shown above the view. @param operation as the API calls it */
export async function judgeDigest(operation: string, said: Named & Pick<Judgement, 'reason'>): Promise<void> {
  interface Judged {
    tasks: Record<string, number>;
    pushes: string[];
    message?: string;
  }
  const { tasks, pushes, message } = await call<Judged>(`${anyRegistry()}/${operation}`, 'POST', said);
  const counts = Object.entries(tasks).flatMap(([verdict, count]) =>
    count > 0 ? `${count} ${verdict}` : [],
  );
  loads.setJudged({ says: visible([counts.join(', '), message ?? ''].filter(Boolean).join('. ')), pushes });
  await refresh();
}
