import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import { parseAcrBuildLog } from '../../shared/adapters/engine/acrBuildLog.ts';
import { createOciReader } from '../../shared/adapters/registry/ociReader.ts';
import { findBaseImages } from '../../shared/dockerfile/baseImages.ts';
import type { Job } from '../../shared/flow/prepare/buildPlan.ts';
import { planDockerfile } from '../../shared/flow/prepare/planDockerfile.ts';
import { planTaskFile } from '../../shared/flow/prepare/planTaskFile.ts';
import { RegistryError } from '../../shared/ports/registry.ts';
import { sampleSettings } from '../doubles/storeContract.ts';
import { createMemoryStore } from '../worlds/memoryStore.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const base = 'baseacr.azurecr.io/base';

// The base images that the engine reports.

const heading = 'The following dependencies were found:';
const time = '2026/11/26 00:03:47 ';
const yaml = (tag: string, registry = 'mcr.microsoft.com') => `- image:
    registry: appacr.azurecr.io
    repository: hello
    tag: "1"
    digest: ${digest('a')}
  runtime-dependency:
    registry: ${registry}
    repository: dotnet/sdk
    tag: ${tag}
    digest: ${digest('b')}
  git: {}`;
const json = [
  {
    image: { registry: 'appacr.azurecr.io', repository: 'hello', tag: '1', digest: digest('a') },
    'runtime-dependency': {
      registry: 'mcr.microsoft.com',
      repository: 'dotnet/sdk',
      tag: '8.0',
      digest: digest('b'),
    },
    'buildtime-dependency': [
      { registry: 'registry.hub.docker.com', repository: 'library/golang', tag: '1.22', digest: digest('c') },
    ],
  },
];
const logs: [title: string, log: string, images: string[] | undefined][] = [
  ['a quoted tag', `${heading}\n${yaml('"8.0"')}\n\nRun ID: ca1`, ['mcr.microsoft.com/dotnet/sdk:8.0']],
  ['a tag in single quotes', `${heading}\n${yaml("'2.2'")}\n`, ['mcr.microsoft.com/dotnet/sdk:2.2']],
  ['a number that ends in 0', `${heading}\n${yaml('1.10')}\n`, ['mcr.microsoft.com/dotnet/sdk:1.10']],
  ['a date', `${heading}\n${yaml('2026-11-26')}\n`, ['mcr.microsoft.com/dotnet/sdk:2026-11-26']],
  ['a word of YAML', `${heading}\n${yaml('null')}\n`, ['mcr.microsoft.com/dotnet/sdk:null']],
  [
    'the time before each line',
    `${time}${heading}\r\n${time}\r\n${yaml('"8.0"').replaceAll('\n', '\r\n')}\r\n`,
    ['mcr.microsoft.com/dotnet/sdk:8.0'],
  ],
  [
    'JSON',
    `${time}${heading}\n${time}\n${JSON.stringify(json)}\nRun ID: ca1 was successful after 8s`,
    ['mcr.microsoft.com/dotnet/sdk:8.0', 'docker.io/library/golang:1.22'],
  ],
  [
    'JSON over many lines',
    `${heading}\n${JSON.stringify(json, undefined, 2)}\n`,
    ['mcr.microsoft.com/dotnet/sdk:8.0', 'docker.io/library/golang:1.22'],
  ],
  [
    'a registry in capitals',
    `${heading}\n${yaml('8', 'BaseACR.azurecr.io:443')}\n`,
    ['baseacr.azurecr.io/dotnet/sdk:8'],
  ],
  ['a name that is none', `${heading}\n${yaml('"not a tag"')}\n`, []],
  ['what is no list', `${heading}\n{a: [b\n`, undefined],
];
for (const [title, log, images] of logs)
  test(`the log of a build names the base images of its image: ${title}`, () =>
    assert.deepEqual(
      parseAcrBuildLog(log)?.map(({ image }) => image),
      images,
    ));

// Stages that are built.

