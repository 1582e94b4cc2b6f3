import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import type { KnownRegistry } from '../../model/registry.ts';
import { RunEngineError } from '../../ports/runEngine.ts';
import { assignRole, principalOf } from '../../rules/roleAssignment.ts';
import { fetchOfSettings } from '../http/addressGuard.ts';
import { ask, type Fail, readBytes, readJson, tryJson } from '../http/ask.ts';
import { retryAfterSeconds } from '../http/retryAfter.ts';
import { limitOf } from '../http/timeLimit.ts';
import { tokenOf } from '../secrets/identityToken.ts';

interface ArmRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  apiVersion: string;
  body?: object;
}

export interface ArmClient {
  /** What the settings say of a registry. @throws RunEngineError where they do not name it */
  registry(name: string): KnownRegistry;
  /**
   * Calls what is below a registry's resource.
   * @returns an answer below 300, or 404
   * @throws RunEngineError
   */
  call(registry: string, request: ArmRequest): Promise<Response>;
  /** Asks an address that ARM itself named, on the same terms. */
  follow(registry: string, location: string, doing: string): Promise<Response>;
}

export interface ArmClientOptions {
  endpoint: string;
  registries: KnownRegistry[];
  credential: TokenCredential;
}

/** Azure Resource Manager, as the identity of the app. */
export function createArmClient({ endpoint, registries, credential }: ArmClientOptions): ArmClient {
  const scope = `${audienceOf(endpoint)}/.default`;

  async function send(url: string, registry: string, doing: string, init: RequestInit): Promise<Response> {
    const { token } = await tokenOf(
      credential,
      scope,
      ({ why }) =>
        new RunEngineError(
          `${doing}: the identity gave no token for ${scope} (${why}). Is AZURE_CLIENT_ID an identity of the app?`,
          { transient: true },
        ),
    );
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const response = await reach(url, doing, { ...init, headers });
    if (response.ok || response.status === 404) return response;
    const principalId = principalOf(token);
    const grant = principalId && assignRole({ principalId, role: runsRole, scope: known(registry).id });
    throw await refusal(response, registry, doing, grant);
  }

  function known(registry: string): KnownRegistry {
    const found = registries.find(({ name }) => name === registry);
    if (found) return found;
    throw new RunEngineError(`${registry} is not in the settings.`, { transient: false });
  }

  return {
    registry: known,
    async call(registry, { method, path, apiVersion, body }) {
      const { id } = known(registry);
      const doing = `${method} ${path} of registry ${registry}`;
      return send(`${endpoint}${id}/${path}?api-version=${apiVersion}`, registry, doing, {
        method,
        ...(body && { body: JSON.stringify(body) }),
      });
    },
    async follow(registry, location, doing) {
      // The token is for ARM alone, even where a header names another address.
      if (!URL.canParse(location) || new URL(location).origin !== new URL(endpoint).origin)
        throw new RunEngineError(`${doing}: Azure named an address that is not its own.`, {
          transient: false,
        });
      return send(location, registry, doing, { method: 'GET' });
    },
  };
}

/**
 * What a token for an endpoint is for. Each cloud's `management.…` takes tokens for itself; any other address leads
 * to the public cloud.
 */
export function audienceOf(endpoint: string): string {
  const { hostname, origin } = new URL(endpoint);
  return hostname.startsWith('management.') ? origin : 'https://management.azure.com';
}

/** Without the cause: a name server without Azure Resource Manager is waited for as for any other fault. */
const faultOf =
  (doing: string): Fail =>
  ({ kind, why }) =>
    new RunEngineError(`${doing}: ${why}${kind === 'NoJson' ? '. Is PLINTH_ARM_ENDPOINT right?' : ''}`, {
      transient: kind !== 'Unsent',
    });

/** One request to what the settings or ARM name. The address is not told: it may be signed. @throws RunEngineError */
export const reach = (url: string, doing: string, init: RequestInit): Promise<Response> =>
  ask(fetchOfSettings, url, { ...init, signal: limitOf('resourceManager') }, faultOf(doing));

/** The JSON of an answer, held against what is expected. @throws RunEngineError */
export const read = <T>(response: Response, schema: z.ZodType<T>, doing: string): Promise<T> =>
  readJson(response, schema, faultOf(doing));

/** The bytes of an answer. @throws RunEngineError, also where there are more than `maxBytes` */
export const readPart = (response: Response, doing: string, maxBytes: number): Promise<Buffer> =>
  readBytes(response, faultOf(doing), maxBytes);

const runsRole = 'Container Registry Tasks Contributor';

const advice: Record<number, (registry: string) => string> = {
  401: () =>
    'The token of the identity was not accepted. Is AZURE_CLIENT_ID the app’s identity, and of the registry’s tenant?',
  403: (registry) =>
    `The identity may not do this. Assign it the role "${runsRole}" on registry ${registry}.`,
  404: (registry) =>
    `Azure does not know registry ${registry}. Is its resource id in PLINTH_REGISTRIES right?`,
};

/** ACR has no published limit of taskRuns; ARM's refusals of the kind name it in their code. */
const isQuota = (said: string) => /^\w*Quota/i.test(said);

function adviceFor(status: number, said: string, registry: string, grant?: string): string | undefined {
  if (isQuota(said))
    return `Remove the taskRuns that are left on registry ${registry} (az acr taskrun list), or set PLINTH_RUN_ENGINE to scheduleRun.`;
  // A 404 is about the registry only where Azure does not name something in it.
  if (status === 404 && /^(AgentPool|Run|Task|Log)NotFound/i.test(said)) return undefined;
  const told = advice[status]?.(registry);
  if (status !== 403 || !told) return told;
  const granted = grant ? told.replace(/\.$/, `: ${grant}`) : told;
  if (!/registries\/taskruns\//i.test(said)) return granted;
  return `${granted} Where it may not have the right to taskRuns, set PLINTH_RUN_ENGINE to scheduleRun.`;
}

/**
 * What Azure answered, as an error that says what to do.
 * @param grant the command that gives the identity its role
 */
export async function refusal(
  response: Response,
  registry: string,
  doing: string,
  grant?: string,
): Promise<RunEngineError> {
  const { status } = response;
  const said = armMessage(await tryJson(response, Refusal));
  const sentences = [`${doing}: ${status} ${said}`.trim(), adviceFor(status, said, registry, grant)].filter(
    Boolean,
  );
  return new RunEngineError(sentences.join('. '), {
    // 501 stays: what the engine cannot do now, it cannot do in a minute.
    transient: [408, 409, 429].includes(status) || (status >= 500 && status !== 501) || isQuota(said),
    isRoleMissing: status === 403 && !isQuota(said),
    status,
    retryAfter: retryAfterOf(response),
  });
}

export const retryAfterOf = (response: Response) => retryAfterSeconds(response.headers.get('retry-after'));

const Coded = z.object({ code: z.string().catch(''), message: z.string().catch('') });
/** ARM's `{error: {code, message}}`; a registry's own errors have the two at the top. */
const Refusal = z.union([z.object({ error: Coded }), Coded]);

function armMessage(said: z.infer<typeof Refusal> | undefined): string {
  const { code = '', message = '' } = said && 'error' in said ? said.error : (said ?? {});
  return [code, message].filter(Boolean).join(': ').replace(/\.$/, '');
}
