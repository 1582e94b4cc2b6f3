import { serveDocument } from '../shared/edge/http.ts';
import { openapi } from '../shared/edge/openapi.ts';

serveDocument('openapi', 'openapi.json', openapi);
