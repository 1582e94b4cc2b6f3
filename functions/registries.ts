import { toRunResource } from '../shared/armResources.ts';
import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { Refusal } from '../shared/flow/refusal.ts';
import { registryOverview } from '../shared/flow/registryOverview.ts';
import { scheduleQuickBuild, scheduleTaskRun } from '../shared/flow/runs.ts';
import { RunRequest } from '../shared/model/run.ts';

serve(operations.registriesGet, async ({ own, ports }) => ({ jsonBody: await registryOverview(own, ports) }));

serve(operations.uploadUrl, async ({ own, ports }) => ({ jsonBody: await ports.engine.uploadUrl(own.name) }));

serve(operations.scheduleRun, async ({ own, body, ports }) => {
  const request = await body(RunRequest);
  switch (request.type) {
    case 'TaskRunRequest':
      return { jsonBody: toRunResource(await scheduleTaskRun(own, request, ports), own.id) };
    case 'DockerBuildRequest':
      return { jsonBody: toRunResource(await scheduleQuickBuild(own, request, ports), own.id) };
    default:
      throw new Refusal(501, 'NotImplemented', `${request.type} is not built yet.`);
  }
});
