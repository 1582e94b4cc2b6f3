import assert from 'node:assert/strict';
import { test } from 'uvu';
import { parseValuesFile, readTaskFile, TaskFileError } from '../../shared/taskFile/taskFile.ts';

const read = (text: string, values = '') =>
  readTaskFile(text, { run: {}, values: parseValuesFile(values), secrets: {} }).steps;

const refused: [title: string, step: string, message: RegExp][] = [
  ['ports that are no list', 'cmd: x\n    ports: 80', /^Line 3: ports of step acb_step_0 is not a list/],
  [
    'a flag in quotes',
    'cmd: x\n    keep: "true"',
    /^Line 3: keep of .* is neither true nor false: in quotes/,
  ],
  [
    'a cache that is neither on nor off',
    'build: .\n    cache: maybe',
    /cache of .* neither enabled nor disabled/,
  ],
  ['exit codes that are no numbers', 'cmd: x\n    exitedWith: [a]', /an entry of exitedWith .* whole number/],
  ['the cpus as a list', 'cmd: x\n    cpus: [1]', /cpus of step acb_step_0 is not a text/],
  ['a pull of a build that is no flag', 'build: .\n    pull: maybe', /pull of .* neither true nor false/],
  [
    'an entry point of a push that is no text',
    'push: [a]\n    entryPoint: [b]',
    /entryPoint of .* not a text/,
  ],
  [
    'a merge of a text',
    'cmd: x\n    <<: text',
    /^Line 3: this is not YAML: << needs a map, or a list of maps/,
  ],
  ['a merge of nothing', 'cmd: x\n    <<: ~', /^Line 3: this is not YAML: << needs a map/],
];
for (const [title, step, message] of refused)
  test(`a file is refused, as ACR's engine refuses it: ${title}`, () =>
    assert.throws(
      () => read(`steps:\n  - ${step}\n`),
      (error) => error instanceof TaskFileError && message.test(error.message),
    ));

const commands: [title: string, written: string, said: string[], values?: string][] = [
  ['the code of nothing is nothing', 'x a{{ .Values.none | b64enc }}b{{ b64enc "hi" }}', ['abaGk=']],
  ['the words for no value go, also those of the author', 'x a<no value>b {{.Values.none}}c', ['ab', 'c']],
  [
    'a large fraction has an exponent',
    'x {{.Values.a}} {{.Values.b}}',
    ['1.23456785e+07', '1e+06'],
    'a: 12345678.5\nb: 1e6',
  ],
  ['a smaller one has none', 'x {{.Values.a}} {{.Values.b}}', ['999999.5', '0.0001'], 'a: 999999.5\nb: 1e-4'],
  ['whole numbers are exact', 'x {{.Values.a}}', ['12345678'], 'a: 12_345_678'],
];
for (const [title, written, said, values] of commands)
  test(`a template gives what ACR's engine gives: ${title}`, () => {
    const [step] = read(`steps:\n  - cmd: ${written}\n`, values);
    assert.ok(step?.kind === 'cmd');
    assert.deepEqual(step.command.args, said);
  });

test('a step whose working directory is empty has that of the task, as one without', () => {
  const steps = read('workingDirectory: sub\nsteps:\n  - cmd: x\n    workingDirectory: ""\n  - cmd: y\n');
  assert.deepEqual(
    steps.map(({ workingDirectory }) => workingDirectory),
    ['sub', 'sub'],
  );
});

test('a file with line ends of Windows may have its aliases on one line', () => {
  const [step] = read('version: v1.1.0\r\nalias: {values: {a: b}}\r\nsteps:\r\n  - push: [$a]\r\n');
  assert.deepEqual(step?.kind === 'push' && step.push, ['b']);
});

test.run();
