import { serveRefusal } from '../shared/edge/http.ts';
import { notServed } from '../shared/notServed.ts';

for (const [resource, instead] of Object.entries(notServed))
  serveRefusal(`not-served-${resource}`, `${resource}/{*rest}`, instead);