const stages = `FROM ${base}:1 AS unused\nFROM ${base}:2 AS used\nFROM ${base}:3 AS target\nCOPY --from=used / /\nFROM ${base}:4 AS later\n`;
const builds: [title: string, target: string | undefined, classic: string, buildkit: string][] = [
  ['a target in the middle', 'target', '1 2 3', '2 3'],
  ['the first stage', 'unused', '1', '1'],
  ['the last one', undefined, '1 2 3 4', '4'],
  ['a stage that is built on another', 'later', '1 2 3 4', '4'],
];
for (const [title, target, classic, buildkit] of builds)
  test(`the classic builder needs every stage up to the target, BuildKit what it uses: ${title}`, () => {
    for (const [builder, tags] of [
      ['classic', classic],
      ['buildkit', buildkit],
      [undefined, buildkit],
    ] as const) {
      const options = { ...(target && { target }), ...(builder && { builder }) };
      const { all } = findBaseImages(stages, options);
      assert.equal(all.map((image) => image.split(':')[1]).join(' '), tags);
    }
  });

// Runs, planned.

type Answer = string | undefined | RegistryError;
function jobOf(step: object, files: Record<string, string>, answer: (image: string) => Answer) {
  const asked: string[] = [];
  const job = {
    task: { name: 'app', properties: { step, platform: { os: 'Linux', architecture: 'amd64' } } },
    run: { runId: 'ca1', createTime: '2026-01-01T00:00:00Z' },
    registry: { name: 'appacr', loginServer: 'appacr.azurecr.io' },
    ports: {
      store: createMemoryStore(),
      settings: sampleSettings,
      clock: { now: () => new Date('2026-01-01T00:00:00Z') },
      log: () => {},
      files: { read: async (_: string, path: string) => files[path] },
      registry: {
        async digestOf({ registry, repository, tag }: { registry: string; repository: string; tag: string }) {
          const image = `${registry}/${repository}:${tag}`;
          asked.push(image);
          const found = answer(image);
          if (found instanceof RegistryError) throw found;
          return found;
        },
      },
    },
  } as unknown as Job;
  return { job, asked };
}

const planFile = (text: string, files: Record<string, string>, answer: (image: string) => Answer) => {
  const step = {
    type: 'EncodedTask' as const,
    encodedTaskContent: Buffer.from(text).toString('base64'),
    values: [],
  };
  const { job, asked } = jobOf(step, files, answer);
  return { plan: planTaskFile(step, job, { dir: '/context' }), asked };
};
const there = () => digest('d');

test('the engine gets a login for the base of every stage that its builder builds', async () => {
  const step = (env: string) => `steps:\n  - build: --target target .\n${env}`;
  const files = { Dockerfile: stages.replace(base, 'secret.azurecr.io/base') };
  const classic = await planFile(step(''), files, there).plan;
  assert.ok(classic.servers!.includes('secret.azurecr.io'));
  assert.equal(classic.bases!.length, 3);
  const buildkit = await planFile(step('    env: [DOCKER_BUILDKIT=1]\n'), files, there).plan;
  assert.deepEqual(buildkit.servers, ['baseacr.azurecr.io']);
});

const denied = () => new RegistryError('Unauthorized', 'may not be read');
const missing = () => undefined;
const made: [title: string, cmd: string, from: string, answer: () => Answer][] = [
  ['docker build', 'docker build -t made:1 .', 'made:1', missing],
  ['docker tag in a shell', "bash -c 'docker pull x && docker tag x local/made:1'", 'local/made:1', missing],
  ['a name of which Docker Hub says that it may not be read', 'docker build -t made:1 .', 'made:1', denied],
  ['a script that does not say what it makes', 'bash ./make.sh', 'made:1', missing],
  ['an image that is in a registry too, but is made anew', `docker build -t ${base}:1 .`, `${base}:1`, there],
  ['docker load', 'docker load -i made.tar made:1', 'made:1', there],
  ['buildx', 'docker buildx build --tag=made:1 .', 'made:1', there],
];
for (const [title, cmd, from, answer] of made)
  test(`a base image that a cmd step before makes stays as it is named: ${title}`, async () => {
    const text = `steps:\n  - cmd: ${JSON.stringify(cmd)}\n  - build: -t app:1 .\n`;
    const { bases, notes, replace } = await planFile(text, { Dockerfile: `FROM ${from}\n` }, answer).plan;
    assert.deepEqual(bases, []);
    assert.match(
      notes.join('\n'),
      /Warning: base image \S*made:1 is not tracked|Warning: base image \S*base:1 is not/,
    );
    assert.ok(replace.every(({ content }) => !content.includes('@sha256:')));
  });

