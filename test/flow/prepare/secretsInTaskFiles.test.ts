import assert from 'node:assert/strict';
import { test } from 'uvu';
import { checkStep } from '../../../shared/flow/api/checkStep.ts';
import type { Job } from '../../../shared/flow/prepare/buildPlan.ts';
import { planTaskFile } from '../../../shared/flow/prepare/planTaskFile.ts';
import type { KnownRegistry } from '../../../shared/model/registry.ts';
import type { EncodedStep, Task } from '../../../shared/model/task.ts';

const secret = `Server=db1; Password="hunter2" Zugang 'x9y8' *st4r`;
const knownRegistry = { name: 'appacr', loginServer: 'appacr.azurecr.io' } as KnownRegistry;

function stepOf(text: string, value: string): EncodedStep {
  return {
    type: 'EncodedTask',
    encodedTaskContent: Buffer.from(text).toString('base64'),
    values: [{ name: 'conn', value, isSecret: true }],
  };
}

/** A run of a task file; of the registries, none has an image. */
const plan = (text: string, value: string, files: Record<string, string> = {}) => {
  const step = stepOf(text, value);
  const identity: Task['identity'] = { type: 'SystemAssigned' };
  const platform = { os: 'Linux', architecture: 'amd64' } as const;
  const job = {
    task: { name: 'task', identity, properties: { step, platform } },
    run: { runId: 'ca1', createTime: '2026-01-01T00:00:00Z' },
    registry: knownRegistry,
    ports: {
      files: { read: async (_: string, path: string) => files[path] },
      registry: { digestOf: async () => undefined },
      vault: { secret: async () => value },
    },
  } as unknown as Job;
  return planTaskFile(step, job, { dir: '/context' });
};

const rows: [title: string, text: string, value?: string, files?: Record<string, string>][] = [
  ['an argument of a build without quotes', 'steps:\n  - build: --build-arg C={{.Values.conn}} .\n'],
  ['an open quote', 'steps:\n  - cmd: a {{.Values.conn}}\n', `pass'w0rd1 x9y8`],
  ['YAML of it', 'steps:\n  - cmd: {{.Values.conn}}\n', '*hunter2 x'],
  ['a key that it makes', 'steps:\n  - cmd: a\n    when: {{.Values.conn}}\n', '[nosuch1, other2]'],
  ['the id of a step', 'steps:\n  - cmd: a\n    id: {{.Values.conn}}\n'],
  [
    'two steps of one id',
    'steps:\n  - cmd: a\n    id: {{.Values.conn}}\n  - cmd: a\n    id: {{.Values.conn}}\n',
    'hunter2',
  ],
  ['an option that is none', 'steps:\n  - build: {{.Values.conn}} .\n', '--hunter2=x9y8'],
  ['an environment', 'steps:\n  - cmd: a\n    env: ["{{.Values.conn}}"]\n', 'hunter2 x9y8'],
  [
    'a number',
    'steps:\n  - cmd: a\n    timeout: {{.Values.conn}}\n    when: [{{.Values.conn}}]\n',
    'hunter2',
  ],
  [
    'a tag',
    'steps:\n  - build: -t "a:{{.Values.conn}}" .\n',
    'hunter2 x9y8',
    { Dockerfile: 'FROM scratch\n' },
  ],
  ['an image that is pushed', 'steps:\n  - push: ["{{.Values.conn}}"]\n', 'Hunter2 x9y8'],
  ['a Dockerfile that is not there', 'steps:\n  - build: -f {{.Values.conn}} .\n', 'hunter2'],
  [
    'a base image with a name that is none',
    'steps:\n  - build: --build-arg B={{.Values.conn}} .\n',
    'reg.example/hunter2:x9y8:x9y8',
    { Dockerfile: 'ARG B\nFROM $B\n' },
  ],
  [
    'a secret of a key vault',
    'secrets:\n  - {id: v, keyvault: u}\nsteps:\n  - build: --build-arg C={{.Secrets.v}} .\n',
  ],
  ['what a function makes', 'steps:\n  - cmd: a\n    id: {{.Values.conn | lower | quote}}\n', 'hunter2 x9y8'],
];
for (const [title, text, value = secret, files] of rows)
  test(`a message about a task file shows nothing of a secret: ${title}`, async () => {
    const error = await plan(text, value, files).then(
      () => assert.fail('the file is right'),
      (reason: unknown) => reason as Error,
    );
    const words = value.match(/[A-Za-z0-9]{4,}/g)!;
    for (const word of words) assert.ok(!error.message.includes(word), error.message);
    assert.ok(!words.some((word) => error.stack?.includes(word)), error.stack);
    assert.match(error.message, /./);
  });

test('nor does the answer to the one who creates the task', () => {
  for (const [, text, value = secret] of rows.slice(0, 8))
    try {
      checkStep(stepOf(text, value), knownRegistry);
    } catch (error) {
      for (const word of value.match(/[A-Za-z0-9]{4,}/g)!)
        assert.ok(!(error as Error).message.includes(word), String(error));
    }
});

test('nor does a warning in the log', async () => {
  const { notes } = await plan(
    'steps:\n  - cmd: a\n    {{.Values.conn}}: b\n  - build: "{{.Values.conn}}://hunter2/x"\n',
    'hunter2',
  );
  assert.match(notes.join('\n'), /has no property \*\*\*.*\n.*it builds \*\*\*:/);
  assert.ok(!notes.join().includes('hunter2'), notes.join());
});

test.run();
