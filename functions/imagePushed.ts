import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { ignoreEvent } from '../shared/flow/ignoreEvent.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { count, pushOutcome } from '../shared/happened.ts';
import { parsePush } from '../shared/imagePushed.ts';
import { metrics } from '../shared/metrics.ts';

app.eventGrid('imagePushed', {
  handler: (event, context) =>
    invoke(context, async (ports, { add }) => {
      const parsed = parsePush(event, ports.settings.registries);
      if ('ignored' in parsed) {
        add(count(metrics.ignored, { reason: parsed.kind ?? 'ordinary' }));
        await ignoreEvent(parsed, ports);
        return;
      }
      add(count(metrics.pushes, { outcome: pushOutcome(await onPush(parsed, ports)) }));
    }),
});
