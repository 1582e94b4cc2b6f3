import assert from 'node:assert/strict';
import { test } from 'uvu';
import { planTaskFile } from '../../../../shared/flow/prepare/planTaskFile.ts';
import { base, digest, encodedStep, type Images, jobOf } from './jobs.ts';

const there = { dir: '/context' };
const from = (tag: number) => `FROM ${base}:${tag}\n`;
const on = (tag: number) => `FROM ${base}@${digest(tag)}\n`;
const byArgument = `ARG V=1\nFROM ${base}:$V\n`;
const mid = 'appacr.azurecr.io/mid:1';
const app = 'appacr.azurecr.io/app:1';
const build = (rest: string) => `build: ${rest}`;
const copy = (at: number) => `.plinth-pinned/step-${at}/Dockerfile`;
const secret = [{ name: 's', value: 'hunter2', isSecret: true }];

/** Each: the steps, the Dockerfiles, and which are written with which images in them. */
const places: [
  title: string,
  steps: string[],
  files: Record<string, string>,
  written: Record<string, string>,
][] = [
  ['a copy where nothing can change it', [build('.')], { Dockerfile: from(1) }, { [copy(0)]: on(1) }],
  [
    'a copy for each step',
    [build('.'), build('.')],
    { Dockerfile: from(1) },
    { [copy(0)]: on(1), [copy(1)]: on(1) },
  ],
  [
    'in place where a command may change it',
    ['cmd: x', build('.')],
    { Dockerfile: from(1) },
    { Dockerfile: on(1) },
  ],
  [
    'in place where a command comes behind',
    [build('.'), 'cmd: x'],
    { Dockerfile: from(1) },
    { Dockerfile: on(1) },
  ],
  [
    'in place, once for two steps',
    ['cmd: x', build('.'), build('-t b:1 .')],
    { Dockerfile: from(1) },
    { Dockerfile: on(1) },
  ],
  [
    'in place, each of two',
    ['cmd: x', build('.'), build('web')],
    { Dockerfile: from(1), 'web/Dockerfile': from(2) },
    { Dockerfile: on(1), 'web/Dockerfile': on(2) },
  ],
  [
    'in two copies where two steps pin it otherwise',
    ['cmd: x', build('.'), build('--build-arg V=2 .')],
    { Dockerfile: byArgument },
    {
      [copy(1)]: `ARG V=1\n${on(1)}`,
      [copy(2)]: `ARG V=1\n${on(2)}`,
    },
  ],
  [
    'only where no step before makes the image',
    [build('.'), build(`-t ${mid} web`), build('.')],
    { Dockerfile: `FROM ${mid}\n`, 'web/Dockerfile': from(2) },
    {
      [copy(0)]: `FROM appacr.azurecr.io/mid@${digest(1)}\n`,
      [copy(1)]: on(2),
      [copy(2)]: `FROM ${mid}\n`,
    },
  ],
  [
    'only where no secret names the image',
    [build('.'), build('--build-arg V={{.Values.s}} web')],
    { Dockerfile: 'FROM reg.example/hunter2:1\n', 'web/Dockerfile': 'ARG V\nFROM reg.example/$V:1\n' },
    {
      [copy(0)]: `FROM reg.example/hunter2@${digest(1)}\n`,
      [copy(1)]: 'ARG V\nFROM reg.example/$V:1\n',
    },
  ],
];
for (const [title, steps, files, written] of places)
  test(`a Dockerfile of a task file is pinned: ${title}`, async () => {
    const step = encodedStep(steps, { values: secret });
    const { job } = jobOf({ step, files });
    const { replace, work } = await planTaskFile(step, job, there);
    const dockerfiles = replace.filter(({ path }) => path.endsWith('Dockerfile'));
    assert.deepEqual(Object.fromEntries(dockerfiles.map(({ path, content }) => [path, content])), written);
    assert.ok(work.kind === 'TaskFile');
    const copies = Object.keys(written).filter((path) => path.startsWith('.plinth-pinned/'));
    assert.deepEqual(work.text.match(/\.plinth-pinned\S*Dockerfile/g) ?? [], copies);
  });

