import { openapi } from '../shared/api/openapi.ts';
import { serveDocument } from '../shared/edge/http.ts';

serveDocument('openapi', 'openapi.json', openapi);
