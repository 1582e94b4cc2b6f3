import type { TokenCredential } from '@azure/identity';
import type { z } from 'zod';
import type { KnownRegistry } from '../ports/ports.ts';
import { RunEngineError } from '../ports/runEngine.ts';
import { fetchOfSettings } from './addressGuard.ts';
import { retryAfterSeconds } from './retryAfter.ts';

const answerWithinMs = 60_000;

export interface ArmClient {
  /**
   * Calls what is below a registry's resource.
   * @returns an answer below 300, or 404
   * @throws RunEngineError
   */
  call(registry: string, method: string, path: string, apiVersion: string, body?: object): Promise<Response>;
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
    const authorization = `Bearer ${await token(doing)}`;
    const response = await reach(url, doing, { ...init, headers: { ...init.headers, authorization } });
    if (response.ok || response.status === 404) return response;
    throw await refusal(response, registry, doing);
  }

  async function token(doing: string): Promise<string> {
    try {
      const given = await credential.getToken(scope);
      if (given) return given.token;
    } catch (error) {
      throw new RunEngineError(
        `${doing}: the identity gave no token for ${scope} (${plainly(error)}). Is AZURE_CLIENT_ID an identity of the app?`,
        { transient: true },
      );
    }
    throw new RunEngineError(`${doing}: the identity gave no token for ${scope}.`, { transient: true });
  }

  return {
    async call(registry, method, path, apiVersion, body) {
      const known = registries.find(({ name }) => name === registry);
      if (!known) throw new RunEngineError(`${registry} is not in the settings.`, { transient: false });
      const doing = `${method} ${path} of registry ${registry}`;
      return send(`${endpoint}${known.id}/${path}?api-version=${apiVersion}`, registry, doing, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body && { body: JSON.stringify(body) }),
      });
    },
    async follow(registry, location, doing) {
      // The token is for ARM alone, whoever wrote the header.
      if (!URL.canParse(location) || new URL(location).origin !== new URL(endpoint).origin)
        throw new RunEngineError(`${doing}: Azure named an address that is not its own.`, {
          transient: false,
        });
      return send(location, registry, doing, { method: 'GET' });
    },
  };
}

/**
 * What a token for an endpoint is for. Each cloud's `management.…` takes tokens for itself; any other address stands
 * before the public cloud.
 */
export function audienceOf(endpoint: string): string {
  const { hostname, origin } = new URL(endpoint);
  return hostname.startsWith('management.') ? origin : 'https://management.azure.com';
}

/** Fetches; that nobody answers is a RunEngineError. The address is not told: it may be signed. */
export async function reach(url: string, doing: string, init: RequestInit): Promise<Response> {
  try {
    return await fetchOfSettings(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
  } catch (error) {
    throw new RunEngineError(`${doing}: no answer (${plainly(error)})`, { transient: true });
  }
}

/** Why, without the addresses that messages of fetch and of identities may hold. */
function plainly(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { message } = error.cause instanceof Error ? error.cause : error;
  return message.split('\n')[0]!.replace(/https?:\/\/\S+/g, '…');
}

/** The JSON of an answer, held against what is expected. @throws RunEngineError */
export async function read<T>(response: Response, schema: z.ZodType<T>, doing: string): Promise<T> {
  let body: unknown;
  try {
    body = JSON.parse(await response.text());
  } catch {
    throw new RunEngineError(`${doing}: the answer is not JSON. Is PLINTH_ARM_ENDPOINT right?`, {
      transient: true,
    });
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new RunEngineError(`${doing}: the answer is not what is documented, at ${fields}.`, {
    transient: true,
  });
}

const advice: Record<number, (registry: string) => string> = {
  401: () =>
    'The token of the identity was not accepted. Is AZURE_CLIENT_ID the app’s identity, and of the registry’s tenant?',
  403: (registry) =>
    `The identity may not do this. Assign it the role "Container Registry Tasks Contributor" on registry ${registry}.`,
  404: (registry) =>
    `Azure does not know registry ${registry}. Is its resource id in PLINTH_REGISTRIES right?`,
};

/** A 404 is about the registry only where Azure does not name something in it. */
const adviceFor = (status: number, said: string, registry: string) =>
  status === 404 && /^(AgentPool|Run|Task|Log)NotFound/i.test(said) ? undefined : advice[status]?.(registry);

/** What Azure answered, as an error that says what to do. */
export async function refusal(response: Response, registry: string, doing: string): Promise<RunEngineError> {
  const { status } = response;
  const said = armMessage(await response.text().catch(() => ''));
  const retryAfter = retryAfterOf(response);
  const sentences = [`${doing}: ${status} ${said}`.trim(), adviceFor(status, said, registry)].filter(Boolean);
  return new RunEngineError(sentences.join('. '), {
    // 501 stays: what the engine cannot do now, it cannot do in a minute.
    transient: [408, 409, 429].includes(status) || (status >= 500 && status !== 501),
    status,
    ...(retryAfter && { retryAfter }),
  });
}

export const retryAfterOf = (response: Response) => retryAfterSeconds(response.headers.get('retry-after'));

/** ARM's `{error: {code, message}}`; a registry's own errors have the two at the top. */
function armMessage(text: string): string {
  try {
    const body = JSON.parse(text);
    const { code, message } = body.error ?? body;
    return [code, message]
      .filter((part) => typeof part === 'string')
      .join(': ')
      .replace(/\.$/, '');
  } catch {
    return '';
  }
}
