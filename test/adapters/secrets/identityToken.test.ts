import assert from 'node:assert/strict';
import { test } from 'uvu';
import { LateError } from '../../../shared/adapters/http/timeLimit.ts';
import { createCredentials, inTime, tokenOf } from '../../../shared/adapters/secrets/identityToken.ts';
import { answerMs } from '../../../shared/rules/timing.ts';

const wrapped = (cause: unknown, times = 1): unknown =>
  times === 0 ? cause : new Error('CredentialUnavailable', { cause: wrapped(cause, times - 1) });
const status = (code: number) => Object.assign(new Error('refused'), { status: code });

const faults: [title: string, thrown: unknown, kind: 'Silent' | 'Unsent'][] = [
  ['is late', new LateError('given up after 1 s'), 'Silent'],
  ['is late, in the words of an SDK', wrapped(new LateError('given up after 1 s')), 'Silent'],
  ['has no body in its answer', new TypeError('x is undefined'), 'Silent'],
  ['cannot be reached', Object.assign(new Error('refused'), { errorCode: 'network_error' }), 'Silent'],
  ['answers 408', status(408), 'Silent'],
  ['answers 429', status(429), 'Silent'],
  ['answers 500', status(500), 'Silent'],
  ['answers 503, four errors deep', wrapped(status(503), 4), 'Silent'],
  ['answers 499', status(499), 'Unsent'],
  ['answers 400', wrapped(status(400)), 'Unsent'],
  ['knows no such identity', new Error('No User Assigned Identity found'), 'Unsent'],
  ['fails with another code', Object.assign(new Error('x'), { errorCode: 'invalid_client' }), 'Unsent'],
  ['throws what is no error', 'words', 'Unsent'],
];
for (const [title, thrown, kind] of faults)
  test(`${kind === 'Silent' ? 'another try is worth it' : 'no other try helps'} where an identity ${title}`, () =>
    assert.rejects(
      tokenOf(
        { getToken: () => Promise.reject(thrown) },
        'scope',
        (fault) => new Error(fault.kind, { cause: fault.cause }),
      ),
      (error: Error) => error.message === kind && error.cause === thrown,
    ));

test('the error of an error of itself is looked at no longer than it tells something', () => {
  const circle = new Error('round');
  circle.cause = circle;
  return assert.rejects(
    tokenOf({ getToken: () => Promise.reject(circle) }, 's', ({ kind }) => new Error(kind)),
    /Unsent/,
  );
});

test('a token is asked for with its scopes and options, and given as it is', async () => {
  const asked: unknown[] = [];
  const token = { token: 't', expiresOnTimestamp: 1 };
  const credential = {
    async getToken(...args: unknown[]) {
      asked.push(args);
      return token;
    },
  };
  const given = await tokenOf(inTime(credential), ['one', 'two'], ({ why }) => new Error(why), {
    tenantId: 'x',
  });
  assert.equal(given, token);
  assert.deepEqual(asked, [[['one', 'two'], { tenantId: 'x' }]]);
});

test('a token that does not come is late', async () => {
  const { identity } = answerMs;
  Object.assign(answerMs, { identity: 20 });
  // The limit itself does not keep a process alive.
  const awake = setInterval(() => {}, 10);
  await assert
    .rejects(inTime({ getToken: () => new Promise(() => {}) }).getToken('s'), LateError)
    .finally(() => {
      clearInterval(awake);
      Object.assign(answerMs, { identity });
    });
});

type Id = string | undefined;
const clients: [title: string, own: Id, one: Id, other: Id, isSame: boolean][] = [
  ['of one client id', undefined, 'a', 'a', true],
  ['of two client ids', undefined, 'a', 'b', false],
  ['of no client id, as often as it is asked for', undefined, undefined, undefined, true],
  ['of no client id, which is the app’s own', 'a', undefined, 'a', true],
  ['of no client id, which is not the app’s own', 'a', undefined, 'b', false],
  ['of a client id beside what the process has', undefined, undefined, 'a', false],
];
for (const [title, own, one, other, isSame] of clients)
  test(`there is one credential for each identity, as it keeps its tokens: ${title}`, () => {
    const credential = createCredentials(own);
    assert.equal(credential(one) === credential(other), isSame);
  });

test.run();
