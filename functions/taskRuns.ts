import { operations } from '../shared/api/operations.ts';
import { requestWords } from '../shared/api/requestWords.ts';
import { toTaskRunResource } from '../shared/api/toTaskRunResource.ts';
import { serve } from '../shared/edge/http.ts';
import { mapAtMost } from '../shared/flow/concurrency.ts';
import { Refusal } from '../shared/flow/refusal.ts';
import { TaskRunCreate, taskRunName } from '../shared/model/taskRun.ts';

/** With the first call: what queues runs reads task files, and what reads YAML is large. */
const flow = () => import('../shared/flow/api/taskRuns.ts');
const runsAtOnce = 10;

serve(operations.taskRunsList, async ({ registry, ports }) => {
  const unread = ({ message }: Error) => ports.log('warning', message, { registry: registry.name });
  const taskRuns = await ports.store.taskRuns(registry.name, unread);
  const value = await mapAtMost(taskRuns, runsAtOnce, async (taskRun) =>
    toTaskRunResource(taskRun, (await ports.store.run(registry.name, taskRun.runId))?.value, registry.id),
  );
  return { jsonBody: { value } };
});

serve(operations.taskRunsGet, async ({ registry, parameter, ports }) => {
  const { taskRun, run } = await (await flow()).getTaskRun(registry, parameter('taskRun'), ports);
  return { jsonBody: toTaskRunResource(taskRun, run, registry.id) };
});

serve(operations.taskRunsCreate, async ({ registry, parameter, body, ports }) => {
  const name = taskRunName.safeParse(parameter('taskRun'));
  if (!name.success) throw Refusal.ofSchema(name.error);
  const create = await body(TaskRunCreate, requestWords.taskRun);
  const { putTaskRun } = await flow();
  const { taskRun, run, isNew } = await putTaskRun(registry, name.data, create, ports);
  return { status: isNew ? 201 : 200, jsonBody: toTaskRunResource(taskRun, run, registry.id) };
});

serve(operations.taskRunsDelete, async ({ registry, parameter, ports }) => ({
  status: (await (await flow()).deleteTaskRun(registry, parameter('taskRun'), ports)) ? 200 : 204,
}));
