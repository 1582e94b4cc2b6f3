import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  checkTaskFile,
  engineText,
  mergeSet,
  parseValuesFile,
  readTaskFile,
  type TemplateData,
  withSet,
} from '../../shared/taskFile/taskFile.ts';

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

const orders: [title: string, steps: string, after: string[][]][] = [
  [
    'one after the other where nothing is said',
    '  - cmd: a\n  - cmd: b\n  - cmd: c\n',
    [[], ['acb_step_0'], ['acb_step_1']],
  ],
  ['at once for -', '  - cmd: a\n  - cmd: b\n    when: ["-"]\n', [[], []]],
  [
    'after those that are named, not after those between',
    '  - id: z\n    cmd: b\n  - cmd: c\n  - cmd: a\n    when: [z]\n',
    [[], ['z'], ['z']],
  ],
  ['when without a value says nothing', '  - cmd: a\n  - cmd: b\n    when:\n', [[], ['acb_step_0']]],
];
for (const [title, steps, after] of orders)
  test(`the order of steps: ${title}`, () => {
    assert.deepEqual(
      readTaskFile(`steps:\n${steps}`, data()).steps.map((step) => step.after),
      after,
    );
  });

const builds: [text: string, expected: object][] = [
  ['-t a:1 .', { tags: ['a:1'], context: '.' }],
  ['.', { tags: [], context: '.' }],
  ['-t a', { context: '.' }],
  ['--tag=a -tb -t=c -f x/Dockerfile --file=y ctx', { tags: ['a', 'b', 'c'], file: 'y', context: 'ctx' }],
  [
    `--build-arg A=1 --build-arg "B=two words" --build-arg=C --build-arg D='x=y' .`,
    {
      buildArgs: [
        { name: 'A', value: '1' },
        { name: 'B', value: 'two words' },
        { name: 'C' },
        { name: 'D', value: 'x=y' },
      ],
    },
  ],
  [
    '. --target t --platform linux/arm64 --no-cache --pull -m 1g',
    { target: 't', platform: 'linux/arm64', noCache: true, pull: true, context: '.' },
  ],
  ['https://github.com/a/b.git#main:sub', { context: 'https://github.com/a/b.git#main:sub' }],
];
for (const [text, expected] of builds)
  test(`docker build reads ${text}`, () => {
    const [step] = readTaskFile(`steps:\n  - build: |\n      ${text}\n`, data()).steps;
    assert.ok(step?.kind === 'build');
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(step.command[name as 'context'], value, name);
  });

const commands: [title: string, file: string, words: string[]][] = [
  [
    'templates',
    'steps:\n  - cmd: "{{.Run.Registry}}/a:{{ .Run.ID }} {{.Values.deep.er}} {{.Build.ID}}"\n',
    ['appacr.azurecr.io/a:ca1', 'nested', 'ca1'],
  ],
  ['trimming dashes', 'steps:\n  - cmd: a {{- /* glued */ -}}   b\n', ['ab']],
  [
    'aliases of v1.1.0',
    v11('steps:\n  - cmd: $Registry/a:$ID $RegistryName $Nope $$ID\n'),
    ['appacr.azurecr.io/a:ca1', 'appacr', '$Nope', '$ID'],
  ],
  ['no aliases in v1.0.0', 'steps:\n  - cmd: $Registry/a bash\n', ['$Registry/a', 'bash']],
  [
    'own aliases',
    v11('alias:\n  values:\n    who: you and {{.Run.Branch}}\nsteps:\n  - cmd: a hello $who\n'),
    ['a', 'hello', 'you', 'and', 'main'],
  ],
  [
    'another directive',
    v11("alias:\n  directive: '#'\n  values: {x: y}\nsteps:\n  - cmd: 'a #x $x'\n"),
    ['a', 'y', '$x'],
  ],
  [
    'ACR’s names for images',
    v11('steps:\n  - cmd: bash echo bash\n'),
    ['mcr.microsoft.com/acr/bash:fe316c9', 'echo', 'bash'],
  ],
  [
    'own names for images',
    v11('alias:\n  values: {tool: "{{.Run.Registry}}/tool:1"}\nsteps:\n  - cmd: tool go\n'),
    ['appacr.azurecr.io/tool:1', 'go'],
  ],
  [
    'quotes as a shell has them',
    `steps:\n  - cmd: a sh -c 'b "c"' "d 'e' \\"f\\"" g\\ h ''\n`,
    ['a', 'sh', '-c', 'b "c"', `d 'e' "f"`, 'g h', ''],
  ],
];
for (const [title, file, words] of commands)
  test(`a command is read with ${title}`, () => {
    const [step] = readTaskFile(file, data({ deep: { er: 'nested' } })).steps;
    assert.ok(step?.kind === 'cmd');
    assert.deepEqual([step.command.image, ...step.command.args], words);
  });

