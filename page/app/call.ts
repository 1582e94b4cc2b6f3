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
  const text = await answered(answer.text());
  if (!answer.ok) throw refused(answer.status, text);
  try {
    return (text === '' ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new CallError(0, 'NoJson', 'Plinth does not answer as expected.');
  }
}

/** A part of a text, with its status and headers. @throws CallError */
export async function part(
  address: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
  const answer = await ask(address, { headers });
  const bytes = new Uint8Array(await answered(answer.arrayBuffer()));
  if (answer.ok || answer.status === 416) return { status: answer.status, headers: answer.headers, bytes };
  throw refused(answer.status, new TextDecoder().decode(bytes));
}

const ask = (address: string, init: RequestInit) =>
  answered(fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(patienceMs) }));

/** An answer can be cut off at its start and in its body. */
async function answered<T>(awaited: Promise<T>): Promise<T> {
  try {
    return await awaited;
  } catch {
    throw new CallError(0, 'NoAnswer', 'Plinth does not answer.');
  }
}

function refused(status: number, text: string): CallError {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: string; message: string } }).error;
    return new CallError(status, code, message);
  } catch {
    const message = status === 401 ? 'You are not signed in.' : `Plinth does not answer (${status}).`;
    return new CallError(status, String(status), message);
  }
}
