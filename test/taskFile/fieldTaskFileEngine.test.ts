import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  engineText,
  parseValuesFile,
  readTaskFile,
  type TemplateData,
} from '../../shared/taskFile/taskFile.ts';

const run = {
  ID: 'ca1',
  TaskName: 'app',
  Registry: 'appacr.azurecr.io',
  RegistryName: 'appacr',
  Date: '20261123-150405z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: 'abc',
  Branch: 'main',
  SharedVolume: 'workspace',
};
const dataOf = (values = '', secrets: Record<string, string> = {}): TemplateData => ({
  run,
  values: parseValuesFile(values),
  secrets,
});

/** The words that a command is given, by a file whose one step is `cmd: x` and a text. */
function said(text: string, values = ''): string {
  const [step] = readTaskFile(`steps:\n  - cmd: |\n      x ${text}\n`, dataOf(values)).steps;
  assert.ok(step?.kind === 'cmd');
  return step.cmd.slice(2);
}

const templates: [template: string, said: string, values?: string][] = [
  // What is not there is nothing, as in the engine.
  ['a{{.Values.none}}b', 'ab'],
  ['a{{.Secrets.none}}b{{.Run.Tag}}c{{.Nothing}}d', 'abcd'],
  ['a{{.Values.nil}}b', 'ab', 'nil: ~'],
  // Functions of Sprig and Go.
  ['{{.Values.pw | b64enc}} {{ b64dec "aGk=" }}', 'aHVudGVyMg== hi', 'pw: hunter2'],
  ['{{ upper .Run.Branch }}{{ .Run.OS | title | quote }}', 'MAIN"Linux"'],
  ['{{ default "1.0" .Values.tag }}{{ .Values.tag | default "x" }}', '1.0x'],
  ['{{ coalesce .Values.a .Values.b "c" }}', 'two', 'b: two'],
  [
    '{{ .Values.a | add .Values.b }},{{ .Values.b | sub .Values.a }},{{ mul 2 (add1 4) }}',
    '15,-5,10',
    'a: 5\nb: 10',
  ],
  ['{{ trunc 7 "0123456789" }}{{ trimPrefix "v" "v1" }}{{ replace "/" "-" "a/b/c" }}', '01234561a-b-c'],
  ['{{ now | date "20060102-150405" }} {{ date "Jan 2 06" now }}', '20261123-150405 Nov 23 26'],
  ['{{ printf "%s-%03d" .Run.OS 7 }}{{ ternary "y" "n" (eq .Run.Branch "main") }}', 'linux-007y'],
  ['{{ if eq .Run.Branch "main" }}stable{{ else }}edge{{ end }}', 'stable'],
  ['{{ if .Values.off }}a{{ else if not .Values.none }}b{{ else }}c{{ end }}', 'b', 'off: no'],
  ['{{ if false }}{{ nosuch }}{{ if true }}x{{ end }}{{ end }}ok', 'ok'],
  ['a {{- /* }} is " fine */ -}} b{{ "}}" }}{{ `{{` }}', 'ab}}{{'],
  [
    '{{ .Values.list | join "," }} {{ index .Values.map "k" }} {{ len .Values.list }}',
    'a,b v 2',
    'list: [a, b]\nmap: {k: v}',
  ],
  ['{{ toJson .Values }}', '{"a":1,"b":["x"]}', 'b: [x]\na: 1'],
  // Values of a file as YAML 1.1 of the engine has them.
  ['{{.Values.v}}', 'true', 'v: yes'],
  ['{{.Values.v}}', 'false', 'v: Off'],
  ['{{.Values.v}}', '493', 'v: 0755'],
  ['{{.Values.v}}', '12345678901234567', 'v: 12345678901234567'],
  ['{{.Values.v}}', '255', 'v: 0xFF'],
  ['{{.Values.v}}', '1000', 'v: 1_000'],
  ['{{.Values.v}}', '1.1', 'v: 1.10'],
  ['{{.Values.v}}', '1.10', "v: '1.10'"],
  ['{{.Values.v}}', '2026-11-23', 'v: 2026-11-23'],
  ['{{.Values.v}}', '190:20:30', 'v: 190:20:30'],
  ['{{.Values.v}}', '1e-05', 'v: 0.00001'],
  ['{{.Values.v}}', 'null', 'v: "null"'],
  ['{{.Values.b.k}}{{.Values.b.own}}', 'vw', 'a: &a {k: v}\nb: {<<: *a, own: w}'],
  ['{{.Values.l}} {{.Values.m}}', '[1 x] map[a:1 b:true]', 'l: [1, x]\nm: {b: on, a: 1}'],
];
for (const [template, expected, values] of templates)
  test(`a template gives what ACR’s engine gives: ${template}${values ? ` of ${values.replaceAll('\n', '; ')}` : ''}`, () =>
    assert.equal(said(template, values), expected));

