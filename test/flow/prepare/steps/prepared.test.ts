import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Prepared, prepare } from '../../../../shared/flow/prepare/prepare.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { DockerStep, TaskProperties, TaskStep } from '../../../../shared/model/task.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { type BuildRequest, RunEngineError } from '../../../../shared/ports/runEngine.ts';
import { type FetchedSource, SourceError } from '../../../../shared/ports/sourceContext.ts';
import { base, digest, encodedStep, gitUrl, jobOf } from './jobs.ts';

const now = '2026-11-23T10:00:00.000Z';
const earlier = '2026-11-23T09:00:00.000Z';
const otherUrl = 'https://other.example.com/app.git';
const docker: DockerStep = {
  ...{ type: 'Docker', contextPath: gitUrl, dockerFilePath: 'Dockerfile', imageNames: ['app:1'] },
  ...{ isPushEnabled: true, noCache: false, arguments: [] },
};
const app = 'appacr.azurecr.io/app:1';
const file = encodedStep(['build: -t appacr.azurecr.io/app:1 .', 'push: ["appacr.azurecr.io/app:1"]'], {
  contextPath: gitUrl,
});
const runs = encodedStep(['cmd: appacr.azurecr.io/tool:1']);
const image = `${base}:1`;
const pin = { image, type: 'RunTime' as const, digest: digest(1) };
const baseNote = `Base image (RunTime): ${image}@${pin.digest}`;
const trigger = { commitId: 'abc', branchName: 'work', repositoryUrl: gitUrl } as Run['sourceTrigger'];
const overrides = (contextPath: string) => ({ overrides: { contextPath, arguments: [], values: [] } });
const opaque = (value: string) => ({ type: 'Opaque' as const, value });
const vaulted = { type: 'Vaultsecret' as const, value: 'https://v/secrets/p' };

const terms = {
  ...{ timeout: 3600, platform: { os: 'Linux', architecture: 'amd64' }, usesOwnRegistry: true, logins: {} },
  isArchiveEnabled: false,
};
const request = {
  ...{ ...terms, kind: 'Dockerfile', imageNames: ['app:1'], isPushEnabled: true, noCache: false },
  ...{ dockerFilePath: '.plinth-pinned/Dockerfile', arguments: [], source: 'uploaded/1' },
};
const usual: Prepared = {
  request: request as BuildRequest,
  ...{ pins: [pin], pinnedAt: now, notes: [`Context: ${gitUrl}`, baseNote], outputs: [app] },
};

