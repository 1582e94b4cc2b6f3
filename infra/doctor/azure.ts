import { PlinthError } from '../../shared/names/plinthError.ts';
import { answerMs } from '../../shared/rules/timing.ts';

/** An answer of Azure Resource Manager: a body for a success, else why not. */
export interface Answer<T> {
  status: number;
  /** Undefined where the answer is no success. */
  body: T | undefined;
  /** ARM's own code and message. */
  code: string;
  message: string;
}

/** The way to ARM, as whoever is signed in. It only reads: what needs POST is named in `readingPosts`. */
export interface Azure {
  subscriptionId: string;
  /** Who is signed in. */
  principal: { id: string; type: 'User' | 'ServicePrincipal'; name: string };
  /** @param path an ARM id with what follows it, maybe a query */
  get<T>(path: string, version: string): Promise<Answer<T>>;
  /** Every page of a list. */
  list<T>(path: string, version: string): Promise<Answer<T[]>>;
  /** @throws DoctorError for a POST that is not known to change nothing */
  post<T>(path: string, version: string, body?: object): Promise<Answer<T>>;
  /** Any other server, the app itself: the status and the text of its answer. */
  call(url: string, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
}

export class DoctorError extends PlinthError {}

/** POSTs that answer a question; ARM uses POST where an answer holds secrets or a question has a body. */
const readingPosts = /\/(checkNameAvailability|config\/appsettings\/list|host\/default\/listkeys)$/i;

type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<{ status: number; text(): Promise<string> }>;

interface AzureOptions {
  /** `https://management.azure.com` in the public cloud. */
  endpoint: string;
  /** An access token for ARM. Whoever signed in is read from it. */
  token: string;
  subscriptionId: string;
  fetch: Fetch;
}

/** @throws DoctorError where the token is none of Entra's */
export function createAzure({ endpoint, token, subscriptionId, fetch }: AzureOptions): Azure {
  const base = endpoint.replace(/\/$/, '');

  async function send(method: 'GET' | 'POST', url: string, headers: Record<string, string>, body?: object) {
    const ask = async () => {
      const answer = await fetch(url, {
        method,
        headers: { ...headers, ...(method === 'POST' && { 'content-type': 'application/json' }) },
        ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
        signal: AbortSignal.timeout(answerMs.resourceManager),
      });
      return { status: answer.status, text: await answer.text() };
    };
    try {
      // A server may close an idle connection as the next question leaves; what only reads may be asked again.
      return await ask().catch(ask);
    } catch (cause) {
      throw new DoctorError(`${new URL(url).origin} does not answer`, { cause });
    }
  }

  async function arm<T>(method: 'GET' | 'POST', url: string, body?: object): Promise<Answer<T>> {
    const { status, text } = await send(method, url, { authorization: `Bearer ${token}` }, body);
    const given = parsed(text);
    if (status < 300) return { status, body: given as T, code: '', message: '' };
    const { code = `${status}`, message = 'no reason was given' } =
      (given as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
    return { status, body: undefined, code, message };
  }

  const address = (path: string, version: string) =>
    `${base}${encodeURI(path)}${path.includes('?') ? '&' : '?'}api-version=${version}`;
  return {
    subscriptionId,
    principal: principalOf(token),
    get: (path, version) => arm('GET', address(path, version)),
    async list<T>(path: string, version: string) {
      const all: T[] = [];
      let url: string | undefined = address(path, version);
      while (url) {
        const page: Answer<{ value: T[]; nextLink?: string }> = await arm('GET', url);
        if (!page.body) return { ...page, body: undefined };
        all.push(...page.body.value);
        url = page.body.nextLink;
      }
      return { status: 200, body: all, code: '', message: '' };
    },
    async post(path, version, body) {
      if (!readingPosts.test(path)) throw new DoctorError(`POST ${path} is not known to change nothing`);
      return arm('POST', address(path, version), body);
    },
    call: (url, headers = {}) => send('GET', url, headers),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Claims of an access token: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
function principalOf(token: string): Azure['principal'] {
  const claims = parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as
    | Record<string, string | undefined>
    | undefined;
  if (!claims?.oid) throw new DoctorError('The access token of az does not say who is signed in.');
  const person = claims.upn ?? claims.unique_name;
  const isApp = claims.idtyp === 'app' || person === undefined;
  return {
    id: claims.oid,
    type: isApp ? 'ServicePrincipal' : 'User',
    name: person ?? claims.appid ?? claims.oid,
  };
}

/** Why a question had no answer, for people. */
export const reasonOf = ({ status, code, message }: Answer<unknown>) =>
  status === 403 ? 'you may not read it' : `${code}: ${message}`;
