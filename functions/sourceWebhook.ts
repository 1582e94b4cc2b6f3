import { serveWebhooks } from '../shared/edge/webhookServer.ts';

serveWebhooks();
