import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import { planTaskFile } from '../../../../shared/flow/prepare/planTaskFile.ts';
import {
  decodedText,
  openTaskFile,
  readTaskText,
  templateData,
} from '../../../../shared/flow/prepare/taskText.ts';
import type { FileStep, Task } from '../../../../shared/model/task.ts';
import { VaultError } from '../../../../shared/ports/vault.ts';
import { base, digest, encodedStep, jobOf, runId } from './jobs.ts';

const there = { dir: '/context' };
const from = (tag: number) => `FROM ${base}:${tag}\n`;
const build = (rest: string) => `build: ${rest}`;
const secret = [{ name: 's', value: 'hunter2', isSecret: true }];

const file: FileStep = { type: 'FileTask', taskFilePath: 'acb.yaml', values: [] };
const asked = (change: object) => ({ overrides: { arguments: [], values: [], ...change } });
const value = (name: string, text: string) => ({ name, value: text, isSecret: false });
const text = 'steps:\n  - cmd: a {{.Values.x}} {{.Run.ID}}\n';
/** Each: the step, the run, the files that are read, what is run. */
const reads: [title: string, step: Partial<FileStep>, run: object, read: string[], runs: string][] = [
  ['its file', { values: [value('x', 'one')] }, {}, ['acb.yaml'], `a one ${runId}`],
  [
    'its file, at the top',
    { taskFilePath: '././acb.yaml', values: [value('x', 'one')] },
    {},
    ['acb.yaml'],
    'a one',
  ],
  [
    'its file, of a folder with a dot',
    { taskFilePath: 'a./acb.yaml', values: [value('x', 'one')] },
    {},
    ['a./acb.yaml'],
    'a one',
  ],
  ['its values', { valuesFilePath: './values.yaml' }, {}, ['acb.yaml', 'values.yaml'], 'a ofFile'],
  [
    'another file of the run',
    { values: [value('x', 'one')] },
    asked({ file: 'other.yaml' }),
    ['other.yaml'],
    'a one',
  ],
  [
    'the values of the run before its own',
    { values: [value('x', 'one')] },
    asked({ values: [value('x', 'two')] }),
    ['acb.yaml'],
    'a two',
  ],
];
for (const [title, change, run, names, runs] of reads)
  test(`a task file in a context is read: ${title}`, async () => {
    const step = { ...file, ...change };
    const files = { 'acb.yaml': text, 'other.yaml': text, 'a./acb.yaml': text, 'values.yaml': 'x: ofFile\n' };
    const { job, read } = jobOf({ step, run, files });
    const { work } = await planTaskFile(step, job, there);
    assert.deepEqual(read, names);
    assert.ok(work.kind === 'TaskFile');
    assert.match(work.text, new RegExp(`cmd: ${runs}`));
  });

const unread: [title: string, step: Partial<FileStep>, run: object, work: object][] = [
  ['its file', {}, {}, {}],
  ['its file and values', { valuesFilePath: 'values.yaml' }, {}, { valuesFilePath: 'values.yaml' }],
  ['another file of the run', {}, asked({ file: 'other.yaml' }), { taskFilePath: 'other.yaml' }],
  [
    'given values',
    { values: [value('x', 'one')] },
    asked({ values: [value('y', 'two')] }),
    { values: [value('x', 'one'), value('y', 'two')] },
  ],
];
for (const [title, change, run, work] of unread)
  test(`a task file that only the engine can read goes to it by its path: ${title}`, async () => {
    const step = { ...file, ...change };
    const { job, read } = jobOf({ step, run });
    const asks = { kind: 'UnreadTaskFile', taskFilePath: 'acb.yaml', values: [], ...work };
    assert.deepEqual(await planTaskFile(step, job, 'engine'), {
      ...{ work: asks, replace: [], bases: undefined, servers: undefined, outputs: [] },
      notes: [`${asks.taskFilePath} is read by the run engine: {{.Run.ID}} in it is the engine's own id.`],
    });
    assert.deepEqual(read, []);
  });

