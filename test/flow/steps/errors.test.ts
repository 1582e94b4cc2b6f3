import assert from 'node:assert/strict';
import { test } from 'uvu';
import { z } from 'zod';
import { alone, unreadIn } from '../../../shared/flow/alone.ts';
import { noRun, noTask, Refusal } from '../../../shared/flow/refusal.ts';
import { retryOnConflict, toReplace } from '../../../shared/flow/retryOnConflict.ts';
import {
  isFault,
  isPassing,
  isRoleMissing,
  isTransient,
  isUnknownHost,
  loudness,
} from '../../../shared/flow/transient.ts';
import type { Fault } from '../../../shared/model/scan.ts';
import { PlinthError } from '../../../shared/names/plinthError.ts';
import { ConflictError, UnreadableError } from '../../../shared/ports/store.ts';

const withParts = (parts: object, message = 'away') => Object.assign(new Error(message), parts);
const coded = (code: unknown) => withParts({ code });
const answered = (statusCode: number) => withParts({ statusCode });
/** An error as the cause of others, as many. */
const below = (depth: number, cause: Error): Error =>
  depth === 0 ? cause : below(depth - 1, new Error('failed', { cause }));
const round = new Error('round');
round.cause = round;

/** Each: an error, whether it passes, and whether it is a host that does not exist. */
const passing: [title: string, error: unknown, passes: boolean, isUnknown?: boolean][] = [
  ['no error', undefined, false],
  ['an error without a code', new Error('away'), false],
  ['what has the shape of one and is none', { code: 'ECONNRESET', statusCode: 503 }, false],
  ['a connection that is refused', coded('ECONNREFUSED'), true],
  ['a connection that is cut', coded('ECONNRESET'), true],
  ['a name server that is busy', coded('EAI_AGAIN'), true],
  ['a request that an SDK could not send', coded('REQUEST_SEND_ERROR'), true],
  ['a code that ends like one of the network', coded('XECONNRESET'), false],
  ['a code that begins like one of the network', coded('ECONNRESETX'), false],
  ['a code that is a number', coded(503), false],
  ['a host that does not exist', coded('ENOTFOUND'), false, true],
  ['a host that does not exist, below', below(4, coded('ENOTFOUND')), false, true],
  [
    'a busy answer for a host that does not exist',
    withParts({ code: 'ENOTFOUND', statusCode: 503 }),
    false,
    true,
  ],
  ['an answer 400', answered(400), false],
  ['an answer 404', answered(404), false],
  ['an answer 408', answered(408), true],
  ['an answer 409', answered(409), false],
  ['an answer 429', answered(429), true],
  ['an answer 499', answered(499), false],
  ['an answer 500', answered(500), true],
  ['an answer 503', answered(503), true],
  ['an answer 503, below', below(4, answered(503)), true],
  ['an answer 503, too far below', below(5, answered(503)), false],
  ['an error that comes of itself', round, false],
  ['an answer that was late', withParts({ name: 'LateError' }), true],
  ['what Plinth knows to pass', new PlinthError('busy', { transient: true }), true],
  ['what Plinth knows to stay', new PlinthError('wrong'), false],
  [
    'what Plinth knows to stay, for a connection that was cut',
    new PlinthError('wrong', { cause: coded('EPIPE') }),
    true,
  ],
];
for (const [title, error, passes, isUnknown = false] of passing)
  test(`${title} ${passes ? 'passes' : 'does not pass'}`, () => {
    assert.equal(isPassing(error), passes);
    assert.equal(isUnknownHost(error), isUnknown);
  });

/** Each: whether it is worth another try, is for a role, is for a person to mend; how loud it is logged. */
const kinds: [title: string, error: unknown, tries: boolean, role: boolean, fault: boolean, loud: string][] =
  [
    ['a busy server', new PlinthError('x', { transient: true }), true, false, false, 'warning'],
    ['a missing role', new PlinthError('x', { isRoleMissing: true }), false, true, false, 'warning'],
    ['a wrong name', new PlinthError('x'), false, false, true, 'error'],
    ['a fault of Plinth', new TypeError('x'), false, false, false, 'error'],
    ['another error for a busy server', withParts({ transient: true }), false, false, false, 'error'],
    ['another error for a missing role', withParts({ isRoleMissing: true }), false, false, false, 'error'],
  ];
