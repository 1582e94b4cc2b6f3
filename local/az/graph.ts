import { ArmError } from '../runEngine/api/armError.ts';
import { type JsonAnswer, ok } from './azure.ts';

/**
 * Microsoft Graph, as far as `az role assignment` uses it: the name of a service principal, and the kind of an
 * object. Any object id is taken for a service principal's, as there are no others here.
 * @throws ArmError
 */
export async function graph(method: string, path: string, body: () => Promise<unknown>): Promise<JsonAnswer> {
  if (method === 'GET' && /^\/msgraph\/v1\.0\/servicePrincipals\/?$/i.test(path)) return ok({ value: [] });
  if (method === 'POST' && /^\/msgraph\/v1\.0\/directoryObjects\/getByIds\/?$/i.test(path)) {
    const ids = (await body()) as { ids?: unknown };
    const asked = Array.isArray(ids.ids) ? ids.ids.filter((id) => typeof id === 'string') : [];
    return ok({
      value: asked.map((id) => ({
        '@odata.type': '#microsoft.graph.servicePrincipal',
        id,
        displayName: `service principal ${id}`,
      })),
    });
  }
  throw new ArmError(404, 'Request_ResourceNotFound', `The local Microsoft Graph has no ${method} ${path}.`);
}
