import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../shared/flow/buildFault.ts';
import { quickRequest } from '../../../shared/flow/prepare/quickBuild.ts';
import { runOwner } from '../../../shared/flow/secrets/owners.ts';
import { type Run, RunRequest } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import type { BuildRequest } from '../../../shared/ports/runEngine.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { sampleRun } from '../../doubles/storeContract.ts';
import { createWorld } from '../../worlds/world.ts';

const runId = formatRunId('appacr', 1);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const build = { type: 'DockerBuildRequest', dockerFilePath: 'Dockerfile' };
const encoded = {
  type: 'EncodedTaskRunRequest',
  encodedTaskContent: base64('steps:\n  - cmd: a {{.Run.ID}}\n'),
};
const file = { type: 'FileTaskRunRequest', taskFilePath: './acb.yaml' };
const git = 'https://github.com/a/b.git';
const terms = {
  ...{ timeout: 3600, platform: { os: 'Linux' }, usesOwnRegistry: true, logins: {}, isArchiveEnabled: false },
};
const built: BuildRequest = {
  ...{ kind: 'Dockerfile', noCache: false, dockerFilePath: 'Dockerfile', arguments: [], imageNames: [] },
  ...{ isPushEnabled: false, ...terms },
};
const text = (shown: string, more: object = {}): object => ({
  ...{ kind: 'TaskFile', text: shown, values: [], ...terms, ...more },
});
const unread = { kind: 'UnreadTaskFile', taskFilePath: './acb.yaml', values: [], ...terms };
const login = { userName: 'u', password: 'w' };
const opaque = (value: string) => ({ type: 'Opaque', value });
const credentials = { customRegistries: { 'Other.io': { userName: opaque('u'), password: opaque('w') } } };

