import { z } from 'zod';
import { operations } from '../shared/api/operations.ts';
import { requestWords } from '../shared/api/requestWords.ts';
import { TaskUpdate } from '../shared/api/schemas.ts';
import { toTaskResource } from '../shared/api/toResource.ts';
import { type Call, serve } from '../shared/edge/http.ts';
import { asTask, sameAnswer, sentIn } from '../shared/flow/api/putBack.ts';
import { waitingRun } from '../shared/flow/api/registryOverview.ts';
import { noTask, Refusal } from '../shared/flow/refusal.ts';
import { webhookViews } from '../shared/flow/webhooks/webhookViews.ts';
import { type Task, taskName } from '../shared/model/task.ts';

/** With the first call: what checks a task reads its YAML, and is large. */
const flow = () => import('../shared/flow/api/tasks.ts');

/** A task with what is known beside its definition. */
async function shown(
  task: Task,
  { registry, ports, config }: Pick<Call, 'registry' | 'ports' | 'config'>,
  secrets = false,
) {
  const [state, webhooks] = await Promise.all([
    ports.store.state(registry.name, task.name),
    webhookViews(registry.name, task.name, ports, secrets),
  ]);
  const waiting = state && (await waitingRun(state.value, ports));
  return toTaskResource(
    task,
    state?.value,
    { id: registry.id, app: config.identity },
    { withSecrets: secrets, webhooks, ...(waiting && { waiting }) },
  );
}

serve(operations.tasksList, async ({ registry, ports, config }) => {
  const unread = ({ message }: Error) => ports.log('warning', message, { registry: registry.name });
  const [tasks, states] = await Promise.all([
    ports.store.tasks(registry.name, unread),
    ports.store.states(registry.name),
  ]);
  const stateOf = new Map(states.map((state) => [state.task, state]));
  const inOrder = tasks.toSorted((one, other) => one.creationDate.localeCompare(other.creationDate));
  const value = inOrder.map((task) =>
    toTaskResource(task, stateOf.get(task.name), { id: registry.id, app: config.identity }),
  );
  return { jsonBody: { value } };
});

serve(operations.tasksGet, async ({ registry, parameter, ports, config }) => {
  const name = parameter('task');
  const task = await ports.store.task(registry.name, name);
  if (!task) throw noTask(registry.name, name);
  return { jsonBody: await shown(task.value, { registry, ports, config }) };
});

serve(operations.tasksListDetails, async ({ registry, parameter, ports, config }) => {
  const task = await (await flow()).openTask(registry, parameter('task'), ports);
  return { jsonBody: await shown(task, { registry, ports, config }, true) };
});

serve(operations.tasksCreate, async ({ registry, parameter, body, version, ports, config }) => {
  const name = z.object({ taskName }).safeParse({ taskName: parameter('task') });
  if (!name.success) throw Refusal.ofSchema(name.error);
  const { taskName: task } = name.data;
  const given = await body(z.unknown(), requestWords.task);
  const create = asTask(given);
  const written =
    (await sameAnswer(registry, task, { given, create, version }, ports)) ??
    (await (await flow()).putTask(registry, task, sentIn(version, given as object), ports));
  return { jsonBody: await shown(written, { registry, ports, config }) };
});

serve(operations.tasksUpdate, async ({ registry, parameter, body, ports, config }) => {
  const patch = await body(TaskUpdate, requestWords.task);
  const task = await (await flow()).patchTask(registry, parameter('task'), patch, ports);
  return { jsonBody: await shown(task, { registry, ports, config }) };
});

serve(operations.tasksDelete, async ({ registry, parameter, ports }) => {
  const { deleteTask } = await import('../shared/flow/api/deleteTask.ts');
  return { status: (await deleteTask(registry, parameter('task'), ports)) ? 200 : 204 };
});