test('what a step does not say is the task’s, and what that does not say is ACR’s', () => {
  const [own, inherited] = readTaskFile(
    'version: 1.0-preview-1\nstepTimeout: 90\nenv: [A=1, B=2]\nworkingDirectory: sub\nsteps:\n' +
      '  - cmd: a\n    timeout: 5\n    retries: 2\n    retryDelay: 1\n    env: [A=3]\n    workingDirectory: other\n  - push: [x, x]\n',
    data(),
  ).steps;
  assert.deepEqual([own?.timeout, own?.retries, own?.retryDelay, own?.workingDirectory], [5, 2, 1, 'other']);
  assert.deepEqual(own?.env, [
    { name: 'A', value: '3' },
    { name: 'B', value: '2' },
  ]);
  assert.deepEqual([inherited?.timeout, inherited?.retries, inherited?.retryDelay], [90, 0, 5]);
  assert.ok(inherited?.kind === 'push');
  assert.deepEqual(inherited.push, ['x']);
});

test('az writes a version before the text of a file, and the file’s own counts', () => {
  assert.equal(
    readTaskFile('version: v1.1.0\nversion: v1.0.0\nsteps:\n  - cmd: bash\n', data()).version,
    'v1.0.0',
  );
});

test('of two values with one name the later wins: the file, the task, the run', () => {
  const set = mergeSet(
    [
      { name: 'b', value: 'task', isSecret: false },
      { name: 'c', value: 'task', isSecret: false },
    ],
    [{ name: 'c', value: 'run', isSecret: false }],
  );
  const values = withSet(parseValuesFile('a: file\nb: file\nn: 5\nt: true\n'), set);
  assert.deepEqual(values, { a: 'file', b: 'task', c: 'run', n: 5n, t: true });
  assert.throws(() => parseValuesFile('- a\n'), /a values file is a map/);
  assert.throws(() => parseValuesFile('a: 1\nb: [\n'), /^TaskFileError: Line \d/);
});

test('a task is checked before its values are known; a secret that it does not name stands for nothing', () => {
  const file = 'steps:\n  - cmd: a {{.Values.later}}\n    timeout: {{.Values.number}}\n    retries: 1\n';
  assert.equal(checkTaskFile(file, data()).steps.length, 1);
  const vault =
    'secrets:\n  - id: known\n    keyvault: https://v/secrets/s\nsteps:\n  - cmd: a {{.Secrets.known}}\n';
  assert.equal(checkTaskFile(vault, data()).secrets[0]?.id, 'known');
  assert.match(
    readTaskFile(`${vault}  - cmd: b c{{.Secrets.other}}\n`, data()).warnings.join(),
    /\{\{\.Secrets\.other\}\} has no value/,
  );
});

test('the engine’s file holds the run’s values and no secret, line by line as it was written', () => {
  const written = v11(
    'alias:\n  values: {tool: "{{.Run.Registry}}/tool"} # seen\nsecrets:\n  - id: vault\n    keyvault: u\nsteps:\n' +
      '  # a comment\n  - build: >-\n      -t $Registry/a:$ID --file=web/Dockerfile\n      --build-arg T={{.Values.token}} .\n' +
      "  - cmd: tool sh -c 'echo {{.Values.plain}} {{.Secrets.vault}} $$HOME {{.Run.SharedVolume}}'\n",
  );
  const secrets = [{ name: 'token', value: 's3cret', isSecret: true }];
  const values = { token: 's3cret', plain: 'seen' };
  const { content, values: sent } = engineText(
    written,
    { run, values, secrets: { vault: 'v4ult' } },
    secrets,
    new Map([[0, 'web/Dockerfile.step-0']]),
  );
  assert.equal(
    content,
    v11(
      'alias: {"values":{"tool":"appacr.azurecr.io/tool"},"directive":"$"}\n#\nsecrets:\n  []\n#\nsteps:\n' +
        '#\n  - build: "-t appacr.azurecr.io/a:ca1 --file=web/Dockerfile --build-arg T={{.Values.token}} . -f web/Dockerfile.step-0"\n#\n#\n' +
        "  - cmd: tool sh -c 'echo seen {{.Values.secret_vault}} $$HOME {{.Run.SharedVolume}}'\n",
    ),
  );
  assert.deepEqual(sent, [...secrets, { name: 'secret_vault', value: 'v4ult', isSecret: true }]);
});

test.run();
