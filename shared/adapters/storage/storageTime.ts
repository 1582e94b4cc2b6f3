import type { TableServiceClientOptions } from '@azure/data-tables';
import { answerInTime, LateError } from '../http/timeLimit.ts';

/**
 * The answer to one request of an SDK, which by itself waits for as long as the connection stands. Whether the service
 * did what it was asked is unknown when the time is over.
 * @throws LateError that names the service, or what the SDK throws in time
 */
export const inStorageTime = <T>(url: string, ask: (limit: AbortSignal) => Promise<T>): Promise<T> =>
  answerInTime('storage', ask).catch((error) => {
    if (!(error instanceof LateError)) throw error;
    throw new LateError(`${new URL(url).host} did not answer (${error.message})`, { cause: error });
  });

/** For every client of a table: the same for each of its requests, with all the tries of the SDK. */
export const timeLimited: TableServiceClientOptions = {
  additionalPolicies: [
    {
      position: 'perCall',
      policy: {
        name: 'storageTime',
        sendRequest: (request, next) =>
          inStorageTime(request.url, (limit) => {
            request.abortSignal ??= limit;
            return next(request);
          }),
      },
    },
  ],
};
