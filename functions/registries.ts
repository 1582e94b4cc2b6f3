import { operations } from '../shared/api/operations.ts';
import { requestWords } from '../shared/api/requestWords.ts';
import { toScheduledRun } from '../shared/api/toResource.ts';
import { serve } from '../shared/edge/http.ts';
import { health } from '../shared/flow/api/health.ts';
import { registryOverview } from '../shared/flow/api/registryOverview.ts';
import { RunRequest } from '../shared/model/run.ts';

serve(operations.registriesGet, async ({ registry, ports }) => ({
  jsonBody: await registryOverview(registry, ports),
}));

serve(operations.registriesHealth, async ({ registry, ports }) => ({
  jsonBody: await health(registry, ports),
}));

serve(operations.uploadUrl, async ({ registry, ports }) => ({
  jsonBody: await ports.engine.uploadUrl(registry.name),
}));

serve(operations.scheduleRun, async ({ registry, body, ports }) => {
  const request = await body(RunRequest, requestWords.run);
  // With the first run: it reads task files, and what reads YAML is large.
  const { scheduleQuickRun, scheduleTaskRun } = await import('../shared/flow/api/runs.ts');
  const run =
    request.type === 'TaskRunRequest'
      ? await scheduleTaskRun(registry, request, ports)
      : await scheduleQuickRun(registry, request, ports);
  return { jsonBody: toScheduledRun(run, registry.id) };
});
