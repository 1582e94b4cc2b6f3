import { toRunResource } from '../shared/armResources.ts';
import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { registryOverview } from '../shared/flow/registryOverview.ts';
import { scheduleQuickRun, scheduleTaskRun } from '../shared/flow/runs.ts';
import { RunRequest } from '../shared/model/run.ts';

serve(operations.registriesGet, async ({ own, ports }) => ({ jsonBody: await registryOverview(own, ports) }));

serve(operations.uploadUrl, async ({ own, ports }) => ({ jsonBody: await ports.engine.uploadUrl(own.name) }));

serve(operations.scheduleRun, async ({ own, body, ports }) => {
  const request = await body(RunRequest);
  const run =
    request.type === 'TaskRunRequest'
      ? await scheduleTaskRun(own, request, ports)
      : await scheduleQuickRun(own, request, ports);
  return { jsonBody: toRunResource(run, own.id) };
});