interface Row {
  title: string;
  request: object;
  run?: Partial<Run>;
  pool?: string;
  /** The files of its context, or what is met as it is fetched. */
  context?: Record<string, string> | Error;
  asked?: object;
  /** What of the text is sent. */
  says?: RegExp;
  fails?: RegExp;
}
const rows: Row[] = [
  { title: 'a build of nothing else', request: build, asked: built },
  {
    title: 'a build of an image',
    request: { ...build, imageNames: ['app:{{.Run.ID}}'] },
    asked: { ...built, imageNames: [`app:${runId}`], isPushEnabled: true },
  },
  {
    title: 'a build of an image that is not pushed',
    request: { ...build, imageNames: ['app:1'], isPushEnabled: false },
    asked: { ...built, imageNames: ['app:1'] },
  },
  {
    title: 'a build for another registry, with its credentials',
    request: { ...build, imageNames: ['OTHER.io/app:1'], credentials },
    asked: {
      ...built,
      ...{ imageNames: ['other.io/app:1'], isPushEnabled: true, logins: { 'other.io': login } },
    },
  },
  {
    title: 'a build with a password that a vault keeps',
    request: {
      ...build,
      credentials: {
        customRegistries: {
          'other.io': {
            ...{ userName: opaque('u'), password: { type: 'Vaultsecret', value: 'https://v/p' } },
            identity: '[system]',
          },
        },
      },
    },
    asked: { ...built, logins: { 'other.io': { ...login, password: 'opened https://v/p' } } },
  },
  {
    title: 'a build without its own registry',
    request: { ...build, credentials: { sourceRegistry: { loginMode: 'None' } } },
    asked: { ...built, usesOwnRegistry: false },
  },
  {
    title: 'a build of a stage, from a context, anew',
    request: { ...build, target: 'test', sourceLocation: git, noCache: true },
    asked: { ...built, target: 'test', source: git, noCache: true },
  },
  {
    title: 'a build with arguments, one of which only the Dockerfile can read',
    request: {
      ...build,
      arguments: [
        { name: 'A', value: '{{.Run.OS}}-{{.Run.Architecture}}-{{.Run.RegistryName}}' },
        { name: 'B', value: '{{.Values.x}}' },
        { name: 'C', value: 'hunter2', isSecret: true },
      ],
    },
    asked: {
      ...built,
      arguments: [
        { name: 'A', value: 'linux-amd64-appacr', isSecret: false },
        { name: 'B', value: '{{.Values.x}}', isSecret: false },
        { name: 'C', value: 'hunter2', isSecret: true },
      ],
    },
  },
  {
    title: 'a build for a platform, of no task, by a commit',
    request: {
      ...build,
      ...{ platform: { os: 'Linux', architecture: 'ARM64' } },
      imageNames: ['a:{{.Run.Architecture}}-{{.Run.Commit}}-{{.Run.Branch}}{{.Run.TaskName}}'],
    },
    run: { sourceTrigger: { commitId: 'abc', branchName: 'main' } as never },
    asked: {
      ...built,
      ...{
        platform: { os: 'Linux', architecture: 'ARM64' },
        imageNames: ['a:arm64-abc-main'],
        isPushEnabled: true,
      },
    },
  },
  {
    title: 'a build with what the engine is to know',
    request: {
      ...build,
      agentConfiguration: { cpu: 4 },
      agentPoolName: 'mine',
      logTemplate: 'logs:1',
      timeout: 900,
    },
    pool: 'usual',
    asked: { ...built, cpu: 4, pool: 'mine', logTemplate: 'logs:1', timeout: 900 },
  },
  {
    title: 'a build that names no pool, where its registry has one',
    ...{ request: { ...build, agentConfiguration: {} }, pool: 'usual', asked: { ...built, pool: 'usual' } },
  },
  {
    title: 'a task file in the request',
    request: encoded,
    asked: text(''),
    says: new RegExp(`cmd: a ${runId}`),
  },
  {
    title: 'a task file in the request, with a context',
    request: { ...encoded, sourceLocation: git },
    ...{ asked: text('', { source: git }), says: /cmd: a/ },
  },
  {
    title: 'a task file in the request, with values',
    request: {
      ...encoded,
      encodedTaskContent: base64('steps:\n  - cmd: a {{.Values.x}} {{.Values.y}}\n'),
      encodedValuesContent: base64('x: one\ny: two\n'),
      values: [{ name: 'y', value: 'set' }],
    },
    ...{ asked: text(''), says: /cmd: a one set/ },
  },
  {
    title: 'a task file in a context',
    request: { ...file, sourceLocation: git },
    context: { 'acb.yaml': 'steps:\n  - cmd: in {{.Run.Commit}} of {{.Run.Branch}}\n' },
    ...{ asked: text('', { source: git }), says: /cmd: in c0ffee of work/ },
  },
  {
    title: 'a task file that is not in its context',
    ...{ request: { ...file, sourceLocation: git }, context: {} },
    fails: /^There is no task file \.\/acb\.yaml in the context/,
  },
  {
    title: 'a task file without a context',
    request: file,
    fails: /^\.\/acb\.yaml is read from a context, but the request has no sourceLocation\.$/,
  },
  {
    title: 'a task file in what was uploaded',
    request: { ...file, sourceLocation: 'source/1.tar.gz' },
    asked: { ...unread, source: 'source/1.tar.gz' },
  },
  {
    title: 'a task file and its values in what was uploaded',
    request: { ...file, sourceLocation: 'source/1.tar.gz', valuesFilePath: 'values.yaml' },
    asked: { ...unread, source: 'source/1.tar.gz', valuesFilePath: 'values.yaml' },
  },
  {
    title: 'a task file in a context that is too large',
    ...{ request: { ...file, sourceLocation: git }, context: new SourceError('TooLarge', 'too large') },
    asked: { ...unread, source: git },
  },
  {
    title: 'a task file in a context that cannot be reached',
    ...{ request: { ...file, sourceLocation: git }, context: new SourceError('Unreachable', 'away') },
    fails: /^away$/,
  },
  {
    title: 'a task file in a context at which Plinth fails',
    ...{ request: { ...file, sourceLocation: git }, context: new TypeError('broken') },
    fails: /^broken$/,
  },
];
for (const row of rows)
  test(`what is asked for without a task: ${row.title}${row.fails ? ' is refused' : ''}`, async () => {
    const { ports } = createWorld({ registries: ['appacr'] });
    const { context = {} } = row;
    let open = 0;
    ports.source.fetch = async (_, limits) => {
      assert.equal(limits?.maxBytes, ports.settings.maxContextBytes);
      if (context instanceof Error) throw context;
      open++;
      return { dir: 'there', commit: 'c0ffee', branch: 'work', dispose: async () => void open-- } as never;
    };
    ports.files.read = async (dir, path) => (context as Record<string, string>)[dir === 'there' ? path : ''];
    ports.registry.pullPassword = async (_, { kind, ...given }) =>
      kind === 'password' ? (given as never) : undefined;
    ports.vault.secret = async (uri) => `opened ${uri}`;
    const request = RunRequest.parse(row.request);
    const run: Run = {
      ...sampleRun('appacr', runId),
      ...{ createTime: '2026-01-01T00:00:00.000Z', ...row.run },
      [request.type === 'DockerBuildRequest' ? 'quickBuild' : 'quickRun']: sealed(request),
    };
    function sealed(of: RunRequest) {
      const secret = (value: string) => ports.seal.seal(value, runOwner('appacr', runId));
      return JSON.parse(JSON.stringify(of), (_, one) =>
        one?.isSecret || one?.type === 'Opaque' ? { ...one, value: secret(one.value) } : one,
      );
    }
    const registry = { ...ports.settings.registries[0]!, ...(row.pool && { agentPoolName: row.pool }) };
    const asking = quickRequest(run, registry, ports);
    if (row.fails) {
      const error = await asking.then(
        () => undefined,
        (reason: Error) => reason,
      );
      assert.match(error!.message, row.fails);
      assert.equal(error instanceof BuildFault, !(context instanceof Error));
    } else {
      const found = await asking;
      if (row.says) assert.match((found as { text: string }).text, row.says);
      assert.deepEqual(found.kind === 'TaskFile' ? { ...found, text: '' } : found, row.asked);
    }
    assert.equal(open, 0, 'what was fetched is removed');
  });

test.run();