interface Row {
  title: string;
  step?: TaskStep;
  properties?: Partial<TaskProperties>;
  run?: Partial<Run>;
  /** What its source is, or is met instead. */
  source?: Partial<FetchedSource> | Error;
  text?: string;
  /** What it comes to, beside the usual; its text left out of what the engine is asked. */
  comes?: Partial<Prepared>;
  asks?: object;
  /** Where the context is fetched from, if it is, and with which token. */
  from?: string | undefined;
  token?: string;
}
const unread = { kind: 'UnreadTaskFile' };
const rows: Row[] = [
  { title: 'a Dockerfile' },
  {
    title: 'a Dockerfile at a commit of a branch',
    source: { commit: 'c0ffee', branch: 'main' },
    comes: { commit: 'c0ffee', branch: 'main', notes: [`Context: ${gitUrl} at c0ffee`, baseNote] },
  },
  {
    title: 'a Dockerfile at the commit that started the run',
    ...{ run: { sourceTrigger: trigger }, source: { commit: 'c0ffee' } },
    comes: { commit: 'c0ffee', branch: 'work', notes: [`Context: ${gitUrl}#abc at c0ffee`, baseNote] },
  },
  {
    title: 'a Dockerfile of a branch that another than the trigger’s names',
    ...{ run: { sourceTrigger: trigger }, source: { branch: 'main' } },
    comes: { branch: 'main', notes: [`Context: ${gitUrl}#abc`, baseNote] },
  },
  {
    title: 'a Dockerfile in a source with warnings',
    source: { warnings: ['a submodule was not fetched', 'another'] },
    comes: {
      notes: [`Context: ${gitUrl}`, 'Warning: a submodule was not fetched', 'Warning: another', baseNote],
    },
  },
  { title: 'a run that was pinned before', run: { pinnedAt: earlier }, comes: { pinnedAt: earlier } },
  {
    title: 'a Dockerfile of which one base image names its digest',
    text: `FROM ${base}:2@${digest(2)} AS s\nFROM ${image}\nCOPY --from=s / /\n`,
    comes: {
      notes: [`Context: ${gitUrl}`, `Base image (BuildTime): ${base}:2@${digest(2)}@${digest(2)}`, baseNote],
    },
  },
  {
    title: 'a context with a token',
    ...{ step: { ...docker, contextAccessToken: 'secret' }, token: 'secret' },
  },
  {
    title: 'a context of the run on another server than the token’s',
    ...{ step: { ...docker, contextAccessToken: 'secret' }, run: overrides(otherUrl), from: otherUrl },
    comes: { notes: [`Context: ${otherUrl}`, baseNote] },
  },
  {
    title: 'a password that a vault keeps',
    properties: {
      credentials: {
        customRegistries: {
          'baseacr.azurecr.io': { userName: opaque('u'), password: vaulted, identity: '[system]' },
        },
      },
    },
    asks: { logins: { 'baseacr.azurecr.io': { userName: 'u', password: 'opened https://v/secrets/p' } } },
  },
  {
    title: 'a task that does without its own registry',
    properties: { credentials: { sourceRegistry: { loginMode: 'None' } } },
    asks: { usesOwnRegistry: false },
  },
  {
    title: 'a task that says what the engine is to have',
    properties: {
      agentConfiguration: { cpu: 4 },
      agentPoolName: 'pool',
      logTemplate: 'logs:1',
      timeout: 900,
    },
    asks: { cpu: 4, pool: 'pool', logTemplate: 'logs:1', timeout: 900 },
  },
  {
    title: 'a run that says it in place of its task',
    properties: { agentPoolName: 'pool', logTemplate: 'logs:1' },
    run: { agentPoolName: 'mine', logTemplate: 'logs:2', isArchiveEnabled: true },
    asks: { pool: 'mine', logTemplate: 'logs:2', isArchiveEnabled: true },
  },
  {
    title: 'a run that says it where its task does not',
    run: { agentPoolName: 'mine', logTemplate: 'logs:2' },
    asks: { pool: 'mine', logTemplate: 'logs:2' },
  },
  {
    title: 'a task file in the task',
    step: file,
    asks: { kind: 'TaskFile', values: [] },
    comes: { standsOn: [{ image: app, base: image }] },
  },
  {
    title: 'a task file without a context',
    ...{ step: runs, from: undefined, asks: { kind: 'TaskFile', values: [], source: undefined } },
    comes: { pins: [], notes: [], outputs: [], standsOn: [] },
  },
  {
    title: 'a task file without a context, pinned before',
    ...{ step: { ...runs, contextPath: '/dev/null' }, run: { pinnedAt: earlier }, from: undefined },
    asks: { kind: 'TaskFile', values: [], source: undefined },
    comes: { pins: [], notes: [], outputs: [], standsOn: [], pinnedAt: earlier },
  },
  {
    title: 'an upload of a client',
    ...{ run: overrides('source/1.tar.gz'), from: undefined },
    asks: { dockerFilePath: 'Dockerfile', source: 'source/1.tar.gz' },
    comes: {
      pins: undefined,
      notes: ['The context was uploaded by the client; its base images are not pinned.'],
      outputs: [],
    },
  },
  {
    title: 'a context that is too large',
    source: new SourceError('TooLarge', 'It is larger than 64 MiB.'),
    asks: { dockerFilePath: 'Dockerfile', source: gitUrl },
    comes: {
      pins: undefined,
      notes: [`Context: ${gitUrl}, fetched by the run engine. It is larger than 64 MiB.`],
    },
  },
  {
    title: 'a context that is too large, at the commit that started the run',
    ...{ run: { sourceTrigger: trigger }, source: new SourceError('TooLarge', 'It is large.') },
    asks: { dockerFilePath: 'Dockerfile', source: `${gitUrl}#abc` },
    comes: {
      ...{ pins: undefined, commit: 'abc', branch: 'work' },
      notes: [`Context: ${gitUrl}#abc, fetched by the run engine. It is large.`],
    },
  },
  {
    title: 'a task file in a context that is too large',
    step: { type: 'FileTask', contextPath: gitUrl, taskFilePath: 'acb.yaml', values: [] },
    source: new SourceError('TooLarge', 'It is large.'),
    asks: { ...unread, taskFilePath: 'acb.yaml', values: [], source: gitUrl },
    comes: {
      pins: undefined,
      notes: [
        `Context: ${gitUrl}, fetched by the run engine. It is large.`,
        "acb.yaml is read by the run engine: {{.Run.ID}} in it is the engine's own id.",
      ],
      outputs: [],
    },
  },
  {
    title: 'a task file that is too large to read, of which what it stands on is not known',
    ...{ step: file, source: new SourceError('TooLarge', 'It is large.') },
    asks: { kind: 'TaskFile', values: [], source: gitUrl },
    comes: {
      ...{ pins: undefined, standsOn: [] },
      notes: [
        `Context: ${gitUrl}, fetched by the run engine. It is large.`,
        'Warning: the base images of step acb_step_0 are not pinned; it builds Dockerfile, which only the run engine can read.',
      ],
    },
  },
];

