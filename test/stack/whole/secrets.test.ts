// Tier: long, a run of each kind, one after the other.
/**
 * A marker stands in every field that is a secret; after each kind of run it is looked for in everything that is kept,
 * answered, logged or pushed.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import { type Github, startGithub } from '../../../local/git/github.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { githubPush } from '../../doubles/sourceDeliveries.ts';
import { hasEnded, type RunProperties, startWorld, type World } from './world.ts';

const marker = 'hush7f3';
const publicUrl = 'https://plinth.example.com';
const dir = mkdtempSync(join(tmpdir(), 'plinth-secrets-'));
const lines: string[] = [];
const answers: string[] = [];
const commandLines = new Set<string>();
let world: World;
let github: Github;
let watching: NodeJS.Timeout;

const password = (field: string) => ({ type: 'Opaque', value: `${marker}-${field}` });
const credentials = () => ({
  customRegistries: {
    'baseacr.azurecr.io': { identity: '[system]' },
    'other.example.com': { userName: password('user'), password: password('password') },
  },
});
const dockerfile = 'FROM baseacr.azurecr.io/base/secrets:1\nARG TOKEN\nARG PLAIN\nCOPY Dockerfile /\n';
const taskFile = `version: v1.1.0
steps:
  - build: -t $Registry/stepped:$ID --build-arg TOKEN="{{.Values.token}}" .
  - push: ["$Registry/stepped:$ID"]
`;

test.before(async () => {
  github = await startGithub({ tokens: { [`${marker}-hook`]: ['team/app'] } });
  world = await startWorld({
    dir,
    settings: {
      PLINTH_PUBLIC_URL: publicUrl,
      PLINTH_SOURCE_CONTROL_APIS: JSON.stringify({ localhost: github.url }),
    },
    log: (part, line) => part !== 'engine' && lines.push(`${part}: ${line}`),
  });
  await world.pushBase('base/secrets:1', 'one');
  await world.stack.git.createRepository('team/app', { Dockerfile: dockerfile, 'acb.yaml': taskFile });
  // The app's own processes: the engine stands for Azure's, and its builder has what it needs.
  watching = setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        commandLines.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        // ended meanwhile
      }
  }, 50);
});
test.after(async () => {
  clearInterval(watching);
  await world?.stack.stop();
  await github?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const contextPath = () => `${world.stack.git.url}/team/app.git#main`;
const argument = (field: string) => ({ name: 'TOKEN', value: `${marker}-${field}`, isSecret: true });

async function put(name: string, step: object, properties: object = {}): Promise<void> {
  const answer = await world.api.call('PUT', `/registries/appacr/tasks/${name}`, {
    location: 'local',
    identity: { type: 'SystemAssigned' },
    properties: {
      platform: { os: 'linux' },
      step: { contextPath: contextPath(), contextAccessToken: `${marker}-git`, ...step },
      credentials: credentials(),
      ...properties,
    },
  });
  answers.push(JSON.stringify(answer));
}

const docker = () => ({
  type: 'Docker',
  dockerFilePath: 'Dockerfile',
  imageNames: ['secretive:{{.Run.ID}}'],
  arguments: [argument('argument')],
});

const endOf = async (run: Promise<RunProperties>, status = 'Succeeded') => {
  const ended = await run;
  assert.equal(ended.status, status, ended.runErrorMessage);
  return ended;
};
const quick = async (request: object, status?: string) => {
  const body = await world.api.call('POST', '/registries/appacr/scheduleRun', {
    platform: { os: 'linux' },
    credentials: credentials(),
    ...request,
  });
  answers.push(JSON.stringify(body));
  return endOf(world.ended(body.properties.runId), status);
};

/** Every place that keeps something, with what was found there; a file that is packed is unpacked first. */
function places(): [where: string, text: string][] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/^(engine|wwwroot|tls)\//.test(relative(dir, file)))
    .map((file): [string, string] => [relative(dir, file), readable(readFileSync(file))]);
  return [
    ...files,
    ...lines.map((line): [string, string] => ['a line of the log', line]),
    ...answers.map((answer): [string, string] => ['an answer', answer]),
    ...[...commandLines].map((line): [string, string] => ['a command line', line]),
  ];
}

function readable(bytes: Buffer): string {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return (isGzip ? gunzipSync(bytes) : bytes).toString('latin1');
  } catch {
    return bytes.toString('latin1');
  }
}

async function look(): Promise<string[]> {
  for (const path of ['/registries/appacr/tasks', '/registries/appacr/runs', '/registries/appacr'])
    answers.push(JSON.stringify((await world.api.request('GET', path)).body));
  const { body } = await world.api.request('GET', '/registries/appacr/runs');
  for (const { name } of body.value) {
    answers.push(JSON.stringify((await world.api.request('GET', `/registries/appacr/runs/${name}`)).body));
    const { body: link } = await world.api.request('POST', `/registries/appacr/runs/${name}/listLogSasUrl`);
    answers.push(await (await fetch(link.logLink.replace(publicUrl, world.stack.url))).text());
  }
  const found = places().filter(([, text]) => text.includes(marker));
  const around = (text: string) =>
    text.slice(Math.max(0, text.indexOf(marker) - 200), text.indexOf(marker) + 60);
  return found.map(([where, text]) => `${where}: ${around(text)}`);
}

