import { app } from '@azure/functions';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { ignoreEvent } from '../shared/flow/ignoreEvent.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { parsePush } from '../shared/imagePushed.ts';

app.eventGrid('imagePushed', {
  handler: async (event, context) => {
    const ports = portsWith(logTo(context));
    const parsed = parsePush(event, ports.settings.registries);
    if ('ignored' in parsed) await ignoreEvent(parsed, ports);
    else await onPush(parsed, ports);
  },
});
