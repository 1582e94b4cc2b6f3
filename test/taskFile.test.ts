import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readTaskFile, TaskFileError, type TemplateData } from '../shared/taskFile.ts';

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
    /^Line 1: the task has no property stepz\. Did you mean steps\?$/,
  ],
  [
    'an unknown property of a step',
    'steps:\n  - cmd: a\n    if: b\n',
    /^Line 3: step 1 has no property if\. There are build, /,
  ],
  [
    'a property in other letters',
    'steps:\n  - cmd: a\n    startdelay: 1\n',
    /^Line 3: .*Did you mean startDelay\?$/,
  ],
  ['a property twice', 'steps:\n  - cmd: a\n    cmd: b\n', /^Line 3: step 1 has the property cmd twice/],
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
    'steps in a ring',
    'steps:\n  - id: a\n    cmd: x\n    when: [c]\n  - id: b\n    cmd: x\n    when: [a]\n  - id: c\n    cmd: x\n    when: [b]\n',
    /^Line 2: steps wait for each other: a after c after b after a\./,
  ],
  [
    'a timeout that is no number',
    'steps:\n  - cmd: a\n    timeout: soon\n',
    /^Line 3: timeout of step acb_step_0 is not a whole number of seconds/,
  ],
  ['a timeout below nothing', 'steps:\n  - cmd: a\n    timeout: -1\n', /^Line 3: timeout/],
  ['half a second', 'steps:\n  - cmd: a\n    timeout: 0.5\n', /^Line 3: timeout/],
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
  [
    'alias in v1.0.0',
    'alias:\n  values: {a: b}\nsteps:\n  - cmd: a\n',
    /^Line 1: alias needs version v1\.1\.0/,
  ],
  ['alias.src', v11('alias:\n  src: [a.yaml]\nsteps:\n  - cmd: a\n'), /^Line 2: alias\.src is not supported/],
  [
    'an alias of odd letters',
    v11('alias:\n  values: {a-b: c}\nsteps:\n  - cmd: a\n'),
    /^Line 2: the alias a-b/,
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
  ['a YAML alias', 'steps:\n  - cmd: &a x\n  - cmd: *a\n', /^Line 3: the YAML alias \*a is not supported/],
  [
    'an unknown Run value',
    'steps:\n  - cmd: a {{.Run.Id}}\n',
    /^Line 2: \{\{\.Run\.Id\}\} is not known\. There are .*\{\{\.Run\.ID\}\}/,
  ],
  [
    'a value that nobody gave',
    'steps:\n  - cmd: a {{ .Values.b }}\n',
    /^Line 2: \{\{ \.Values\.b \}\} has no value\. Give it by --set b=…/,
  ],
  [
    'a secret that the file does not name',
    'steps:\n  - cmd: a {{.Secrets.b}}\n',
    /^Line 2: \{\{\.Secrets\.b\}\} names no secret of this file/,
  ],
  [
    'a function of Sprig',
    'steps:\n  - cmd: a\n  - cmd: b {{ upper .Run.ID }}\n',
    /^Line 3: \{\{ upper \.Run\.ID \}\}: the function upper is not supported/,
  ],
  ['a pipe', 'steps:\n  - cmd: a {{ .Run.ID | quote }}\n', /^Line 2: .*the function quote is not supported/],
  [
    'a control structure',
    '{{ if .Values.a }}\nsteps:\n  - cmd: a\n{{ end }}\n',
    /^Line 1: \{\{ if \.Values\.a \}\}: if is not supported/,
  ],
  [
    'a template of another root',
    'steps:\n  - cmd: a {{.Build.Nr}}\n',
    /^Line 2: \{\{\.Build\.Nr\}\} is not known/,
  ],
  ['a template that is open', 'steps:\n  - cmd: a\n  - cmd: {{.Run.ID\n', /^Line 3: \{\{ is not closed/],
  [
    'a mistake behind values of several lines',
    'env: ["A={{.Values.lines}}"]\nsteps:\n  - cmd: a\n    bild: b\n',
    /^Line 4: /,
  ],
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