/** What a file’s first `cmd` says. */
const first = (file: string, values = '') => {
  const [step] = readTaskFile(file, dataOf(values)).steps;
  assert.ok(step?.kind === 'cmd');
  return step.cmd;
};

const files: [title: string, file: string, cmd: string][] = [
  ['a comment line is dropped before templates', 'steps:\n  # {{ nosuch }} {{\n  - cmd: a\n    # {{\n', 'a'],
  [
    'a comment line within a text is dropped too',
    'steps:\n  - cmd: |\n      a b\n      # not c\n      d\n',
    'a b\nd',
  ],
  ['a mark behind a text is YAML’s', 'steps:\n  - cmd: a # b\n', 'a'],
  [
    'the version before the file’s own counts',
    'version: v1.1.0\nversion: v1.0.0\nsteps:\n  - cmd: a $ID\n',
    'a ca1',
  ],
  ['the first version counts', 'version: v1.0.0\nversion: v1.1.0\nsteps:\n  - cmd: a $ID\n', 'a $ID'],
  [
    'a version that is not in the first line gives no aliases',
    'steps:\n  - cmd: a $ID\nversion: v1.1.0\n',
    'a $ID',
  ],
  ['a version in quotes gives no aliases', 'version: "v1.1.0"\nsteps:\n  - cmd: a $ID\n', 'a $ID'],
  [
    'comments and blank lines before the version',
    '\n# one\nversion  : v1.1.0   \nsteps:\n  - cmd: a $ID\n',
    'a ca1',
  ],
  [
    'an alias keeps its text: a number',
    'version: v1.1.0\nalias:\n  values: {v: 1.10}\nsteps:\n  - cmd: a:$v\n',
    'a:1.10',
  ],
  [
    'an alias keeps its text: a date',
    'version: v1.1.0\nalias:\n  values: {v: 2026-01-02}\nsteps:\n  - cmd: a:$v\n',
    'a:2026-01-02',
  ],
  [
    'an alias keeps its text: a boolean',
    'version: v1.1.0\nalias:\n  values: {v: yes}\nsteps:\n  - cmd: a:$v\n',
    'a:yes',
  ],
  [
    'an alias keeps its text: an octal',
    'version: v1.1.0\nalias:\n  values: {v: 0010}\nsteps:\n  - cmd: a:$v\n',
    'a:0010',
  ],
  ['an alias of nothing', 'version: v1.1.0\nalias:\n  values: {v: ~}\nsteps:\n  - cmd: a$v\n', 'a'],
  [
    'an alias with a template without quotes',
    'version: v1.1.0\nalias:\n  values:\n    reg: {{.Run.Registry}}\nsteps:\n  - cmd: $reg/a\n',
    'appacr.azurecr.io/a',
  ],
  [
    'an alias of several lines',
    'version: v1.1.0\nalias:\n  values:\n    one: |\n      id: a\n          cmd: b c\nsteps:\n  - $one\n',
    'b c',
  ],
  [
    'a path that an alias makes',
    'version: v1.1.0\nalias:\n  values: {f: .Run.ID}\nsteps:\n  - cmd: a {{$f}}\n',
    'a ca1',
  ],
  [
    'aliases in a row, known and not',
    'version: v1.1.0\nalias:\n  values: {a: x}\nsteps:\n  - cmd: i $a$a $no$a $a$$\n',
    'i xx $no$a x$',
  ],
  ['a scalar’s own text in a command', 'steps:\n  - cmd: 1.10\n', '1.10'],
  ['an anchor', 'steps:\n  - cmd: &c a b\n    id: x\n  - cmd: *c\n', 'a b'],
  ['a merge', 'x-base: &b {cmd: a, timeout: 7}\nsteps:\n  - <<: *b\n', 'a'],
  ['a key twice: the last', 'steps:\n  - cmd: a\n    cmd: b\n', 'b'],
  ['an unknown key', 'foo: 1\nsteps:\n  - cmd: a\n    bar: {b: c}\n', 'a'],
  [
    'empty properties beside the one that counts',
    "version:\nsteps:\n  - id: ''\n    cmd: a\n    build: ''\n    push: []\n",
    'a',
  ],
  ['several documents: the first', 'steps:\n  - cmd: a\n---\nsteps:\n  - cmd: b\n', 'a'],
];
for (const [title, file, cmd] of files)
  test(`a file is read as ACR’s engine reads it: ${title}`, () => assert.equal(first(file), cmd));

