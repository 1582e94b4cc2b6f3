import { nearestTo } from '../names/nearestTo.ts';
import { type Operation, operations } from './operations.ts';
import { armPath, routesOf, shortPath } from './routes.ts';

/** Resources of a registry that ACR has and Plinth does not, by the lower-case part of the path, with what to use. */
const notServed: Record<string, string> = {
  agentpools:
    'Plinth keeps no agent pools. Make them in ACR; a task or run names one with agentPoolName, and the registry’s run engine uses it.',
};

/**
 * Where every path of the API begins. No route may begin with a parameter: the Functions host's own paths, `admin` and
 * `runtime`, would be answered by it.
 */
export const apiRoots = ['registries', 'subscriptions', 'providers', 'graph', 'live', 'pushes'];

/** The answer to a request that no operation takes. */
interface NotServedAnswer {
  status: 404 | 405 | 501;
  code: string;
  message: string;
  /** The methods that the path does have: the header Allow of a 405. */
  allow: string[];
}

/** @param path of the request's URL, as it came */
export function notServedAnswer(method: string, path: string): NotServedAnswer {
  const allow: string[] = routes.filter(({ matches }) => matches.test(path)).map((route) => route.method);
  if (allow.length > 0 && !allow.includes(method)) {
    const message = `${path} has no ${method}. It has ${allow.join(', ')}.`;
    return { status: 405, code: 'MethodNotAllowed', message, allow };
  }
  const resource = ofRegistry.exec(path)?.slice(1).find(Boolean)?.toLowerCase() ?? '';
  const instead = notServed[resource];
  if (instead) return { status: 501, code: 'NotImplemented', message: instead, allow: [] };
  const meant = nearestTo(resource, resources);
  const hint = meant && meant.toLowerCase() !== resource ? ` Did you mean ${meant}?` : '';
  const message = `No operation has the path ${path}.${hint} GET /openapi.json has them all.`;
  return { status: 404, code: 'NotFound', message, allow: [] };
}

/** A route of the host as an expression on a path; words without case, a slash at the end as none. */
const expression = (route: string, end: string) =>
  new RegExp(`^/${route.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}${end}`, 'i');

const all = Object.values<Operation>(operations);
const routes = all.flatMap((operation) =>
  routesOf(operation).map(({ route }) => ({
    method: operation.method,
    matches: expression(route, '/?$'),
  })),
);
const ofRegistry = new RegExp(
  [armPath, shortPath].map((base) => expression(base, '/([^/]+)').source).join('|'),
  'i',
);
const resources = [
  ...new Set(all.flatMap(({ path, scope }) => (scope === 'app' ? [] : path.split('/')[0]!))),
].filter(Boolean);
