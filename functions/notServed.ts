import { apiRoots } from '../shared/api/notServed.ts';
import { serveTheRest } from '../shared/edge/http.ts';

for (const root of apiRoots) serveTheRest(root);