/** Each: the Dockerfile, the steps, and the warnings. */
const warned: [title: string, dockerfile: string, steps: string[], warnings: string[]][] = [
  ['of nothing', from(1), [build('.')], []],
  [
    'of a frontend of others',
    `# syntax=reg.example/other:1\n${from(1)}`,
    [build('.')],
    [
      'Warning: Dockerfile: The file is read by the frontend reg.example/other:1; its base images were found as docker/dockerfile finds them.',
    ],
  ],
  [
    'of a value that is not given',
    from(1),
    [build('.'), 'cmd: x {{.Values.none}}'],
    ['Warning: The task file: {{.Values.none}} has no value, and stands for nothing.'],
  ],
];
for (const [title, dockerfile, steps, warnings] of warned)
  test(`a task file is planned with a warning ${title}`, async () => {
    const step = encodedStep(steps, { values: [...secret, value('open', 'baseacr')] });
    const { job } = jobOf({ step, files: { Dockerfile: dockerfile } });
    const { notes } = await planTaskFile(step, job, there);
    // A value that is no secret may stand in them.
    assert.deepEqual(notes, [...warnings, `Base image (RunTime): ${base}:1@${digest(1)}`]);
  });

const mark = '\uFEFF';
/** Each: how a text begins or goes on, and what is left of it. */
const marks: [title: string, text: string, left: string][] = [
  ['none', 'steps: x', 'steps: x'],
  ['one before it', `${mark}steps: x`, 'steps: x'],
  ['one in it', `steps: ${mark}x`, `steps: ${mark}x`],
  ['two before it', `${mark}${mark}steps: x`, `${mark}steps: x`],
];
for (const [title, given, left] of marks)
  test(`a text is read without the byte order mark before it: ${title}`, async () => {
    const base64 = Buffer.from(given).toString('base64');
    const values = { encodedTaskContent: base64, encodedValuesContent: base64, values: [] };
    const decoded = decodedText(values);
    assert.deepEqual([decoded.text, decoded.values], [left, left]);
    assert.equal(decodedText({ ...values, encodedValuesContent: undefined }).values, undefined);
    const place = { taskFilePath: 'a.yaml', valuesFilePath: 'b.yaml', values: [] };
    const read = await readTaskText(place, async () => given);
    assert.deepEqual([read.name, read.text, read.valuesName, read.values], ['a.yaml', left, 'b.yaml', left]);
  });

/** Each: the files that are there, and what is said. */
const absent: [title: string, files: Record<string, string>, says: string][] = [
  ['no file', {}, 'There is no task file ./acb.yaml in the context. The path is relative to its root.'],
  [
    'no values',
    { 'acb.yaml': text },
    'There is no values file v.yaml in the context. The path is relative to its root.',
  ],
];
for (const [title, files, says] of absent)
  test(`a task file that is not there is named as it was written: ${title}`, async () => {
    const step = { ...file, taskFilePath: './acb.yaml', valuesFilePath: 'v.yaml' };
    const { job } = jobOf({ step, files });
    await assert.rejects(planTaskFile(step, job, there), new BuildFault(says));
  });

test('a values file that is none is named', async () => {
  const step = { ...file, valuesFilePath: 'v.yaml' };
  const { job } = jobOf({ step, files: { 'acb.yaml': text, 'v.yaml': '- x\n' } });
  await assert.rejects(planTaskFile(step, job, there), /^TaskFileError: v\.yaml, line 1: /);
});

const withSecretOf = (entry: string) => {
  const { encodedTaskContent } = encodedStep(['cmd: x {{.Secrets.k}}']);
  const whole = `secrets:\n  - {id: k, ${entry}}\n${Buffer.from(encodedTaskContent, 'base64')}`;
  return encodedStep([], { encodedTaskContent: Buffer.from(whole).toString('base64') });
};
const withSecret = withSecretOf('keyvault: https://v/secrets/k');
const where = 'The task file, line 2: the secret k';
const system = { type: 'SystemAssigned' as const };

