import { toRunResource } from '../shared/armResources.ts';
import { serve } from '../shared/edge/http.ts';
import { operations } from '../shared/edge/operations.ts';
import { registryOverview } from '../shared/flow/registryOverview.ts';
import { RunRequest } from '../shared/model/run.ts';
import { requestWords } from '../shared/requestWords.ts';

serve(operations.registriesGet, async ({ own, ports }) => ({ jsonBody: await registryOverview(own, ports) }));

serve(operations.uploadUrl, async ({ own, ports }) => ({ jsonBody: await ports.engine.uploadUrl(own.name) }));

serve(operations.scheduleRun, async ({ own, body, ports }) => {
  const request = await body(RunRequest, requestWords.run);
  // With the first run: it reads task files, and what reads YAML is large.
  const { scheduleQuickRun, scheduleTaskRun } = await import('../shared/flow/runs.ts');
  const run =
    request.type === 'TaskRunRequest'
      ? await scheduleTaskRun(own, request, ports)
      : await scheduleQuickRun(own, request, ports);
  return { jsonBody: toRunResource(run, own.id) };
});
