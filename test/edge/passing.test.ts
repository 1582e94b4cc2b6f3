/** What is busy or away for a moment is told so, that clients try again; a fault is not. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { ConflictError } from '../../shared/ports/store.ts';
import { createApiWorld } from '../doubles/apiWorld.ts';

const errorOf = (message: string, more: object) => Object.assign(new Error(message), more);
const errors: [title: string, error: Error, isPassing: boolean][] = [
  ['storage is busy', errorOf('ServerBusy', { statusCode: 503 }), true],
  ['storage failed', errorOf('InternalError', { statusCode: 500 }), true],
  ['storage throttles', errorOf('TooManyRequests', { statusCode: 429 }), true],
  ['storage is late', errorOf('it did not answer', { name: 'LateError' }), true],
  ['a connection was cut', errorOf('socket hang up', { code: 'ECONNRESET' }), true],
  ['the identity endpoint is busy', new Error('no token', { cause: errorOf('busy', { status: 429 }) }), true],
  ['the identity endpoint failed', new Error('no token', { cause: errorOf('x', { status: 500 }) }), true],
  [
    'the identity endpoint is away',
    new Error('no token', { cause: errorOf('x', { errorCode: 'network_error' }) }),
    true,
  ],
  ['the identity is not known', new Error('no token', { cause: errorOf('x', { status: 400 }) }), false],
  ['storage refuses', errorOf('AuthorizationFailure', { statusCode: 403 }), false],
  ['there is no such table', errorOf('TableNotFound', { statusCode: 404 }), false],
  ['there is no such host', errorOf('getaddrinfo', { code: 'ENOTFOUND' }), false],
  ['another write came between too often', new ConflictError('disturbed'), false],
  ['it is a fault of Plinth', new TypeError('x is not a function'), false],
];
for (const [title, error, isPassing] of errors)
  for (const operation of ['tasks-get', 'tasks-list'])
    test(`${title}: ${operation} is answered with ${isPassing ? '503 and when to try again' : '500'}`, async () => {
      const { call, ports } = createApiWorld();
      const fails = async () => {
        throw error;
      };
      Object.assign(ports.store, { task: fails, tasks: fails });
      const { status, body, headers } = await call(operation, { task: 'hello' });
      assert.equal(status, isPassing ? 503 : 500, JSON.stringify(body));
      assert.equal(body.error.code, isPassing ? 'ServiceUnavailable' : 'InternalServerError');
      assert.equal(headers?.['Retry-After'], isPassing ? '5' : undefined);
      assert.ok(!body.error.message.includes(error.message), 'what the service said stays in the log');
    });

test.run();