const numbers: [
  property: string,
  name: 'timeout' | 'ignoreErrors' | 'retries' | 'startDelay',
  value: unknown,
][] = [
  ['timeout: 1_000', 'timeout', 1000],
  ['timeout: 010', 'timeout', 8],
  ['timeout: 1.9', 'timeout', 1],
  ['timeout: -1', 'timeout', 600],
  ['startDelay: -5', 'startDelay', 0],
  ['retries: 0x10', 'retries', 16],
  ['ignoreErrors: yes', 'ignoreErrors', true],
  ['ignoreErrors: on', 'ignoreErrors', true],
  ['ignoreErrors: No', 'ignoreErrors', false],
  ['ignoreErrors: off', 'ignoreErrors', false],
];
for (const [property, name, value] of numbers)
  test(`a step reads ${property} as YAML 1.1`, () =>
    assert.equal(readTaskFile(`steps:\n  - cmd: a\n    ${property}\n`, dataOf()).steps[0]![name], value));

test('the environment of the task is parted at commas, that of a step is not', () => {
  const [step] = readTaskFile('env: ["A=1,B=2"]\nsteps:\n  - cmd: a\n    env: ["C=3,4"]\n', dataOf()).steps;
  assert.deepEqual(
    step!.env.map(({ name, value }) => `${name}=${value}`),
    ['C=3,4', 'A=1', 'B=2'],
  );
});

test('what is taken but hardly meant is told, with its line', () => {
  const { warnings } = readTaskFile(
    'foo: 1\nsteps:\n  - cmd: a {{.Values.none}}\n    entrypoint: b\n    id: c\n    id: d\nalias: {values: {a: b}}\n',
    dataOf(),
  );
  assert.deepEqual(
    warnings.map((text) => text.split(/[.;] /)[0]),
    [
      '{{.Values.none}} has no value, and stands for nothing.',
      'Line 1: the task has no property foo',
      'Line 7: alias needs version: v1.1.0 in the first line of the file',
      'Line 4: step d has no property entrypoint',
      'Line 6: step d has the property id twice',
    ],
  );
});

const bombs: [title: string, values: string][] = [
  ['an alias of no anchor', 'a: *nowhere\n'],
  ['an anchor that contains itself', 'a: &a [*a]\n'],
  [
    'aliases that multiply',
    `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\nd: &d [${'*c,'.repeat(20)}]\ne: [${'*d,'.repeat(20)}]\n`,
  ],
  [
    'merges of merges that multiply',
    `a: &a {k: [${'1,'.repeat(300)}]}\n${'bcdefghijklmnop'
      .split('')
      .map(
        (name, at) =>
          `${name}: &${name} {<<: [${`*${'abcdefghijklmno'[at]},`.repeat(9)}], ${name}: [${`*${'abcdefghijklmno'[at]},`.repeat(9)}]}\n`,
      )
      .join('')}`,
  ],
  ['no map', '- a\n'],
  ['no YAML', 'a: [\n'],
];
for (const [title, values] of bombs)
  test(`a values file is refused with its line: ${title}`, () => {
    const began = performance.now();
    assert.throws(() => parseValuesFile(values), /^TaskFileError: Line \d+: /);
    assert.ok(performance.now() - began < 2000);
  });

