import type { Node } from '../model/graph.ts';
import { call } from './call.ts';
import { useData } from './data.ts';
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
