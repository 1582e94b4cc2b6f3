/** A caller of the app's API with a function key, for the demo and the tests. */
export interface ApiClient {
  /**
   * One request under a registry's short path.
   * @returns the answer's status and its body, parsed where it is JSON
   */
  request(method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>;
  /**
   * The body of an answer that is a success; a read that nobody could answer (502, 503, 504) is asked again, as Azure's
   * SDKs do. @throws Error with ARM's code and message
   */
  call(method: string, path: string, body?: unknown): Promise<any>;
}

export function createApiClient(url: string, functionKey: string): ApiClient {
  const request: ApiClient['request'] = async (method, path, body) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-functions-key': functionKey, 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: isJson(response) ? JSON.parse(text) : text };
  };
  return {
    request,
    async call(method, path, body) {
      let answer = await request(method, path, body);
      for (let more = 5; more > 0 && method === 'GET' && [502, 503, 504].includes(answer.status); more--) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        answer = await request(method, path, body);
      }
      if (answer.status < 300) return answer.body;
      const { code, message } = answer.body?.error ?? { code: answer.status, message: answer.body };
      throw new Error(`${method} ${path}: (${code}) ${message}`);
    },
  };
}

const isJson = (response: Response) => /\bjson\b/.test(response.headers.get('content-type') ?? '');

/**
 * Waits until `look` gives something.
 * @param seconds the limit
 * @throws Error naming what did not come
 */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found as T;
    if (Date.now() > end) throw new Error(`${what} did not come within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