test('a run without a task has no identity to read a secret with', async () => {
  const given = decodedText(withSecret);
  const { run } = jobOf({ step: withSecret }).job;
  const data = templateData(given, { ID: run.runId } as never);
  await assert.rejects(
    openTaskFile(given, data, undefined),
    new BuildFault(
      `${where} is in a key vault, and a run without a task has no identity to read it with. Give its value by --set-secret and use {{.Values.k}}.`,
    ),
  );
});

type Identity = Task['identity'];
const mine = (type: NonNullable<Identity>['type']): Identity => ({ type });
/** Each: the identities of the task, the one that the file names for its secret, whether it is read. */
const identities: [title: string, of: Identity, named: string | undefined, isRead: boolean][] = [
  ['its own', system, undefined, true],
  ['its own beside others', mine('SystemAssigned, UserAssigned'), undefined, true],
  ['one that is named', mine('UserAssigned'), 'c1', true],
  ['one that is named by a task without any', undefined, 'c1', true],
  ['its own, and it has none', undefined, undefined, false],
  ['its own, and it has others', mine('UserAssigned'), undefined, false],
  ['its own, and none was wanted', mine('None'), undefined, false],
];
for (const [title, identity, named, isRead] of identities)
  test(`a secret of a vault is ${isRead ? 'read' : 'not read'} with the identity of the task: ${title}`, async () => {
    const step = named ? withSecretOf(`keyvault: https://v/secrets/k, clientID: ${named}`) : withSecret;
    const { job } = jobOf({ step });
    if (identity) job.task.identity = identity;
    const asked: unknown[][] = [];
    job.ports.vault.secret = async (...one) => {
      asked.push(one);
      return 'hunter2';
    };
    const planning = planTaskFile(step, job, there);
    if (isRead) {
      const { work } = await planning;
      assert.ok(work.kind === 'TaskFile' && !work.text.includes('hunter2'));
      assert.deepEqual(work.values, [{ name: 'secret_k', value: 'hunter2', isSecret: true }]);
    } else
      await assert.rejects(
        planning,
        new BuildFault(
          `${where} is read with the task's system-assigned identity, but the task has none. Assign one (--assign-identity), or name another as clientID.`,
        ),
      );
    assert.deepEqual(asked, isRead ? [['https://v/secrets/k', named]] : []);
  });

/** Each: what a vault answers, and what is told of it. */
const refusals: [title: string, answer: Error, told: object][] = [
  [
    'that is busy',
    new VaultError('It is busy.', { transient: true, retryAfter: 30 }),
    { transient: true, retryAfter: 30, isRoleMissing: false },
  ],
  [
    'that does not know the identity',
    new VaultError('No role.', { transient: false, isRoleMissing: true }),
    { transient: false, retryAfter: undefined, isRoleMissing: true },
  ],
];
for (const [title, answer, told] of refusals)
  test(`of a vault ${title} it is told which secret is wanted, and when again`, async () => {
    const { job } = jobOf({ step: withSecret });
    job.task.identity = system;
    job.ports.vault.secret = () => Promise.reject(answer);
    await assert.rejects(planTaskFile(withSecret, job, there), (error) => {
      assert.ok(error instanceof VaultError);
      const { message, cause, transient, retryAfter, isRoleMissing } = error;
      assert.deepEqual({ transient, retryAfter, isRoleMissing }, told);
      assert.deepEqual([message, cause], [`${where}: ${answer.message}`, answer]);
      return true;
    });
  });

test('another fault of a vault is told as it is', async () => {
  const { job } = jobOf({ step: withSecret });
  const broken = new TypeError('broken');
  job.task.identity = system;
  job.ports.vault.secret = () => Promise.reject(broken);
  await assert.rejects(planTaskFile(withSecret, job, there), broken);
});

test.run();
