import { z } from 'zod';
import { toTaskResource } from '../shared/armResources.ts';
import { type Call, serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { sameAnswer } from '../shared/flow/putBack.ts';
import { noTask, Refusal } from '../shared/flow/refusal.ts';
import { webhookViews } from '../shared/flow/webhookViews.ts';
import { TaskUpdate } from '../shared/model/resources.ts';
import { type Task, TaskCreate, taskName } from '../shared/model/task.ts';
import { requestWords } from '../shared/requestWords.ts';

/** With the first call: what checks a task reads its YAML, and is large. */
const flow = () => import('../shared/flow/tasks.ts');

/** A task with what is known beside its definition. */
async function shown(
  task: Task,
  { own, ports, config }: Pick<Call, 'own' | 'ports' | 'config'>,
  secrets = false,
) {
  const [state, webhooks] = await Promise.all([
    ports.store.state(own.name, task.name),
    webhookViews(own.name, task.name, ports, secrets),
  ]);
  return toTaskResource(task, state?.value, own.id, config.identity, secrets, webhooks);
}

serve(operations.tasksList, async ({ own, ports, config }) => {
  const unread = ({ message }: Error) => ports.log('warning', message, { registry: own.name });
  const [tasks, states] = await Promise.all([
    ports.store.tasks(own.name, unread),
    ports.store.states(own.name),
  ]);
  const stateOf = new Map(states.map((state) => [state.task, state]));
  const inOrder = tasks.toSorted((one, other) => one.creationDate.localeCompare(other.creationDate));
  const value = inOrder.map((task) => toTaskResource(task, stateOf.get(task.name), own.id, config.identity));
  return { jsonBody: { value } };
});

serve(operations.tasksGet, async ({ own, parameter, ports, config }) => {
  const name = parameter('task');
  const task = await ports.store.task(own.name, name);
  if (!task) throw noTask(own.name, name);
  return { jsonBody: await shown(task.value, { own, ports, config }) };
});

serve(operations.tasksListDetails, async ({ own, parameter, ports, config }) => {
  const task = await (await flow()).openTask(own, parameter('task'), ports);
  return { jsonBody: await shown(task, { own, ports, config }, true) };
});

serve(operations.tasksCreate, async ({ own, parameter, body, ports, config }) => {
  const name = z.object({ taskName }).safeParse({ taskName: parameter('task') });
  if (!name.success) throw Refusal.ofSchema(name.error);
  const { taskName: task } = name.data;
  const given = await body(z.unknown(), requestWords.task);
  const create = TaskCreate.safeParse(given);
  if (!create.success) throw Refusal.ofSchema(create.error);
  const written =
    (await sameAnswer(own, task, given, create.data, ports)) ??
    (await (await flow()).putTask(own, task, create.data, ports));
  return { jsonBody: await shown(written, { own, ports, config }) };
});

serve(operations.tasksUpdate, async ({ own, parameter, body, ports, config }) => {
  const patch = await body(TaskUpdate, requestWords.task);
  const task = await (await flow()).patchTask(own, parameter('task'), patch, ports);
  return { jsonBody: await shown(task, { own, ports, config }) };
});

serve(operations.tasksDelete, async ({ own, parameter, ports }) => ({
  status: (await (await flow()).deleteTask(own, parameter('task'), ports)) ? 200 : 204,
}));
