import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import type { BuildPlan } from '../../../../shared/flow/prepare/buildPlan.ts';
import { planDockerfile } from '../../../../shared/flow/prepare/planDockerfile.ts';
import type { Pin, Run } from '../../../../shared/model/run.ts';
import type { DockerStep } from '../../../../shared/model/task.ts';
import type { DockerfileWork } from '../../../../shared/ports/runEngine.ts';
import { base, digest, gitUrl, jobOf, runId } from './jobs.ts';

const plain: DockerStep = {
  ...{ type: 'Docker', contextPath: gitUrl, dockerFilePath: 'Dockerfile', imageNames: ['app:1'] },
  ...{ isPushEnabled: true, noCache: false, arguments: [] },
};
const app = 'appacr.azurecr.io/app:1';
const work: DockerfileWork = {
  ...{ kind: 'Dockerfile', imageNames: ['app:1'], isPushEnabled: true, noCache: false },
  ...{ dockerFilePath: '.plinth-pinned/Dockerfile', arguments: [] },
};
const pin = (tag: number, type: Pin['type'] = 'RunTime'): Pin => ({
  ...{ image: `${base}:${tag}`, type, digest: digest(tag) },
});
const on = (tag: number) => `FROM ${base}@${digest(tag)}`;
const argument = (name: string, value: string, isSecret = false) => ({ name, value, isSecret });
const overrides = (change: Partial<Run['overrides']>) => ({
  overrides: { arguments: [], values: [], ...change },
});
const stages = `FROM ${base}:1 AS one\nFROM ${base}:2 AS two\nFROM ${base}:3\n`;
const secretNote =
  'Warning: a base image that a secret argument names is neither pinned nor tracked, as its name would be shown.';

interface Row {
  title: string;
  step?: Partial<DockerStep>;
  run?: Partial<Run>;
  /** Where it lies, and what is in it. */
  file?: string;
  text?: string;
  /** What the engine is asked, beside the usual. */
  work?: Partial<DockerfileWork>;
  pins?: Pin[];
  /** Lines of the pinned Dockerfile. */
  says?: string[];
  outputs?: string[];
  servers?: string[];
  /** Beside one for each base image. */
  notes?: [before: string[], after: string[]];
}
const rows: Row[] = [
  { title: 'one base image', says: [on(1)] },
  {
    title: 'a stage besides',
    text: `FROM ${base}:2 AS s\nFROM ${base}:1\nCOPY --from=s / /\n`,
    pins: [pin(2, 'BuildTime'), pin(1)],
    ...{
      says: [`${on(2)} AS s`, on(1)],
    },
  },
  {
    title: 'a stage that is the target',
    ...{ step: { target: 'one' }, text: stages, work: { target: 'one' }, says: [`${on(1)} AS one`] },
  },
  {
    title: 'a target of the run alone',
    ...{ run: overrides({ target: 'one' }), text: stages, work: { target: 'one' } },
  },
  {
    title: 'a target of the run in place of the task’s',
    ...{ step: { target: 'two' }, run: overrides({ target: 'one' }), text: stages, work: { target: 'one' } },
  },
  {
    title: 'a run of another target’s task that asks for none',
    ...{ step: { target: 'one' }, run: overrides({}), text: stages, work: { target: 'one' } },
  },
  {
    title: 'an argument that names a tag',
    step: { arguments: [argument('V', '1')] },
    ...{ text: `ARG V=2\nFROM ${base}:$V\n`, work: { arguments: [argument('V', '1')] } },
  },
  {
    title: 'an argument of the run in place of the task’s',
    step: { arguments: [argument('V', '2'), argument('W', '{{.Run.TaskName}}')] },
    run: overrides({ arguments: [argument('V', '1')] }),
    text: `ARG V\nFROM ${base}:$V\n`,
    work: { arguments: [argument('W', 'app'), argument('V', '1')] },
  },
  {
    title: 'an argument of the run alone',
    run: overrides({ arguments: [argument('V', '1')] }),
    ...{ text: `ARG V\nFROM ${base}:$V\n`, work: { arguments: [argument('V', '1')] } },
  },
  {
    title: 'a name that is new with each run',
    step: { imageNames: ['app:{{.Run.ID}}', 'app:1'] },
    work: { imageNames: [`app:${runId}`, 'app:1'] },
  },
  {
    title: 'an image that is not pushed',
    ...{ step: { isPushEnabled: false }, work: { isPushEnabled: false } },
    ...{ outputs: [], servers: ['baseacr.azurecr.io'] },
  },
  {
    title: 'no image',
    ...{ step: { imageNames: [] }, work: { imageNames: [], isPushEnabled: false } },
    ...{ outputs: [], servers: ['baseacr.azurecr.io'] },
  },
  {
    title: 'no image that is not pushed',
    step: { imageNames: [], isPushEnabled: false },
    work: { imageNames: [], isPushEnabled: false },
    ...{ outputs: [], servers: ['baseacr.azurecr.io'] },
  },
  {
    title: 'a Dockerfile in a folder, written in a roundabout way',
    ...{ step: { dockerFilePath: './docker//Dockerfile' }, file: 'docker/Dockerfile' },
  },
  { title: 'a Dockerfile with a slash before it', step: { dockerFilePath: '/Dockerfile' } },
  {
    title: 'another Dockerfile of the run',
    ...{ run: overrides({ file: 'Other' }), file: 'Other', work: { dockerFilePath: '.plinth-pinned/Other' } },
  },
  {
    title: 'a base image that a secret names',
    step: { arguments: [argument('B', 'reg.example/hunter2:1', true)] },
    text: `ARG B\nFROM $B\nCOPY --from=${base}:1 / /\n`,
    ...{ work: { arguments: [argument('B', 'reg.example/hunter2:1', true)] }, pins: [pin(1, 'BuildTime')] },
    says: ['FROM $B', `COPY --from=${base}@${digest(1)} / /`],
    servers: ['reg.example', 'baseacr.azurecr.io', 'appacr.azurecr.io'],
    notes: [[], [secretNote]],
  },
  {
    title: 'a frontend of others',
    text: `# syntax=reg.example/other:1\nFROM ${base}:1\n`,
    notes: [
      [
        'Warning: The file is read by the frontend reg.example/other:1; its base images were found as docker/dockerfile finds them.',
      ],
      [],
    ],
  },
];
for (const row of rows)
  test(`what a Dockerfile comes to: ${row.title}`, async () => {
    const step = { ...plain, ...row.step };
    const { file = 'Dockerfile', text = `FROM ${base}:1\n`, pins = [pin(1)] } = row;
    const { job, read, asked } = jobOf({ step, run: row.run, files: { [file]: text } });
    const { replace, ...plan } = await planDockerfile(step, job, { dir: '/context' });
    const [before, after] = row.notes ?? [[], []];
    const asks = { ...work, ...row.work };
    const expected: Omit<BuildPlan, 'replace'> = {
      work: asks,
      bases: pins,
      servers: row.servers ?? ['baseacr.azurecr.io', 'appacr.azurecr.io'],
      notes: [
        ...before,
        ...pins.map((one) => `Base image (${one.type}): ${one.image}@${one.digest}`),
        ...after,
      ],
      outputs: row.outputs ?? [app],
    };
    assert.deepEqual({ ...plan, servers: [...new Set(plan.servers)] }, expected);
    assert.deepEqual(
      asked,
      pins.map(({ image }) => image),
      'each base image is asked for once',
    );
    assert.equal(read.filter((path) => path === file).length, 1);
    const pinned = replace.find(({ path }) => path === asks.dockerFilePath);
    for (const line of row.says ?? []) assert.ok(pinned?.content.split('\n').includes(line), pinned?.content);
  });

