import assert from 'node:assert/strict';
import { test } from 'uvu';
import { checkBuild, sampleValues } from '../../../shared/flow/api/checkBuild.ts';
import { RunValueError, renderArgument } from '../../../shared/names/runValues.ts';
import { describeContext, parseSourceLocation } from '../../../shared/names/sourceLocation.ts';

const knownRegistry = { name: 'appacr', id: '', loginServer: 'appacr.azurecr.io', endpoint: '' };
const word = 'hush';

const values = [
  `${word}{{x}}!`,
  `{{${word}}}`,
  `{{ .${word} }}`,
  `{{.Run.${word}}}`,
  `a{{.Values.${word}}}b`,
  `{{.Run.ID}}{{- ${word} -}}`,
];
for (const value of values)
  test(`a secret argument of the value ${value.replaceAll(word, '…')} is refused by its name alone`, () => {
    const secret = { name: 'PASSWORD', value, isSecret: true };
    for (const refuse of [
      () => renderArgument(secret, sampleValues(knownRegistry)),
      () => checkBuild({ imageNames: [], arguments: [secret] }, knownRegistry, 'InvalidRunRequest'),
    ])
      assert.throws(
        refuse,
        (error: Error) => /PASSWORD/.test(error.message) && !error.message.includes(word),
      );
  });

test('of an argument that is no secret the message shows what is wrong', () =>
  assert.throws(
    () => renderArgument({ name: 'A', value: 'x{{y}}', isSecret: false }, sampleValues(knownRegistry)),
    (error) => error instanceof RunValueError && error.message.includes('{{y}} in "x{{y}}"'),
  ));

const contexts: [contextPath: string | undefined, shown: string][] = [
  [
    `https://a.blob.core.windows.net/c/src.tar.gz?sv=1&sig=${word}`,
    'https://a.blob.core.windows.net/c/src.tar.gz',
  ],
  [`https://host.example/src.tgz?token=${word}`, 'https://host.example/src.tgz'],
  ['https://github.com/a/b.git#main:web', 'https://github.com/a/b.git#main:web'],
  ['https://org@dev.azure.com/org/p/_git/r#x', 'https://dev.azure.com/org/p/_git/r#x'],
  ['source/2026/a.tar.gz', 'upload source/2026/a.tar.gz'],
  [undefined, 'no context (/dev/null)'],
  ['/dev/null', 'no context (/dev/null)'],
];
for (const [contextPath, shown] of contexts)
  test(`the context ${String(contextPath).replaceAll(word, '…')} is told as ${shown}`, () =>
    assert.equal(describeContext(contextPath), shown));

for (const contextPath of [
  `acct.blob.core.windows.net/c/x.tar.gz?sv=1&sig=${word}`,
  `${word}@github.com/o/r.git`,
  `user:${word}@host.example/r.git`,
  `https://${word}@host.example/r.git`,
  `https://user:${word}@host.example/r.tar.gz`,
  `host/x.tgz#${word}`,
])
  test(`the context ${contextPath.replaceAll(word, '…')} is refused without what may be a secret`, () =>
    assert.throws(
      () => parseSourceLocation(contextPath),
      (error: Error) => !error.message.includes(word),
    ));

test.run();