/** What is found still when the storage has written its files, which it does a few seconds after a change. */
async function settled(): Promise<string[]> {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found.length === 0 || Date.now() > end) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const runTask = (name: string, request: object = {}) => endOf(world.run(name, request));
/** The run of a task that is of some kind, once it has ended. */
const runOf = (task: string, is: (run: RunProperties) => unknown) =>
  endOf(
    eventually(`such a run of ${task}`, 120, async () => {
      const run = (await world.runsOf(task)).find(is);
      return run !== undefined && hasEnded(run) && run;
    }),
  );
const encodedTaskContent = Buffer.from(taskFile).toString('base64');
const values = [{ name: 'token', value: `${marker}-value of two words`, isSecret: true }];
const bad = { name: 'TOKEN', value: `${marker}{{${marker}.Bad}}`, isSecret: true };
const archive = () => `${world.stack.git.url}/no.tar.gz?sig=${marker}-signature`;

const kinds: [title: string, run: () => Promise<unknown>][] = [
  [
    'a task run by hand',
    async () => {
      const timerTriggers = [{ name: 'often', schedule: '* * * * *' }];
      const auth = { tokenType: 'PAT', token: `${marker}-hook`, refreshToken: `${marker}-refresh` };
      const sourceRepository = {
        sourceControlType: 'Github',
        repositoryUrl: contextPath(),
        branch: 'main',
        sourceControlAuthProperties: auth,
      };
      await put('secretive', docker(), {
        trigger: {
          baseImageTrigger: { name: 'base', baseImageTriggerType: 'Runtime' },
          timerTriggers,
          sourceTriggers: [{ name: 'commits', sourceTriggerEvents: ['commit'], sourceRepository }],
        },
      });
      await runTask('secretive');
    },
  ],
  [
    'a run with secrets of its own',
    () => runTask('secretive', { overrideTaskStepProperties: { arguments: [argument('override')] } }),
  ],
  [
    'a run for a base image',
    async () => {
      await world.pushBase('base/secrets:1', 'two');
      await runOf('secretive', (run) => run.imageUpdateTrigger);
    },
  ],
  [
    'a run for a commit',
    async () => {
      const after = await world.stack.git.commit('team/app', { 'a.txt': 'a' });
      const reach = (url: string) => url.replace(publicUrl, world.stack.url);
      const told = await github.deliver('team/app', 'push', githubPush({ after }), reach, 'delivery-1');
      answers.push(JSON.stringify(told));
      await runOf('secretive', (run) => run.sourceTrigger);
    },
  ],
  ['a run at its time', () => runOf('secretive', (run) => run.timerTrigger)],
  [
    'a quick build',
    () =>
      quick({
        type: 'DockerBuildRequest',
        sourceLocation: contextPath(),
        dockerFilePath: 'Dockerfile',
        imageNames: ['quick:{{.Run.ID}}'],
        arguments: [argument('quick')],
      }),
  ],
  [
    'a quick run of a task file',
    () => quick({ type: 'EncodedTaskRunRequest', encodedTaskContent, values, sourceLocation: contextPath() }),
  ],
  [
    'a task of a task file',
    async () => {
      await put('stepped', { type: 'FileTask', taskFilePath: 'acb.yaml', values });
      await runTask('stepped');
    },
  ],
  [
    'a task whose secret is read as a run value that does not exist',
    async () => {
      const answer = await world.api.request('PUT', '/registries/appacr/tasks/braces', {
        location: 'local',
        properties: {
          platform: { os: 'linux' },
          step: { ...docker(), contextPath: contextPath(), arguments: [bad] },
        },
      });
      answers.push(JSON.stringify(answer));
    },
  ],
  [
    'a quick build whose secret is read so',
    async () => {
      const answer = await world.api.request('POST', '/registries/appacr/scheduleRun', {
        type: 'DockerBuildRequest',
        platform: { os: 'linux' },
        sourceLocation: contextPath(),
        dockerFilePath: 'Dockerfile',
        imageNames: ['quick:1'],
        arguments: [bad],
      });
      answers.push(JSON.stringify(answer));
    },
  ],
  [
    'a run whose override is read so',
    async () => {
      const overrides = { overrideTaskStepProperties: { arguments: [bad] } };
      const run = await world.run('secretive', overrides).catch((error: Error) => error.message);
      answers.push(JSON.stringify(run));
    },
  ],
  [
    'a run that fails at its source, which has a signature',
    async () => {
      const overrides = { overrideTaskStepProperties: { contextPath: archive() } };
      const run = await world.run('secretive', overrides).catch((error: Error) => error.message);
      answers.push(JSON.stringify(run));
    },
  ],
];
for (const [title, run] of kinds)
  test(`${title} shows no secret anywhere`, async () => {
    await run();
    assert.deepEqual(await settled(), []);
  });

test('the search finds a secret where there is one', async () => {
  const details = await world.api.call('POST', '/registries/appacr/tasks/secretive/listDetails');
  const text = JSON.stringify(details);
  for (const field of ['argument', 'git', 'hook', 'refresh', 'user', 'password'])
    assert.ok(text.includes(`${marker}-${field}`), field);
  lines.push(text);
  assert.equal((await look()).length, 1);
});

test.run();
