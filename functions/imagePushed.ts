import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { parseAcrEvent } from '../shared/events/acrEvent.ts';
import { acceptPush } from '../shared/flow/push/acceptPush.ts';
import { ignoreEvent } from '../shared/flow/push/ignoreEvent.ts';
import { count } from '../shared/telemetry/commitMetrics.ts';
import { metrics } from '../shared/telemetry/metrics.ts';

app.eventGrid('imagePushed', {
  handler: (event, context) =>
    invoke(context, async (ports, { add }) => {
      const parsed = parseAcrEvent(event, ports.settings.registries);
      if ('ignored' in parsed) {
        add(count(metrics.ignored, { reason: parsed.kind ?? 'ordinary' }));
        await ignoreEvent(parsed, ports);
      } else if (!(await acceptPush(parsed, ports))) add(count(metrics.pushes, { outcome: 'untracked' }));
    }),
});
