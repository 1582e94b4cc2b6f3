import { answerMs } from '../../rules/timing.ts';

/** A service took a question and did not answer in its time. */
export class LateError extends Error {
  override name = 'LateError';
}

type Service = keyof typeof answerMs;

/** Ends a request, its body included, when the service has had its time. The reason is a LateError. */
export function limitOf(service: Service): AbortSignal {
  const ms = answerMs[service];
  const controller = new AbortController();
  setTimeout(() => controller.abort(new LateError(`given up after ${ms / 1000} s`)), ms).unref();
  return controller.signal;
}

/**
 * The answer of an SDK, which may wait beyond the signal, or tell of it in an error of its own.
 * @throws LateError, or what the SDK throws in time
 */
export async function answerInTime<T>(service: Service, ask: (limit: AbortSignal) => Promise<T>): Promise<T> {
  const limit = limitOf(service);
  const late = new Promise<never>((_, reject) =>
    limit.addEventListener('abort', () => reject(limit.reason), { once: true }),
  );
  return Promise.race([ask(limit), late]);
}