test('an image that a cmd step only pulls or runs is pinned, and one that only a later cmd could make is missed', async () => {
  const file = { Dockerfile: `FROM ${base}:1\n` };
  const pulled = await planFile(`steps:\n  - cmd: docker pull ${base}:1\n  - build: .\n`, file, there).plan;
  assert.equal(pulled.bases!.length, 1);
  const later = planFile('steps:\n  - build: .\n  - cmd: docker build -t x .\n', file, missing).plan;
  await assert.rejects(later, /does not exist/);
});

test('what a step builds on is the base image where only that step itself or a later one makes it', async () => {
  const text = 'steps:\n  - build: -t appacr.azurecr.io/x:1 .\n  - push: ["appacr.azurecr.io/x:1"]\n';
  const plan = await planFile(text, { Dockerfile: 'FROM appacr.azurecr.io/x:1\n' }, there).plan;
  assert.deepEqual(
    plan.bases!.map(({ image }) => image),
    ['appacr.azurecr.io/x:1'],
  );
});

// Secrets.

const secrets: [title: string, dockerfile: string, value: string][] = [
  ['a whole name', 'ARG S\nFROM $S\n', 'hush.azurecr.io/hush/base:1'],
  ['a registry', 'ARG S\nFROM ${S}/base:1\n', 'Hush.azurecr.io'],
  ['a tag', `ARG S\nFROM ${base}:$S\n`, 'hush-tag'],
  ['a digest', `ARG S\nFROM ${base}@$S\n`, digest('e')],
  ['a build stage', `ARG S\nFROM ${base}:$S AS s\nFROM scratch\nCOPY --from=s / /\n`, 'hush'],
  ['what is no name', 'ARG S\nFROM $S\n', 'Hush//no name'],
];
for (const [title, dockerfile, value] of secrets)
  test(`a base image that a secret argument names is shown nowhere: ${title}`, async () => {
    const step = {
      type: 'Docker' as const,
      contextPath: 'https://git.example.com/app.git',
      dockerFilePath: 'Dockerfile',
      imageNames: ['x:1'],
      isPushEnabled: true,
      noCache: false,
      arguments: [{ name: 'S', value, isSecret: true }],
    };
    const { job } = jobOf(step, { Dockerfile: dockerfile }, missing);
    const shown = await planDockerfile(step, job, { dir: '/context' }).then(
      ({ bases, notes, outputs, replace }) => JSON.stringify({ bases, notes, outputs, replace }),
      (error: Error) => `${error.message} ${error.stack}`,
    );
    assert.ok(!shown.toLowerCase().includes(value.toLowerCase()), shown);
    assert.match(shown, /secret argument/);
  });

test('a secret argument that names no base image, though one has its letters, changes nothing', async () => {
  const step = {
    type: 'Docker' as const,
    contextPath: 'https://git.example.com/app.git',
    dockerFilePath: 'Dockerfile',
    imageNames: ['x:1'],
    isPushEnabled: true,
    noCache: false,
    arguments: [{ name: 'S', value: 'base', isSecret: true }],
  };
  const { job } = jobOf(step, { Dockerfile: `ARG S\nFROM ${base}:1\n` }, there);
  assert.equal((await planDockerfile(step, job, { dir: '/context' })).bases!.length, 1);
});

// A registry that does not say the digest.

test('a digest that the registry does not name is counted, so that a tag that moves is seen to move', async () => {
  let body = JSON.stringify({ schemaVersion: 2, config: { digest: digest('1') }, layers: [] });
  const server = createServer((_, response) => response.end(body)).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  try {
    const { port } = server.address() as AddressInfo;
    const reader = createOciReader({
      endpoint: `http://127.0.0.1:${port}`,
      repository: 'a/b',
      login: { kind: 'anonymous' },
      name: 'a/b',
      fetch,
    });
    const before = await reader.digest('1');
    assert.match(before!, /^sha256:[0-9a-f]{64}$/);
    assert.equal(await reader.digest('1'), before);
    body = body.replace(digest('1'), digest('2'));
    assert.notEqual(await reader.digest('1'), before);
    assert.equal((await reader.manifest('1'))!.digest, await reader.digest('1'));
  } finally {
    server.close();
  }
});

test.run();
