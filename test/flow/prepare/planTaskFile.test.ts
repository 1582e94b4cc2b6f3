import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Job } from '../../../shared/flow/prepare/buildPlan.ts';
import { planTaskFile } from '../../../shared/flow/prepare/planTaskFile.ts';
import type { EncodedStep, Task } from '../../../shared/model/task.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { createMemoryStore } from '../../worlds/memoryStore.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** A run of a task file in a context of some files; every base image is there. */
function jobOf(text: string, files: Record<string, string> = {}, identity?: Task['identity']) {
  const step: EncodedStep = {
    type: 'EncodedTask',
    encodedTaskContent: Buffer.from(text).toString('base64'),
    values: [],
  };
  const platform = { os: 'Linux', architecture: 'amd64' } as const;
  const job = {
    task: { name: 'task', ...(identity && { identity }), properties: { step, platform } },
    run: { runId: 'ca1', createTime: '2026-01-01T00:00:00Z' },
    registry: { name: 'appacr', loginServer: 'appacr.azurecr.io' },
    ports: {
      files: { read: async (_: string, path: string) => files[path] },
      clock: { now: () => new Date() },
      settings: { policies: [] },
      store: createMemoryStore(),
      registry: { digestOf: async ({ tag }: { tag: string }) => digest(tag) },
      vault: {
        async secret(uri: string, clientId?: string) {
          if (uri.endsWith('gone')) throw new VaultError('There is no such secret.', { transient: false });
          return `value of ${uri} for ${clientId ?? 'the app'}`;
        },
      },
    },
  } as unknown as Job;
  return { plan: () => planTaskFile(step, job, { dir: '/context' }) };
}

const base = 'baseacr.azurecr.io/base';
const system: Task['identity'] = { type: 'SystemAssigned' };

const standings: [title: string, text: string, files: Record<string, string>, bases: string[]][] = [
  [
    'the base of a pushed image is RunTime, all else BuildTime',
    'steps:\n  - build: -t a:1 a\n  - build: -t b:1 b\n  - push: [appacr.azurecr.io/x, docker.io/library/a:1]\n',
    {
      'a/Dockerfile': `FROM ${base}:2 AS s\nFROM ${base}:1\nCOPY --from=s / /\n`,
      'b/Dockerfile': `FROM ${base}:3\n`,
    },
    ['BuildTime 2', 'RunTime 1', 'BuildTime 3'],
  ],
  [
    'of a file that pushes nothing, the last image counts',
    'steps:\n  - build: -t a:1 a\n  - build: -t b:1 b\n',
    { 'a/Dockerfile': `FROM ${base}:1\n`, 'b/Dockerfile': `FROM ${base}:2\n` },
    ['BuildTime 1', 'RunTime 2'],
  ],
  [
    'an image that another step makes is replaced by its own base images',
    'steps:\n  - build: -t appacr.azurecr.io/mid:1 a\n  - build: -t appacr.azurecr.io/top:1 b\n  - push: ["appacr.azurecr.io/top:1"]\n',
    { 'a/Dockerfile': `FROM ${base}:1\n`, 'b/Dockerfile': 'FROM appacr.azurecr.io/mid:1\n' },
    ['RunTime 1'],
  ],
  [
    'the working directory, --target and --build-arg of a step are its own',
    'workingDirectory: sub\nsteps:\n  - build: -f D --target one --build-arg V=4 ..\n',
    { 'sub/D': `ARG V\nFROM ${base}:$V AS one\nFROM ${base}:9\n` },
    ['RunTime 4'],
  ],
  ['a context that is an address is not tracked', 'steps:\n  - build: https://h/r.git\n', {}, []],
  ['what a command makes is not tracked', 'steps:\n  - cmd: x\n  - build: -f made .\n', {}, []],
];
for (const [title, text, files, bases] of standings)
  test(`base images: ${title}`, async () => {
    const plan = await jobOf(text, files).plan();
    assert.deepEqual(
      plan.bases!.map(({ type, image }) => `${type} ${image.split(':').at(-1)}`),
      bases,
    );
    if (bases.length === 0) assert.match(plan.notes.join(), /not tracked/);
  });

