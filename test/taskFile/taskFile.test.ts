import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readTaskFile, TaskFileError, type TemplateData } from '../../shared/taskFile/taskFile.ts';

const run = {
  ID: 'ca1',
  TaskName: 'app',
  Registry: 'appacr.azurecr.io',
  RegistryName: 'appacr',
  Date: '20261123-150000z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: 'abc',
  Branch: 'main',
  SharedVolume: 'workspace',
};
const data = (values: object = {}): TemplateData => ({ run, values: { ...values }, secrets: {} });
const v11 = (text: string) => `version: v1.1.0\n${text}`;

const mistakes: [title: string, file: string, message: RegExp][] = [
  ['nothing', '', /^Line 1: the task file is empty/],
  ['a list', '- cmd: a\n', /^Line 1: the task is not a map/],
  ['what is no YAML', 'steps:\n  - cmd: "a\n', /^Line \d: this is not YAML: .*quote/i],
  ['no steps', 'version: v1.0.0\n', /^Line 1: a task file needs steps/],
  ['empty steps', 'version: v1.0.0\nsteps: []\n', /^Line 2: a task file needs steps/],
  [
    'an unknown version',
    'version: v2.0.0\nsteps:\n  - cmd: a\n',
    /^Line 1: the version v2\.0\.0 is not known/,
  ],
  [
    'an unknown property of the task',
    'stepz:\n  - cmd: a\n',
    /^Line 1: a task file needs steps: .* Line 1: the task has no property stepz\. Did you mean steps\?/,
  ],
  ['no kind of step', 'steps:\n  - id: a\n', /^Line 2: step a has none of build, push and cmd/],
  ['two kinds of step', 'steps:\n  - cmd: a\n    build: .\n', /^Line 2: step acb_step_0 has build and cmd/],
  ['an empty step', 'steps:\n  - cmd: " "\n', /^Line 2: cmd of step acb_step_0 is empty/],
  ['a push of no image', 'steps:\n  - push: []\n', /^Line 2: push of step acb_step_0 names no image/],
  ['a push that is no list', 'steps:\n  - push: a:1\n', /^Line 2: push of step acb_step_0 is not a list/],
  [
    'an id twice',
    'steps:\n  - id: a\n    cmd: x\n  - id: a\n    cmd: y\n',
    /^Line 4: the id a is taken already by the step of line 2/,
  ],
  [
    'an id that a step has by its place',
    'steps:\n  - id: acb_step_1\n    cmd: x\n  - cmd: y\n',
    /^Line 4: the id acb_step_1 is taken/,
  ],
  ['an id with blanks', 'steps:\n  - id: a b\n    cmd: x\n', /^Line 2: the id of a step holds no blanks/],
  ['the reserved id', 'steps:\n  - id: acb_root\n    cmd: x\n', /^Line 2: the id acb_root is reserved/],
  [
    'when on a step that is not there',
    'steps:\n  - cmd: x\n    when:\n      - nosuch\n',
    /^Line 4: when of step acb_step_0 names nosuch/,
  ],
  ['when on itself', 'steps:\n  - id: a\n    cmd: x\n    when: [a]\n', /^Line 4: step a waits for itself/],
  [
    'when on - and another',
    'steps:\n  - id: a\n    cmd: x\n  - cmd: x\n    when: ["-", a]\n',
    /^Line 5: .*stands alone/,
  ],
  [
    'a timeout that is no number',
    'steps:\n  - cmd: a\n    timeout: soon\n',
    /^Line 3: timeout of step acb_step_0 is not a whole number of seconds/,
  ],
  [
    'a stepTimeout that is no number',
    'stepTimeout: x\nsteps:\n  - cmd: a\n',
    /^Line 1: stepTimeout of the task/,
  ],
  ['retries below nothing', 'steps:\n  - cmd: a\n    retries: -1\n', /^Line 3: retries/],
  [
    'a flag that is none',
    'steps:\n  - cmd: a\n    ignoreErrors: maybe\n',
    /^Line 3: ignoreErrors of step acb_step_0 is neither/,
  ],
  [
    'env that is no NAME=value',
    'steps:\n  - cmd: a\n    env:\n      - B\n',
    /^Line 4: env of step acb_step_0 has B, which is not NAME=value/,
  ],
  [
    'a quote that is open',
    "steps:\n  - cmd: a sh -c 'b\n",
    /^Line 2: cmd of step acb_step_0: the quote ' is not closed/,
  ],
  [
    'an option that docker build has not',
    'steps:\n  - build: --tags x .\n',
    /^Line 2: .*docker build has no option --tags/,
  ],
  ['an option without its value', 'steps:\n  - build: . -t\n', /^Line 2: .*-t needs a value/],
  ['two contexts', 'steps:\n  - build: -t x . sub\n', /^Line 2: .*takes one context, here are \. and sub/],
  ['alias.src', v11('alias:\n  src: [a.yaml]\nsteps:\n  - cmd: a\n'), /^Line 3: alias\.src is not supported/],
  [
    'an alias of odd letters',
    v11('alias:\n  values: {a-b: c}\nsteps:\n  - cmd: a\n'),
    /^Line 3: the alias a-b/,
  ],
  [
    'a secret without a vault',
    'secrets:\n  - id: a\nsteps:\n  - cmd: x\n',
    /^Line 2: the secret a needs keyvault/,
  ],
  [
    'two secrets of one id',
    'secrets:\n  - {id: a, keyvault: u}\n  - {id: a, keyvault: v}\nsteps:\n  - cmd: x\n',
    /^Line 3: two secrets/,
  ],
  [
    'when on a later step',
    'steps:\n  - id: a\n    cmd: x\n    when: [b]\n  - id: b\n    cmd: x\n',
    /^Line 4: when of step a names b, which comes later in the file/,
  ],
  [
    'a number in quotes',
    'steps:\n  - cmd: a\n    timeout: "9"\n',
    /^Line 3: timeout .*in quotes it is a text to the engine/,
  ],
  ['a flag in quotes', "steps:\n  - cmd: a\n    keep: true\n    pull: 'yes'\n", /^Line 4: pull .*in quotes/],
  ['a YAML alias of no anchor', 'steps:\n  - cmd: *a\n', /^Line 2: this is not YAML: .*alias/i],
  ['an anchor that contains itself', 'steps: &a\n  - *a\n', /^Line 2: .*contains itself/],
  [
    'a loop',
    'steps:\n{{ range .Values.a }}\n  - cmd: a\n{{ end }}\n',
    /^Line 2: \{\{ range \.Values\.a \}\}: range is not supported/,
  ],
  [
    'an if without its end',
    'steps:\n{{ if .Run.ID }}\n  - cmd: a\n',
    /^Line 2: the if of this line has no end/,
  ],
  [
    'an end without its if',
    'steps:\n  - cmd: a\n{{ end }}\n',
    /^Line 3: \{\{ end \}\}: there is no if before/,
  ],
  [
    'a function that nobody has',
    'steps:\n  - cmd: a\n  - cmd: b {{ uper .Run.ID }}\n',
    /^Line 3: \{\{ uper \.Run\.ID \}\}: the function uper is not supported\. There are upper, /,
  ],
  [
    'a function of chance',
    'steps:\n  - cmd: a {{ uuidv4 }}\n',
    /^Line 2: .*uuidv4 is not supported: it gives another value/,
  ],
  [
    'the machine’s environment',
    'steps:\n  - cmd: a {{ env "HOME" }}\n',
    /^Line 2: .*env is not supported: it would give/,
  ],
  [
    'a function of nothing',
    'steps:\n  - cmd: a {{ .Values.b | upper }}\n',
    /^Line 2: .*upper: it is given nothing/,
  ],
  [
    'a value below nothing',
    'steps:\n  - cmd: a {{ .Values.b.c }}\n',
    /^Line 2: .*\.Values\.b has no value, so it has no c/,
  ],
  [
    'a mistake behind comments and values of several lines',
    '# {{ not read }}\nenv: ["A={{.Values.lines}}"]\n# one\nsteps:\n  # two\n  - cmd: a\n    timeout: b\n',
    /^Line 7: /,
  ],
  ['a template that is open', 'steps:\n  - cmd: a\n  - cmd: {{.Run.ID\n', /^Line 3: \{\{ is not closed/],
];
for (const [title, file, message] of mistakes)
  test(`refuses, with the line: ${title}`, () => {
    assert.throws(
      () => readTaskFile(file, data({ lines: 'one\n  two\n  three' })),
      (error: unknown) =>
        error instanceof TaskFileError && message.test(error.message) ? true : assert.fail(String(error)),
    );
  });

test.run();