/** Each: the Dockerfile of the step, the run, the file that is looked for, the context that the sentence names. */
const missing: [title: string, path: string, run: Partial<Run>, looked: string, context: string][] = [
  ['not there', 'Dockerfile', {}, 'Dockerfile', gitUrl],
  ['outside', '../Dockerfile', {}, '../Dockerfile', gitUrl],
  ['outside by its folder', 'x/./../..//Dockerfile', {}, 'x/../../Dockerfile', gitUrl],
  [
    'not in the context of the run',
    'Dockerfile',
    overrides({ contextPath: 'https://git.example.com/other.git' }),
    'Dockerfile',
    'https://git.example.com/other.git',
  ],
  [
    'not in the context at its commit',
    'Dockerfile',
    { sourceTrigger: { commitId: 'abc', repositoryUrl: gitUrl } as never },
    'Dockerfile',
    `${gitUrl}#abc`,
  ],
];
for (const [title, dockerFilePath, run, looked, context] of missing)
  test(`a Dockerfile that is ${title} is named with its context`, async () => {
    const step = { ...plain, dockerFilePath };
    const { job, read } = jobOf({ step, run });
    await assert.rejects(
      planDockerfile(step, job, { dir: '/context' }),
      new BuildFault(
        `There is no ${dockerFilePath} in ${context}. The path is relative to the root of the context, and a link to outside of it is not followed.`,
      ),
    );
    assert.deepEqual(read, [looked]);
  });

const unread: [title: string, step: Partial<DockerStep>, work: Partial<DockerfileWork>, outputs: string[]][] =
  [
    ['of an image', {}, {}, [app]],
    ['of an image that is not pushed', { isPushEnabled: false }, { isPushEnabled: false }, []],
    ['of a target', { target: 'one', noCache: true }, { target: 'one', noCache: true }, [app]],
  ];
for (const [title, change, asks, outputs] of unread)
  test(`of a Dockerfile ${title} that only the engine can read nothing is known but what it makes`, async () => {
    const step = { ...plain, ...change };
    const { job, read, asked } = jobOf({ step });
    assert.deepEqual(await planDockerfile(step, job, 'engine'), {
      work: { ...work, dockerFilePath: 'Dockerfile', ...asks },
      ...{ replace: [], bases: undefined, servers: undefined, notes: [], outputs },
    });
    assert.deepEqual([read, asked], [[], []]);
  });

test.run();
