import { toRunResource } from '../shared/armResources.ts';
import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { Refusal } from '../shared/flow/refusal.ts';
import { queuePlace } from '../shared/flow/registryOverview.ts';
import { runLogUrl } from '../shared/flow/runLog.ts';
import { runPage } from '../shared/flow/runPage.ts';
import { RunUpdate } from '../shared/model/resources.ts';
import { requestWords } from '../shared/requestWords.ts';

/** With the first call: what queues runs reads task files, and what reads YAML is large. */
const flow = () => import('../shared/flow/runs.ts');

serve(operations.runsList, async ({ own, query, ports, config }) => {
  const { runs, next } = await runPage(own, query, ports);
  const nextLink = next && `${config.publicUrl}${own.id}/runs?${next}`;
  return {
    jsonBody: { value: runs.map((run) => toRunResource(run, own.id)), ...(nextLink && { nextLink }) },
  };
});

serve(operations.runsGet, async ({ own, parameter, ports }) => {
  const run = await (await flow()).getRun(own, parameter('run'), ports);
  return { jsonBody: toRunResource(run, own.id, await queuePlace(run, ports)) };
});

serve(operations.runsUpdate, async ({ own, parameter, body, ports }) => {
  const { isArchiveEnabled } = await body(RunUpdate, requestWords.runUpdate);
  const { getRun, archiveRun } = await flow();
  const { runId } = await getRun(own, parameter('run'), ports);
  const run = await archiveRun(own, runId, isArchiveEnabled ?? undefined, ports);
  return { jsonBody: toRunResource(run, own.id) };
});

serve(operations.runsCancel, async ({ own, parameter, ports }) => {
  const { getRun, cancelRun } = await flow();
  const { runId } = await getRun(own, parameter('run'), ports);
  await cancelRun(own, runId, ports);
  return { status: 200 };
});

serve(operations.runsLogUrl, async ({ own, parameter, ports, config }) => {
  const run = await (await flow()).getRun(own, parameter('run'), ports);
  const logLink = await runLogUrl(own, run, config.publicUrl, ports);
  if (!logLink) throw new Refusal(404, 'LogNotFound', `Run '${run.runId}' has no log yet.`);
  return { jsonBody: { logLink } };
});