const v11 = 'version: v1.1.0\n';
const secrets = [
  { name: 'pw', value: 'hun $ID {{x}} ter2', isSecret: true },
  { name: 'token', value: 't0ken', isSecret: true },
];
const nasty =
  'odd: "$ID $$ {{json .}} #x }}"\nlines: "a\\n#b\\n  $Registry"\npw: "hun $ID {{x}} ter2"\ntoken: t0ken\nplain: seen';
const roundTrips: [title: string, file: string, files?: [number, string][]][] = [
  ['values with the engine’s own marks', `${v11}steps:\n  - cmd: |\n      a {{.Values.odd}} $$HOME $Nope\n`],
  ['the same without aliases', 'steps:\n  - cmd: |\n      a {{.Values.odd}} $ID $$\n'],
  [
    'another directive',
    `${v11}alias:\n  directive: '%'\n  values: {x: 50%%, tool: 'reg/t:1'}\nsteps:\n  - cmd: tool %x $ID %% %ID\n`,
  ],
  [
    'aliases of several lines',
    `${v11}alias:\n  values:\n    s: |\n      id: q\n          cmd: bash echo $x\nsteps:\n  - $s\n  - cmd: b\n`,
  ],
  [
    'values of several lines that look like comments',
    'steps:\n  - cmd: |-\n      {{.Values.lines | nindent 6}}\n',
  ],
  [
    'secrets, as they are',
    `${v11}steps:\n  - cmd: a {{.Values.token}} $ID\n    env: ["P={{.Values.token}}"]\n`,
  ],
  [
    'secrets in functions',
    'steps:\n  - cmd: a {{.Values.token | b64enc}} {{ upper .Values.token }} {{ printf "%s-%s" .Values.plain .Values.token }}\n',
  ],
  [
    'secrets of a key vault',
    'secrets:\n- id: v\n  keyvault: u\nsteps:\n- cmd: a {{.Secrets.v}} {{.Secrets.v | b64enc}}\n',
  ],
  [
    'names of images',
    `${v11}alias:\n  values: {curl: 'own/curl:2'}\nsteps:\n  - cmd: curl x\n  - cmd: bash y\n`,
  ],
  [
    'another Dockerfile',
    'steps:\n- build: -t a:1 .\n- build: >-\n    -t b:1\n    -f old .\n- cmd: z\n',
    [
      [0, 'new/A'],
      [1, 'new/B'],
    ],
  ],
  [
    'another Dockerfile of steps that share their words',
    'x: &s {build: -t a:1 ., timeout: 1_0, ignoreErrors: yes}\nsteps:\n- <<: *s\n- *s\n- cmd: &c z\n- cmd: *c\n',
    [[1, 'new/B']],
  ],
  [
    'conditions',
    '{{ if .Values.plain }}\nsteps:\n  - cmd: a {{.Values.plain}}\n{{ else }}\nnothing\n{{ end }}\n',
  ],
];
for (const [title, file, edits = []] of roundTrips)
  test(`the engine makes of its text what the file means: ${title}`, () => {
    const data = dataOf(nasty, { v: 'v4ult' });
    const meant = readTaskFile(file, data);
    const { content, values } = engineText(file, data, secrets, new Map(edits));
    for (const secret of ['ter2', 't0ken', 'v4ult', 'T0KEN', 'dDBrZW4', 'djR1bHQ'])
      assert.ok(!content.includes(secret), content);
    const engines: TemplateData = {
      run: { ...run, ID: 'engine7' },
      values: Object.fromEntries(values.map(({ name, value }) => [name, value])),
      secrets: {},
    };
    const read = readTaskFile(content, engines);
    const shown = (task: typeof meant, replaced: Map<number, string>) =>
      task.steps.map((step, at) => {
        const { id, after, timeout, ignoreErrors, env, line } = step;
        const own =
          step.kind === 'build'
            ? { ...step.command, file: replaced.get(at) ?? step.command.file }
            : undefined;
        return {
          id,
          after,
          timeout,
          ignoreErrors,
          env,
          own,
          cmd: step.kind === 'cmd' && step.cmd,
          line: /&s|\$s/.test(file) || line,
        };
      });
    assert.deepEqual(shown(read, new Map()), shown(meant, new Map(edits)));
  });

test.run();
