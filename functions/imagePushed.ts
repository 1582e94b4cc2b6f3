import { app } from '@azure/functions';
import { logTo } from '../shared/edge/log.ts';
import { portsWith } from '../shared/edge/wiring.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { parsePush } from '../shared/imagePushed.ts';

app.eventGrid('imagePushed', {
  handler: async (event, context) => {
    const ports = portsWith(logTo(context));
    const parsed = parsePush(event, ports.settings.registries);
    if ('ignored' in parsed) ports.log('information', `event ignored: ${parsed.ignored}`);
    else await onPush(parsed, ports);
  },
});
