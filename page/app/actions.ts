import type { PlanAnswer } from '../../shared/graph/answers.ts';
import type { Judgement } from '../../shared/model/bases/policy.ts';
import type { Node } from '../model/graph.ts';
import { call } from './call.ts';
import { current, useData } from './data.ts';
import { refresh } from './polling.ts';

/** Whether the caller may start and cancel runs. */
export const useMayWrite = () => useData().registries?.you.roles.includes('Tasks.Write') ?? false;

/** Starts a run of a node's task, as it is defined. @returns what happened, for people */
export async function runNode({ task }: Node): Promise<string> {
  if (!task) return 'Its image comes from outside.';
  const { name } = await call<{ name: string }>(
    `/registries/${encodeURIComponent(task.registry)}/scheduleRun`,
    'POST',
    { type: 'TaskRunRequest', taskId: task.task },
  );
  await refresh();
  return `Run ${name} is queued.`;
}

export async function cancelRun(registry: string, runId: string): Promise<string> {
  await call(`/registries/${encodeURIComponent(registry)}/runs/${encodeURIComponent(runId)}/cancel`, 'POST');
  return 'It is being cancelled.';
}

type Named = Pick<Judgement, 'image' | 'digest'>;

/** Images are named with their servers: any registry answers. */
const anyRegistry = () => `/registries/${encodeURIComponent(current.registries?.registries[0]?.name ?? '')}`;

/** What saying this of a digest would come to; nothing is changed. */
export const planJudgement = (asked: Named & Pick<Judgement, 'verdict'>) =>
  call<PlanAnswer>(`${anyRegistry()}/plan`, 'POST', asked);

/** Says something of a digest. @param operation as the API calls it @returns what was decided, for people */
export async function judgeDigest(operation: string, said: Named & Pick<Judgement, 'reason'>) {
  interface Judged {
    tasks: Record<string, number>;
    pushes: string[];
    message?: string;
  }
  const { tasks, pushes, message } = await call<Judged>(`${anyRegistry()}/${operation}`, 'POST', said);
  await refresh();
  const counts = Object.entries(tasks).flatMap(([verdict, count]) =>
    count > 0 ? `${count} ${verdict}` : [],
  );
  return { says: [counts.join(', '), message ?? ''].filter(Boolean).join('. '), pushes };
}
