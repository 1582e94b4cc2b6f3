import { isDeepStrictEqual } from 'node:util';
import { withoutRequestSecrets } from '../../model/mapSecrets.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import { differsFromTask, type Run } from '../../model/run.ts';
import type { TaskRun, TaskRunCreate } from '../../model/taskRun.ts';
import { without } from '../../model/without.ts';
import { foldedName } from '../../names/taskKey.ts';
import type { Ports } from '../../ports/ports.ts';
import { inPlaceOf } from '../../ports/unknownParts.ts';
import { Refusal } from '../refusal.ts';
import { retryOnConflict, toReplace } from '../retryOnConflict.ts';
import { scheduleQuickRun, scheduleTaskRun, taskNamed } from './runs.ts';

/**
 * Creates a task run and queues its run; the same request with the same forceUpdateTag is the one that is there. A
 * secret that alone has changed makes no run: what is kept of a request has none.
 * @throws Refusal 400 404 409 as scheduleRun
 */
export async function putTaskRun(
  registry: KnownRegistry,
  name: string,
  create: TaskRunCreate,
  ports: Ports,
): Promise<{ taskRun: TaskRun; run: Run | undefined; isNew: boolean }> {
  const { runRequest } = create.properties;
  const properties = { ...create.properties, runRequest: withoutRequestSecrets(runRequest) };
  const shown = { ...create, properties };
  return retryOnConflict(async () => {
    const before = await toReplace(ports.store.taskRun(registry.name, name));
    const known = before?.value;
    if (
      known &&
      isDeepStrictEqual(asked(without(known, 'registry', 'name', 'runId'), registry), asked(shown, registry))
    )
      return { ...(await withRun(known, ports)), isNew: false };
    const taskRunOf = ({ runId }: Run): TaskRun =>
      inPlaceOf(known, { ...shown, registry: registry.name, name: known?.name ?? name, runId });
    const writes = (run: Run) => [
      { put: 'taskRun' as const, value: taskRunOf(run), ...(before && { etag: before.etag }) },
    ];
    const run =
      runRequest.type === 'TaskRunRequest'
        ? await scheduleTaskRun(registry, runRequest, ports, writes)
        : await scheduleQuickRun(registry, runRequest, ports, writes);
    return { taskRun: taskRunOf(run), run, isNew: known === undefined };
  });
}

/** A request as it is compared with another: a task has its name in any case, and empty overrides ask for nothing. */
function asked(create: TaskRunCreate, registry: KnownRegistry): TaskRunCreate {
  const { runRequest, ...properties } = create.properties;
  if (runRequest.type !== 'TaskRunRequest') return create;
  const { overrideTaskStepProperties: overrides, ...rest } = runRequest;
  const taskId = foldedName(taskNamed(rest.taskId, registry));
  const asks = overrides && differsFromTask(overrides) && { overrideTaskStepProperties: overrides };
  return { ...create, properties: { ...properties, runRequest: { ...rest, taskId, ...asks } } };
}

/** A task run and its run, which is gone where its time was over. @throws Refusal 404 */
export async function getTaskRun(
  registry: KnownRegistry,
  name: string,
  { store }: Pick<Ports, 'store'>,
): Promise<{ taskRun: TaskRun; run: Run | undefined }> {
  const taskRun = (await store.taskRun(registry.name, name))?.value;
  if (!taskRun)
    throw new Refusal(
      404,
      'TaskRunNotFound',
      `There is no task run '${name}' in registry '${registry.name}'.`,
    );
  return withRun(taskRun, { store });
}

const withRun = async (taskRun: TaskRun, { store }: Pick<Ports, 'store'>) => ({
  taskRun,
  run: (await store.run(taskRun.registry, taskRun.runId))?.value,
});

/** Deletes a task run; its run stays. False when there was none. */
export function deleteTaskRun(
  registry: KnownRegistry,
  name: string,
  { store }: Pick<Ports, 'store'>,
): Promise<boolean> {
  return retryOnConflict(async () => {
    if (!(await toReplace(store.taskRun(registry.name, name)))) return false;
    await store.commit(registry.name, [{ remove: 'taskRun', name }]);
    return true;
  });
}