test('one Dockerfile that two steps build on different bases is pinned in a copy for each', async () => {
  const text = 'steps:\n  - build: --build-arg V=1 .\n  - build: -f Dockerfile --build-arg V=2 .\n';
  const plan = await jobOf(text, { Dockerfile: `ARG V\nFROM ${base}:$V\n` }).plan();
  assert.deepEqual(
    plan.replace
      .filter(({ path }) => path.endsWith('/Dockerfile'))
      .map(({ path, content }) => [path, content.includes(digest('1')), content.includes(digest('2'))]),
    [
      ['.plinth-pinned/step-0/Dockerfile', true, false],
      ['.plinth-pinned/step-1/Dockerfile', false, true],
    ],
  );
  assert.ok(plan.work.kind === 'TaskFile');
  assert.match(plan.work.text, /build: "--build-arg V=1 \. -f \.plinth-pinned\/step-0\/Dockerfile"/);
});

const samples: [title: string, text: string, servers: string[] | undefined][] = [
  [
    'the tutorial of multi-step tasks',
    'version: v1.1.0\nsteps:\n# Build target image\n- build: -t {{.Run.Registry}}/hello-world:{{.Run.ID}} -f Dockerfile .\n# Run image\n- cmd: -t {{.Run.Registry}}/hello-world:{{.Run.ID}}\n  id: test\n  detach: true\n  ports: ["8080:80"]\n- cmd: docker stop test\n# Push image\n- push:\n  - {{.Run.Registry}}/hello-world:{{.Run.ID}}\n',
    ['baseacr.azurecr.io', 'appacr.azurecr.io', 'docker.io'],
  ],
  [
    'a secret in a volume',
    'secrets:\n  - id: s\n    keyvault: https://v/secrets/k\nvolumes:\n  - name: m\n    secret:\n      f.txt: {{.Secrets.s | b64enc}}\nsteps:\n  - cmd: reg.example/bash cat /run/f.txt\n    volumeMounts:\n      - name: m\n        mountPath: /run\n',
    ['reg.example'],
  ],
  [
    'options of docker run before the image, and a tag of the day',
    'steps:\n  - build: -t day:$(date -u +%F) .\n  - cmd: --rm -it -e A=b --network host -v /a:/b reg.example/x:1 go\n  - cmd: $TOOL go\n',
    ['baseacr.azurecr.io', 'reg.example'],
  ],
];
for (const [title, text, servers] of samples)
  test(`a file of ACR’s documentation is planned: ${title}`, async () => {
    const plan = await jobOf(text, { Dockerfile: `FROM ${base}:1\n` }, system).plan();
    assert.deepEqual(plan.servers, servers);
  });

const vault = (entry: string) => `secrets:\n  - {id: s, ${entry}}\nsteps:\n  - cmd: x {{.Secrets.s}}\n`;

test('a secret of a key vault is read at each run, and travels as a secret value', async () => {
  for (const [entry, who] of [
    ['keyvault: https://v/secrets/k', 'the app'],
    ['keyvault: https://v/secrets/k, clientID: c1', 'c1'],
  ] as const) {
    const { work } = await jobOf(vault(entry), {}, system).plan();
    assert.ok(work.kind === 'TaskFile');
    const value = `value of https://v/secrets/k for ${who}`;
    assert.deepEqual(work.values, [{ name: 'secret_s', value, isSecret: true }]);
    const { text } = work;
    assert.ok(text.includes('x {{.Values.secret_s}}') && !text.includes('keyvault'), text);
  }
});

test('a secret that cannot be read says which, and what to do', async () => {
  const none = jobOf(vault('keyvault: https://v/secrets/k')).plan();
  await assert.rejects(none, /line 2: the secret s .*system-assigned identity, but the task has none/);
  const gone = jobOf(vault('keyvault: https://v/secrets/gone'), {}, system).plan();
  await assert.rejects(gone, /line 2: the secret s: There is no such secret/);
});

test.run();
