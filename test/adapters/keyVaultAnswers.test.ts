import assert from 'node:assert/strict';
import { test } from 'uvu';
import { createKeyVault } from '../../shared/adapters/secrets/keyVault.ts';
import { VaultError } from '../../shared/ports/vault.ts';

const secret = 'hunter2-of-the-vault';
const text = (body: string) => async () => new Response(body);
const streamed = (pull: (controller: ReadableStreamDefaultController) => void) => async () =>
  new Response(new ReadableStream({ pull }));
const readBy = (fetch: () => Promise<Response>) =>
  createKeyVault({
    endpoints: {},
    credential: () => ({ getToken: async () => ({ token: 'entra', expiresOnTimestamp: Date.now() + 1e6 }) }),
    rules: { own: [] },
    isOwn: () => false,
    fetch,
  }).secret('https://kv.vault.azure.net/secrets/s', undefined);

const rows: [title: string, answer: () => Promise<Response>, transient: boolean, says: RegExp][] = [
  [
    'one that is too long',
    streamed((stream) => stream.enqueue(Buffer.alloc(2 ** 20, 'a'))),
    false,
    /was not read: the answer has more than 8388608 bytes, which no secret has/,
  ],
  ['a long value in JSON', text(`{"value":"${'a'.repeat(2 ** 23)}"}`), false, /has more than 8388608 bytes/],
  ['one that is not JSON', text(`value: ${secret}`), false, /was not read: the answer is not JSON/],
  ['an empty one', text(''), false, /the answer is not JSON/],
  [
    'one that breaks off',
    streamed((stream) => stream.error(new Error('terminated'))),
    true,
    /was not read: the answer broke off \(terminated\)/,
  ],
  ['JSON without a value', text('{"id":"x"}'), false, /came without a value/],
  ['a value that is no text', text('{"value":5}'), false, /came without a value/],
  ['a list', text(`["${secret}"]`), false, /came without a value/],
];
for (const [title, answer, transient, says] of rows)
  test(`an answer of a key vault with no value in it says why: ${title}`, () =>
    assert.rejects(readBy(answer), (error: unknown) => {
      assert.ok(error instanceof VaultError, String(error));
      assert.match(error.message, says);
      assert.equal(error.transient, transient);
      assert.ok(!String(error.stack).includes(secret));
      return true;
    }));

test.run();
