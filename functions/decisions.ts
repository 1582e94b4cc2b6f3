import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { planFor } from '../shared/flow/rebuildPlan.ts';
import { noTask } from '../shared/flow/refusal.ts';
import { decisionPage, pushDecisions } from '../shared/flow/why.ts';
import { formatImageRef, hasServer, parseImageRef } from '../shared/imageRef.ts';
import { PlanRequest } from '../shared/model/resources.ts';
import { requestWords } from '../shared/requestWords.ts';

serve(operations.tasksDecisions, async ({ own, parameter, query, ports, config }) => {
  const task = parameter('task');
  const { decisions, next } = await decisionPage(own, task, query, ports);
  const nextLink = next && `${config.publicUrl}${own.id}/tasks/${task}/decisions?${next}`;
  return { jsonBody: { value: decisions, ...(nextLink && { nextLink }) } };
});

serve(operations.pushesGet, async ({ parameter, ports }) => ({
  jsonBody: { value: await pushDecisions(parameter('push'), ports) },
}));

serve(operations.tasksPlan, async ({ own, parameter, ports }) => {
  const state = await ports.store.state(own.name, parameter('task'));
  if (!state) throw noTask(own.name, parameter('task'));
  return { jsonBody: await planFor(state.value.outputs, ports) };
});

serve(operations.plan, async ({ own, body, ports }) => {
  const { image } = await body(PlanRequest, requestWords.plan);
  const { digest: _, ...tagged } = parseImageRef(hasServer(image) ? image : `${own.loginServer}/${image}`);
  const name = formatImageRef(tagged);
  const plan = await planFor([name], ports);
  const isEmpty = plan.waves.length === 0 && plan.skipped.length === 0;
  const message = `No task is known to be built from ${name}. A task is known by what its last run was built from.`;
  return { jsonBody: { ...plan, ...(isEmpty && { message }) } };
});