for (const [title, error, tries, role, fault, loud] of kinds)
  test(`${title} is ${loud === 'error' ? 'an error' : 'a warning'} in the log${tries || role ? ' and tried again' : ''}`, () => {
    assert.deepEqual(
      [isTransient(error), isRoleMissing(error), isFault(error), loudness(error)],
      [tries, role, fault, loud],
    );
  });

const refusals: [title: string, refusal: Refusal, status: number, code: string, message: string][] = [
  ['of its own', new Refusal(409, 'TaskDisabled', 'Enable it.'), 409, 'TaskDisabled', 'Enable it.'],
  [
    'for a task',
    noTask('appacr', 'app'),
    404,
    'TaskNotFound',
    "There is no task 'app' in registry 'appacr'.",
  ],
  ['for a run', noRun('appacr', 'ca1'), 404, 'RunNotFound', "There is no run 'ca1' in registry 'appacr'."],
  [
    'for faults of a body',
    Refusal.ofFaults(['a: is missing', 'b: is no date']),
    ...([400, 'InvalidRequestContent', 'The request is not valid. a: is missing; b: is no date'] as const),
  ],
  [
    'for a body of another form',
    Refusal.ofSchema(z.object({ a: z.string() }).safeParse({ a: 1 }).error!),
    ...([
      400,
      'InvalidRequestContent',
      'The request is not valid. a: has to be a string, not a number',
    ] as const),
  ],
];
for (const [title, refusal, status, code, message] of refusals)
  test(`a refusal ${title} is answered ${status}`, () => {
    assert.deepEqual([refusal.status, refusal.code, refusal.message], [status, code, message]);
    assert.deepEqual(refusal.answer, [status, code]);
  });

const conflict = new ConflictError('another was before');
const broken = new TypeError('broken');
/** Each: what the first tries meet, how many are made, and what it ends with. */
const tries: [
  title: string,
  meets: (at: number) => Error | undefined,
  made: number,
  ends: Error | undefined,
][] = [
  ['meets nothing', () => undefined, 1, undefined],
  ['was disturbed once', (at) => (at === 1 ? conflict : undefined), 2, undefined],
  ['was disturbed 24 times', (at) => (at <= 24 ? conflict : undefined), 25, undefined],
  ['is always disturbed', () => conflict, 25, conflict],
  ['fails', () => broken, 1, broken],
  ['was disturbed and fails', (at) => (at === 1 ? conflict : broken), 2, broken],
];
for (const [title, meets, made, ends] of tries)
  test(`a change that ${title} is tried ${made} times`, async () => {
    let count = 0;
    const change = retryOnConflict(async () => {
      const error = meets(++count);
      if (error) throw error;
      return count;
    });
    if (ends) await assert.rejects(change, ends);
    else assert.equal(await change, made);
    assert.equal(count, made);
  });

const cut = new UnreadableError('cut short', { etag: '7' });
const lost = new UnreadableError('cut short');
test('a row that cannot be read is replaced by its version, where that is known', async () => {
  const row = { value: 1, etag: '5' };
  assert.equal(await toReplace(Promise.resolve(row)), row);
  assert.equal(await toReplace(Promise.resolve(undefined)), undefined);
  assert.deepEqual(await toReplace(Promise.reject(cut)), { value: undefined, etag: '7', unread: cut });
  await assert.rejects(toReplace(Promise.reject(lost)), lost);
  const other = withParts({ etag: '7' });
  await assert.rejects(toReplace(Promise.reject(other)), other);
});

test('of several things the one that fails is written down, and the others go on', async () => {
  const faults: Fault[] = [];
  assert.equal(await alone('the first', faults, async () => 1), 1);
  const fails = async () => {
    throw new Error('away');
  };
  assert.equal(await alone('the second', faults, fails), undefined);
  unreadIn(faults)(cut);
  assert.deepEqual(faults, [
    { what: 'the second', reason: 'away' },
    { what: 'a row of the store', reason: 'cut short' },
  ]);
});

test.run();