/** A run that is prepared, with what is asked of the world, and what of it is not cleared away. */
function preparing({ step = docker, properties, run, source = {}, text }: Omit<Row, 'title'>, fails?: Error) {
  const { job } = jobOf({ step, properties, run, files: { Dockerfile: text ?? `FROM ${image}\n` } });
  const { ports } = job;
  const fetched: unknown[] = [];
  const uploads: unknown[] = [];
  let left = 0;
  const dispose = async () => void left--;
  ports.source.fetch = async (location, options) => {
    fetched.push([location, options]);
    if (source instanceof Error) throw source;
    left++;
    return { dir: '/context', bytes: 1, warnings: [], dispose, ...source };
  };
  ports.files.pack = async (dir) => {
    left++;
    return { path: `packed ${dir}`, size: 1, dispose };
  };
  ports.engine.upload = async (to, { path }) => {
    uploads.push([to, path]);
    if (fails) throw fails;
    return 'uploaded/1';
  };
  ports.vault.secret = async (uri) => `opened ${uri}`;
  ports.registry.pullPassword = async (_, login) =>
    login.kind === 'password' ? { userName: login.userName, password: login.password } : undefined;
  const done = prepare(job.task, job.run, job.registry, ports);
  return { done, fetched, uploads, left: () => left };
}

for (const row of rows)
  test(`what a run is prepared to: ${row.title}`, async () => {
    const { done, fetched, uploads, left } = preparing(row);
    const { request: asks, ...prepared } = await done;
    const { request: _, ...expected } = { ...usual, ...row.comes };
    assert.deepEqual(prepared, expected);
    const { text, ...asked } = { text: undefined, ...asks };
    const isOther = row.asks && 'kind' in row.asks;
    const wanted = { ...(isOther ? { ...terms, source: 'uploaded/1' } : request), ...row.asks };
    assert.deepEqual(asked, JSON.parse(JSON.stringify(wanted)));
    assert.equal(text !== undefined, asked.kind === 'TaskFile');
    const { from = 'from' in row ? undefined : gitUrl } = row;
    const ref = row.run?.sourceTrigger && { ref: 'abc' };
    const options = { maxBytes: 1e9, ...(row.token && { token: row.token }) };
    assert.deepEqual(fetched, from ? [[{ kind: 'git', url: from, ...ref }, options]] : []);
    const isRead = from !== undefined && !(row.source instanceof Error);
    assert.deepEqual(uploads, isRead ? [['appacr', 'packed /context']] : []);
    assert.equal(left(), 0, 'what was fetched and packed is removed');
  });

const busy = new RunEngineError('busy', { transient: true });
const noSuch = new SourceError('NotFound', 'It does not exist.');
const barred = new SourceError('Unauthorized', 'It may not be read.');
const away = new SourceError('Unreachable', 'It does not answer.');
const broken = new RegistryError('NotFound', 'broken');
const withToken = { ...docker, contextAccessToken: 'secret' };
const kept = (home: string) => `The task's token was given for ${home} and is sent to no other server.`;
/** Each: the step, the context of the run, what is met, and the message where another error comes of it. */
const faults: [title: string, step: TaskStep, path: string | undefined, met: Error, says?: string][] = [
  ['is not there', docker, undefined, noSuch],
  ['is not there, with its token', withToken, undefined, noSuch],
  ['is not there, elsewhere', docker, otherUrl, noSuch],
  [
    ...(['is not there, elsewhere, without the token', withToken, otherUrl, noSuch] as const),
    `It does not exist. ${kept('https://git.example.com')}`,
  ],
  [
    ...(['may not be read, elsewhere, without the token', withToken, otherUrl, barred] as const),
    `It may not be read. ${kept('https://git.example.com')}`,
  ],
  [
    'may not be read, without the token of a task that has no context',
    ...([{ ...file, contextPath: undefined, contextAccessToken: 'secret' }, otherUrl, barred] as const),
    `It may not be read. ${kept('another place')}`,
  ],
  ['does not answer, elsewhere', withToken, otherUrl, away],
  ['is met by another fault', withToken, otherUrl, broken],
];
for (const [title, step, path, met, says] of faults)
  test(`a run is not prepared whose context ${title}`, async () => {
    const { done, left } = preparing({ step, source: met, ...(path && { run: overrides(path) }) });
    await assert.rejects(done, (error: Error) => {
      if (says === undefined) assert.equal(error, met);
      else {
        assert.ok(error instanceof SourceError);
        assert.deepEqual([error.code, error.message, error.cause], [(met as SourceError).code, says, met]);
      }
      return true;
    });
    assert.equal(left(), 0);
  });

test('a context that cannot be uploaded is removed, packed and unpacked', async () => {
  const { done, uploads, left } = preparing({}, busy);
  await assert.rejects(done, busy);
  assert.equal(uploads.length, 1);
  assert.equal(left(), 0);
});

test('a context whose Dockerfile is missing is removed', async () => {
  const { done, uploads, left } = preparing({ step: { ...docker, dockerFilePath: 'Other' } });
  await assert.rejects(done, /There is no Other in/);
  assert.equal(uploads.length, 0);
  assert.equal(left(), 0);
});

test.run();
