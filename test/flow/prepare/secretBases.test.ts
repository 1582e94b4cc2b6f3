import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Job } from '../../../shared/flow/prepare/buildPlan.ts';
import { planTaskFile } from '../../../shared/flow/prepare/planTaskFile.ts';
import type { EncodedStep, Task } from '../../../shared/model/task.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const open = 'baseacr.azurecr.io/open:1';

/** A run of a task file in which every image is there; `conn` is a secret value, so is what a vault gives. */
function plan(text: string, dockerfile: string, value: string) {
  const step: EncodedStep = {
    type: 'EncodedTask',
    encodedTaskContent: Buffer.from(text).toString('base64'),
    values: [{ name: 'conn', value, isSecret: true }],
  };
  const identity: Task['identity'] = { type: 'SystemAssigned' };
  const asked: string[] = [];
  const job = {
    task: { name: 'task', identity, properties: { step, platform: { os: 'Linux', architecture: 'amd64' } } },
    run: { runId: 'ca1', createTime: '2026-01-01T00:00:00Z' },
    registry: { name: 'appacr', loginServer: 'appacr.azurecr.io' },
    ports: {
      files: { read: async (_: string, path: string) => (path === 'Dockerfile' ? dockerfile : undefined) },
      clock: { now: () => new Date() },
      settings: { policies: [] },
      store: createMemoryStore(),
      registry: {
        digestOf: async ({ repository }: { repository: string }) => {
          asked.push(repository);
          return digest;
        },
      },
      vault: { secret: async () => value },
    },
  } as unknown as Job;
  return { plan: planTaskFile(step, job, { dir: '/context' }), asked };
}

const build = (args: string) => `steps:\n  - build: ${args} -t a:1 .\n  - push: [appacr.azurecr.io/a:1]\n`;
const rows: [title: string, text: string, dockerfile: string, value: string][] = [
  ['the whole name', build('--build-arg B={{.Values.conn}}'), 'ARG B\nFROM $B\n', 'reg.example/hunter2:1'],
  ['a tag', build('--build-arg T={{.Values.conn}}'), 'ARG T\nFROM reg.example/x:$T\n', 'hunter2'],
  ['a registry', build('--build-arg R={{.Values.conn}}'), 'ARG R\nFROM $R/x:1\n', 'hunter2.example'],
  [
    'a piece of an argument',
    build('--build-arg B=reg.example/{{.Values.conn}}-x:1'),
    'ARG B\nFROM $B\n',
    'hunter2',
  ],
  [
    'an argument that another takes up',
    build('--build-arg A={{.Values.conn}}'),
    'ARG A\nARG B=reg.example/$A\nFROM $B\n',
    'hunter2',
  ],
  [
    'what COPY takes',
    build('--build-arg B={{.Values.conn}}'),
    `ARG B\nFROM $B AS s\nFROM ${open}\nCOPY --from=s / /\n`,
    'reg.example/hunter2:1',
  ],
  [
    'a secret of a key vault',
    `secrets:\n  - {id: v, keyvault: u}\n${build('--build-arg B={{.Secrets.v}}')}`,
    'ARG B\nFROM $B\n',
    'reg.example/hunter2:1',
  ],
  [
    'what a function makes of it',
    build('--build-arg B={{.Values.conn | lower}}'),
    'ARG B\nFROM $B\n',
    'reg.example/HUNTER2:1',
  ],
];
for (const [title, text, dockerfile, value] of rows)
  test(`a base image that a secret of a task file names is shown nowhere: ${title}`, async () => {
    const tracked = `${dockerfile}${dockerfile.includes(open) ? '' : `COPY --from=${open} / /\n`}`;
    const run = plan(text, tracked, value);
    const { work, ...shown } = await run.plan;
    assert.ok(!/hunter2/i.test(JSON.stringify(shown)), JSON.stringify(shown));
    assert.ok(work.kind === 'TaskFile');
    assert.ok(!/hunter2/i.test(work.text));
    // What no secret names is pinned and tracked as ever.
    assert.deepEqual(
      shown.bases?.map(({ image }) => image),
      [open],
    );
    assert.deepEqual(run.asked, ['open']);
    assert.equal(shown.servers, undefined);
    assert.match(shown.notes.join(), /a secret argument names is neither pinned nor tracked/);
  });

test.run();
