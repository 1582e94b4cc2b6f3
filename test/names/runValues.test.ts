import assert from 'node:assert/strict';
import { test } from 'uvu';
import { differsEachRun, RunValueError, renderRunValues, runDate } from '../../shared/names/runValues.ts';

const values = {
  ID: 'ca1',
  TaskName: 'app-1',
  Registry: 'appacr.azurecr.io',
  RegistryName: 'appacr',
  Date: '20261123-101112z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: '0123abc',
  Branch: 'main',
};

const rendered: [text: string, result: string][] = [
  ['helloworld:{{.Run.ID}}', 'helloworld:ca1'],
  ['helloworld:{{ .Run.ID }}', 'helloworld:ca1'],
  ['helloworld:{{- .Run.ID -}}', 'helloworld:ca1'],
  ['{{.Run.RegistryName}}/a:{{.Run.Date}}-{{.Run.Architecture}}', 'appacr/a:20261123-101112z-amd64'],
  ['old:{{.Build.ID}}', 'old:ca1'],
  ['no value at all', 'no value at all'],
];
for (const [text, result] of rendered)
  test(`${text} → ${result}`, () => assert.equal(renderRunValues(text, values), result));

for (const text of [
  'a:{{.Run.Nothing}}',
  'a:{{.Values.x}}',
  'a:{{run.id}}',
  'a:{{.Run.ID | upper}}',
  'a:{{.Run.constructor}}',
])
  test(`${text} is not known, and the error says what is`, () =>
    assert.throws(
      () => renderRunValues(text, values),
      (error: Error) => error instanceof RunValueError && error.message.includes('{{.Run.ID}}'),
    ));

test('the date is ACR’s, in UTC', () => {
  assert.equal(runDate(new Date('2018-10-08T15:43:32.999Z')), '20181008-154332z');
});

for (const [name, differs] of [
  ['a:{{.Run.ID}}', true],
  ['a:{{ .Run.Date }}', true],
  ['a:{{.Build.ID}}', true],
  ['a:{{.Run.Branch}}', false],
  ['a:latest', false],
] as const)
  test(`${name} ${differs ? 'is new each run' : 'stays'}`, () => assert.equal(differsEachRun(name), differs));

test.run();
