import { z } from 'zod';
import { toTaskResource } from '../shared/armResources.ts';
import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { noTask, Refusal } from '../shared/flow/refusal.ts';
import { deleteTask, openTask, patchTask, putTask } from '../shared/flow/tasks.ts';
import { TaskUpdate } from '../shared/model/resources.ts';
import { TaskCreate, taskName } from '../shared/model/task.ts';

serve(operations.tasksList, async ({ own, ports, config }) => {
  const [tasks, states] = await Promise.all([ports.store.tasks(own.name), ports.store.states(own.name)]);
  const stateOf = new Map(states.map((state) => [state.task, state]));
  const value = tasks.map((task) => toTaskResource(task, stateOf.get(task.name), own.id, config.identity));
  return { jsonBody: { value } };
});

serve(operations.tasksGet, async ({ own, parameter, ports, config }) => {
  const name = parameter('task');
  const [task, state] = await Promise.all([
    ports.store.task(own.name, name),
    ports.store.state(own.name, name),
  ]);
  if (!task) throw noTask(own.name, name);
  return { jsonBody: toTaskResource(task.value, state?.value, own.id, config.identity) };
});

serve(operations.tasksListDetails, async ({ own, parameter, ports, config }) => {
  const task = await openTask(own, parameter('task'), ports);
  const state = await ports.store.state(own.name, task.name);
  return { jsonBody: toTaskResource(task, state?.value, own.id, config.identity, true) };
});

serve(operations.tasksCreate, async ({ own, parameter, body, ports, config }) => {
  const name = z.object({ taskName }).safeParse({ taskName: parameter('task') });
  if (!name.success) throw Refusal.ofSchema(name.error);
  const task = await putTask(own, name.data.taskName, await body(TaskCreate), ports);
  const state = await ports.store.state(own.name, task.name);
  return { jsonBody: toTaskResource(task, state?.value, own.id, config.identity) };
});

serve(operations.tasksUpdate, async ({ own, parameter, body, ports, config }) => {
  const patch = await body(TaskUpdate);
  const task = await patchTask(own, parameter('task'), patch, ports);
  const state = await ports.store.state(own.name, task.name);
  return { jsonBody: toTaskResource(task, state?.value, own.id, config.identity) };
});

serve(operations.tasksDelete, async ({ own, parameter, ports }) => ({
  status: (await deleteTask(own, parameter('task'), ports)) ? 200 : 204,
}));
