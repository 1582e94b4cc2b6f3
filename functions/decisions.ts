import { operations } from '../shared/api/operations.ts';
import { requestWords } from '../shared/api/requestWords.ts';
import { PlanRequest } from '../shared/api/schemas.ts';
import { forgetKept } from '../shared/edge/answering/kept.ts';
import { type Call, serve } from '../shared/edge/http.ts';
import { heldBases } from '../shared/flow/api/bases/heldBases.ts';
import { judge } from '../shared/flow/api/bases/judge.ts';
import { listDecisions, listPushDecisions } from '../shared/flow/api/listDecisions.ts';
import { forecast, forecastImage } from '../shared/flow/push/forecast.ts';
import { forecastJudgement } from '../shared/flow/push/forecastJudgement.ts';
import { noTask } from '../shared/flow/refusal.ts';
import { type Judgement, JudgementRequest } from '../shared/model/bases/policy.ts';

serve(operations.tasksDecisions, async ({ registry, parameter, query, ports, config }) => {
  const task = parameter('task');
  const { decisions, next } = await listDecisions(registry, task, query, ports);
  const nextLink = next && `${config.publicUrl}${registry.id}/tasks/${task}/decisions?${next}`;
  return { jsonBody: { value: decisions, ...(nextLink && { nextLink }) } };
});

serve(operations.pushesGet, async ({ parameter, ports }) => ({
  jsonBody: { value: await listPushDecisions(parameter('push'), ports) },
}));

serve(operations.tasksPlan, async ({ registry, parameter, ports }) => {
  const state = await ports.store.state(registry.name, parameter('task'));
  if (!state) throw noTask(registry.name, parameter('task'));
  return { jsonBody: await forecast(state.value.outputs, ports) };
});

serve(operations.plan, async ({ registry, body, ports }) => {
  const { image, digest, verdict } = await body(PlanRequest, requestWords.plan);
  const plan =
    digest && verdict
      ? await forecastJudgement(registry, { image, digest, verdict }, ports)
      : await forecastImage(registry, image, ports);
  return { jsonBody: plan };
});

serve(operations.baseImages, async ({ registry, query, ports }) => ({
  jsonBody: await heldBases(registry, query.get('image') ?? undefined, ports),
}));

const judging =
  (verdict: Judgement['verdict']) =>
  async ({ registry, body, caller, ports }: Call) => {
    const said = await body(JudgementRequest, requestWords.judgement);
    const by = caller?.name;
    try {
      return { jsonBody: await judge(registry, verdict, { ...said, ...(by && { by }) }, ports) };
    } finally {
      forgetKept(ports.clock);
    }
  };
serve(operations.quarantine, judging('quarantined'));
serve(operations.admit, judging('admitted'));
serve(operations.release, judging('released'));
