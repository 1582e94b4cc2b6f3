import { signed } from './session.ts';

/** A call that was refused or not answered, in words for people. */
export class CallError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** An answer takes this long at most. */
const patienceMs = 30_000;

/**
 * Asks the API. A GET that was answered before is asked for again by its ETag: the browser's cache does that.
 * @throws CallError with status 0 where nothing answers
 */
export async function call<T>(
  path: string,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
  body?: object,
): Promise<T> {
  const answer = await ask(path, {
    method,
    headers: signed(body && { 'content-type': 'application/json' }),
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  throw refused(answer.status, text);
}

/** A part of a text, with its status and headers. @throws CallError */
export async function part(address: string, headers: Record<string, string>): Promise<Response> {
  const answer = await ask(address, { headers });
  if (answer.ok || answer.status === 416) return answer;
  throw refused(answer.status, await answer.text());
}

async function ask(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
  } catch {
    throw new CallError(0, 'NoAnswer', 'Plinth does not answer.');
  }
}

function refused(status: number, text: string): CallError {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
    return new CallError(status, code, message);
  } catch {
    return new CallError(status, String(status), `Plinth does not answer (${status}).`);
  }
}
