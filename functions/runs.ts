import { operations } from '../shared/api/operations.ts';
import { requestWords } from '../shared/api/requestWords.ts';
import { RunUpdate } from '../shared/api/schemas.ts';
import { toRunResource } from '../shared/api/toResource.ts';
import { serve } from '../shared/edge/http.ts';
import { listRuns } from '../shared/flow/api/listRuns.ts';
import { queuePlace } from '../shared/flow/api/registryOverview.ts';
import { runLogUrl } from '../shared/flow/api/runLog.ts';
import { Refusal } from '../shared/flow/refusal.ts';

/** With the first call: what queues runs reads task files, and what reads YAML is large. */
const flow = () => import('../shared/flow/api/runs.ts');

serve(operations.runsList, async ({ registry, query, ports, config }) => {
  const { runs, next } = await listRuns(registry, query, ports);
  const nextLink = next && `${config.publicUrl}${registry.id}/runs?${next}`;
  return {
    jsonBody: { value: runs.map((run) => toRunResource(run, registry.id)), ...(nextLink && { nextLink }) },
  };
});

serve(operations.runsGet, async ({ registry, parameter, ports }) => {
  const run = await (await flow()).getRun(registry, parameter('run'), ports);
  return { jsonBody: toRunResource(run, registry.id, await queuePlace(run, ports)) };
});

serve(operations.runsUpdate, async ({ registry, parameter, body, ports }) => {
  const { isArchiveEnabled } = await body(RunUpdate, requestWords.runUpdate);
  const { getRun, archiveRun } = await flow();
  const { runId } = await getRun(registry, parameter('run'), ports);
  const run = await archiveRun(registry, runId, isArchiveEnabled ?? undefined, ports);
  return { jsonBody: toRunResource(run, registry.id) };
});

serve(operations.runsCancel, async ({ registry, parameter, ports }) => {
  const { getRun, cancelRun } = await flow();
  const { runId } = await getRun(registry, parameter('run'), ports);
  await cancelRun(registry, runId, ports);
  return { status: 200 };
});

serve(operations.runsLogUrl, async ({ registry, parameter, ports, config }) => {
  const run = await (await flow()).getRun(registry, parameter('run'), ports);
  const logLink = await runLogUrl(registry, run, config.publicUrl, ports);
  if (!logLink) throw new Refusal(404, 'LogNotFound', `Run '${run.runId}' has no log yet.`);
  return { jsonBody: { logLink } };
});