/** Each: a build step, where its Dockerfile is, what -f names, and the ignore files that are looked for. */
const folders: [
  title: string,
  build: string,
  dockerfile: string,
  file: string,
  ignores: readonly string[],
][] = [
  ['all of the context', '{build: .}', 'Dockerfile', '', ['.dockerignore', 'Dockerfile.dockerignore']],
  ['a folder', '{build: web}', 'web/Dockerfile', '', ['web/.dockerignore', 'web/Dockerfile.dockerignore']],
  [
    ...(['a working directory', '{build: ., workingDirectory: web}', 'web/Dockerfile', '../'] as const),
    ['web/.dockerignore', 'web/Dockerfile.dockerignore'],
  ],
  [
    ...([
      'the folder above a working directory',
      '{build: .., workingDirectory: a/b}',
      'a/Dockerfile',
      '../../',
    ] as const),
    ['a/.dockerignore', 'a/Dockerfile.dockerignore'],
  ],
  ['what is around the context', '{build: -f Dockerfile ..}', 'Dockerfile', '', ['Dockerfile.dockerignore']],
  [
    'what only begins like the context',
    ...(['{build: -f Dockerfile ../workspace2}', 'Dockerfile', '', ['Dockerfile.dockerignore']] as const),
  ],
  [
    'a folder elsewhere',
    '{build: -f /workspace/Dockerfile ., workingDirectory: /other}',
    ...(['Dockerfile', '/workspace/', ['Dockerfile.dockerignore']] as const),
  ],
  [
    'a folder elsewhere like the context',
    '{build: -f /workspace/Dockerfile ., workingDirectory: /workspace2}',
    ...(['Dockerfile', '/workspace/', ['Dockerfile.dockerignore']] as const),
  ],
];
for (const [title, step, dockerfile, file, ignores] of folders)
  test(`the pinned Dockerfile is named from where its step runs, and ignored in what it builds: ${title}`, async () => {
    const encoded = encodedStep([step]);
    const { job, read } = jobOf({ step: encoded, files: { [dockerfile]: from(1) } });
    const { work } = await planTaskFile(encoded, job, there);
    assert.ok(work.kind === 'TaskFile');
    assert.match(work.text, new RegExp(`-f ${file}${copy(0)}`.replaceAll('.', '\\.')));
    assert.deepEqual(read.filter((path) => path.endsWith('.dockerignore')).sort(), ignores);
  });

