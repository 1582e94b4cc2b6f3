import { isEnded, type Run } from '../model/run.ts';
import type { TaskRun } from '../model/taskRun.ts';
import { toRunResource } from './toResource.ts';

/**
 * A task run as ARM gives it. Its state is that of its run: a deployment waits for the image.
 * @param run undefined where it has been removed since
 */
export function toTaskRunResource(taskRun: TaskRun, run: Run | undefined, registryId: string) {
  const { name, location, identity, properties } = taskRun;
  return {
    id: `${registryId}/taskRuns/${name}`,
    name,
    type: 'Microsoft.ContainerRegistry/registries/taskRuns',
    ...(location && { location }),
    ...(identity && { identity }),
    properties: {
      provisioningState: provisioningState(run),
      ...properties,
      ...(run && { runResult: toRunResource(run, registryId) }),
    },
  };
}

function provisioningState(run: Run | undefined): string {
  if (!run || run.status === 'Succeeded') return 'Succeeded';
  if (!isEnded(run.status)) return 'Creating';
  return run.status === 'Canceled' ? 'Canceled' : 'Failed';
}
