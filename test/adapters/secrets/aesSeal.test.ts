import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'uvu';
import { createAesSeal } from '../../../shared/adapters/secrets/aesSeal.ts';
import { SealError } from '../../../shared/ports/seal.ts';

const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const text = 'a word, öäü';

/** Each: the keys by which it was sealed and is opened, and whether it opens. */
const keys: [title: string, by: [Buffer, ...Buffer[]], with_: [Buffer, ...Buffer[]], opens: boolean][] = [
  ['the same key', [one], [one], true],
  ['a key that was replaced', [one], [two, one], true],
  ['a key that is the first', [one], [one, two], true],
  ['a key that is gone', [one], [two], false],
  ['a key that only opened', [two, one], [one], false],
];
for (const [title, by, given, opens] of keys)
  test(`what was sealed and signed by ${title} is ${opens ? 'good' : 'not good'}`, () => {
    const [before, after] = [createAesSeal(by), createAesSeal(given)];
    const sealed = before.seal(text, 'owner');
    if (opens) assert.equal(after.open(sealed, 'owner'), text);
    else
      assert.throws(
        () => after.open(sealed, 'owner'),
        (error) =>
          error instanceof SealError &&
          /^A stored secret of owner does not open with the sealing key\. .*Give the secret again\.$/.test(
            error.message,
          ),
      );
    assert.equal(after.verify(text, before.sign(text)), opens);
  });

test('what is sealed twice is never the same, and holds nothing of it', () => {
  const seal = createAesSeal([one]);
  const [first, second] = [seal.seal(text, 'owner'), seal.seal(text, 'owner')];
  assert.notEqual(first, second);
  assert.match(first, /^sealed:1:[A-Za-z0-9+/]+=*$/);
  // A nonce of 12 bytes, a tag of 16, and the text.
  assert.equal(Buffer.from(first.slice(9), 'base64').length, 28 + Buffer.byteLength(text));
});

const damage: [title: string, change: (sealed: string) => string, owner: string, says: RegExp][] = [
  ['of another owner', (sealed) => sealed, 'other', /of other does not open/],
  ['that is cut short', (sealed) => sealed.slice(0, -8), 'owner', /does not open/],
  ['that is cut to nothing', () => 'sealed:1:', 'owner', /does not open/],
  ['with a byte changed', (sealed) => `sealed:1:${flipped(sealed.slice(9))}`, 'owner', /does not open/],
  ['that was never sealed', () => 'hunter2', 'owner', /^A stored secret of owner is not sealed\.$/],
  ['that is sealed further on', (sealed) => `x${sealed}`, 'owner', /is not sealed/],
];
function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[bytes.length - 1]! ^= 1;
  return bytes.toString('base64');
}
for (const [title, change, owner, says] of damage)
  test(`a secret ${title} does not open, and is not shown`, () => {
    const seal = createAesSeal([one, two]);
    assert.throws(
      () => seal.open(change(seal.seal(text, 'owner')), owner),
      (error) => error instanceof SealError && says.test(error.message) && !error.message.includes('hunter2'),
    );
  });

test('a signature is of a text, and of a secret that is shared', () => {
  const seal = createAesSeal([one]);
  const signed = seal.sign(text);
  assert.match(signed, /^[A-Za-z0-9_-]{43}$/);
  for (const other of ['', signed.slice(1), `${signed}A`, signed.toLowerCase(), seal.sign('other')])
    assert.equal(seal.verify(text, other), false, other);
  assert.equal(seal.verify('other', signed), false);
  // Not what anybody with the key for something else may have signed.
  assert.notEqual(signed, createHmac('sha256', one).update(text).digest('base64url'));
  const bytes = Buffer.from(text);
  const shared = createHmac('sha256', 'word').update(bytes).digest('hex');
  for (const [given, secret, isGood] of [
    [shared, 'word', true],
    [shared.toUpperCase(), 'word', true],
    [shared, 'other', false],
    [shared.slice(2), 'word', false],
    ['', 'word', false],
  ] as const)
    assert.equal(seal.isSigned(bytes, given, secret), isGood, given);
  for (const [other, isSame] of [
    ['word', true],
    ['words', false],
    ['Word', false],
    ['', false],
  ] as const)
    assert.equal(seal.isSame('word', other), isSame, other);
});

test('a new secret is another each time, of 32 bytes', () => {
  const seal = createAesSeal([one]);
  const [first, second] = [seal.newSecret(), seal.newSecret()];
  assert.notEqual(first, second);
  assert.equal(Buffer.from(first, 'base64url').length, 32);
});

test.run();