const push = (...names: string[]) => `push: [${names.map((name) => `"${name}"`).join()}]`;
/** Each: the steps, the Dockerfiles, what registries answer, what the pushed images stand on, which images are RunTime. */
const standings: [
  title: string,
  steps: string[],
  files: Record<string, string>,
  images: Images,
  standsOn: [image: string, base: string][],
  runtime: string[],
][] = [
  [
    'a base image',
    [build(`-t ${app} .`), push(app)],
    { Dockerfile: from(1) },
    {},
    [[app, `${base}:1`]],
    [`${base}:1`],
  ],
  [
    'the base image of what a step before makes',
    [build(`-t ${mid} .`), build(`-t ${app} web`), push(app, mid)],
    { Dockerfile: from(1), 'web/Dockerfile': `FROM ${mid}\n` },
    {},
    [
      [app, `${base}:1`],
      [mid, `${base}:1`],
    ],
    [`${base}:1`],
  ],
  [
    'what it was itself before',
    [build(`-t ${base}:1 .`), push(`${base}:1`)],
    { Dockerfile: from(1) },
    {},
    [[`${base}:1`, `${base}:1`]],
    [`${base}:1`],
  ],
  [
    'what a step behind it makes anew',
    [build(`-t ${app} .`), build(`-t ${mid} web`), push(app)],
    { Dockerfile: `FROM ${mid}\n`, 'web/Dockerfile': from(2) },
    {},
    [[app, mid]],
    [mid],
  ],
  [
    'nothing',
    [build(`-t ${app} .`), push(app)],
    { Dockerfile: `FROM scratch\nCOPY --from=${base}:1 / /\n` },
    {},
    [],
    [],
  ],
  [
    'nothing, and not pushed',
    [build('web'), build('.')],
    { Dockerfile: 'FROM scratch\n', 'web/Dockerfile': from(1) },
    {},
    [],
    [],
  ],
  ['what no step makes', [build(`-t ${mid} .`), push(app)], { Dockerfile: from(1) }, {}, [], [`${base}:1`]],
  [
    'what a secret names',
    [build(`--build-arg V={{.Values.s}} -t ${app} .`), push(app)],
    { Dockerfile: 'ARG V\nFROM reg.example/$V:1\n' },
    {},
    [],
    [],
  ],
  [
    'what a command makes',
    ['cmd: make', build(`-t ${app} .`), push(app)],
    { Dockerfile: from(1) },
    { [`${base}:1`]: undefined },
    [],
    [],
  ],
  [
    'one image under two names',
    [build(`-t ${app} -t ${mid} .`), push(app), push(mid)],
    { Dockerfile: from(1) },
    {},
    [
      [app, `${base}:1`],
      [mid, `${base}:1`],
    ],
    [`${base}:1`],
  ],
  [
    'a tag of the day',
    [build(`-t day:$(date) -t ${app} .`), push(app)],
    { Dockerfile: from(1) },
    {},
    [[app, `${base}:1`]],
    [`${base}:1`],
  ],
  ['no image at all', ['cmd: x'], {}, {}, [], []],
];
for (const [title, steps, files, images, standsOn, runtime] of standings)
  test(`what the images of a task file stand on: ${title}`, async () => {
    const step = encodedStep(steps, { values: secret });
    const { job } = jobOf({ step, files, images });
    const plan = await planTaskFile(step, job, there);
    assert.deepEqual(
      plan.standsOn!.map((one) => [one.image, one.base]),
      standsOn,
    );
    const ofRuntime = plan.bases!.filter(({ type }) => type === 'RunTime');
    assert.deepEqual(
      ofRuntime.map(({ image }) => image),
      runtime,
    );
  });

/** Each: the steps, the pushed images that stay, and the registries of which the engine needs a login. */
const outputs: [title: string, steps: string[], outputs: string[], servers: string[]][] = [
  ['one', [push(app)], [app], ['appacr.azurecr.io']],
  [
    'of another registry',
    [push('reg.example/a:1', 'reg.example/b')],
    ['reg.example/a:1', 'reg.example/b:latest'],
    ['reg.example'],
  ],
  ['named by the run, and one that stays', [push('a.io/a:{{.Run.ID}}', 'a.io/b:1')], ['a.io/b:1'], ['a.io']],
  ['named by the commit', [push('a.io/a:{{.Run.Commit}}x')], [], ['a.io']],
  ['named by the time', [push('a.io/a:{{.Run.Date}}')], [], ['a.io']],
  ['named by the registry', [push('{{.Run.Registry}}/app:1')], [app], ['appacr.azurecr.io']],
  [
    'only in runs without a commit',
    [`{{if .Run.Commit}}cmd: a.io/x{{else}}${push('a.io/a:1')}{{end}}`],
    [],
    ['a.io'],
  ],
  [
    'only in runs with a commit',
    [`{{if .Run.Commit}}${push('a.io/a:1')}{{else}}cmd: b.io/x{{end}}`],
    [],
    ['b.io'],
  ],
  [
    'by a step that runs with a commit have not',
    [`${push('a.io/a:1')}\n{{if .Run.Commit}}{{else}}\n  - ${push('a.io/b:1')}\n{{end}}`],
    ['a.io/a:1'],
    ['a.io'],
  ],
  ['none, but images that are run', ['cmd: b.io/x run', 'cmd: $TOOL run', 'cmd: b.io/y'], [], ['b.io']],
];
for (const [title, steps, names, servers] of outputs)
  test(`what a task file pushes in each run under the same name: ${title}`, async () => {
    const step = encodedStep(steps);
    const { job } = jobOf({ step });
    const plan = await planTaskFile(step, job, there);
    assert.deepEqual([plan.outputs, plan.servers], [names, servers]);
  });

test.run();
