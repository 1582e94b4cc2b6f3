import assert from 'node:assert/strict';
import { test } from 'uvu';
import { prepare } from '../../../shared/flow/prepare/prepare.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Task } from '../../../shared/model/task.ts';
import { SourceError, type SourceErrorCode } from '../../../shared/ports/sourceContext.ts';
import { createWorld } from '../../worlds/world.ts';

const url = 'https://git.example.com/app.git';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const file = (...steps: string[]) => base64(`steps:\n${steps.map((step) => `  - ${step}\n`).join('')}`);
const build = 'build: -t {{.Run.Registry}}/app:1 -f docker/Dockerfile .';
const push = 'push: ["{{.Run.Registry}}/app:1"]';

const encoded = (content: string) => ({
  type: 'EncodedTask',
  contextPath: url,
  encodedTaskContent: content,
  values: [],
});
const steps: Record<string, object> = {
  'a Dockerfile': {
    type: 'Docker',
    contextPath: url,
    dockerFilePath: 'Dockerfile',
    imageNames: ['app:1'],
    isPushEnabled: true,
    noCache: false,
    arguments: [],
  },
  'a task file of the context': {
    type: 'FileTask',
    contextPath: url,
    taskFilePath: 'acr-task.yaml',
    values: [],
  },
  'a task file of its own that builds': encoded(file(build, push)),
  'a task file of its own that builds and runs': encoded(file(build, 'cmd: appacr.azurecr.io/app:1', push)),
  'a task file of its own that builds twice': encoded(
    file(build, 'build: -t {{.Run.Registry}}/b:1 --build-arg X=1 sub', push),
  ),
  'a task file of its own that only runs': encoded(file('cmd: bash echo')),
};

const taskOf = (step: object, token?: string) =>
  ({
    name: 'app',
    properties: {
      platform: { os: 'Linux', architecture: 'amd64' },
      timeout: 600,
      step: { ...step, ...(token && { contextAccessToken: token }) },
    },
  }) as unknown as Task;

/** Prepares a run whose context the source answers with a fault. */
function prepared(step: object, code: SourceErrorCode, says: string, token?: string) {
  const { ports } = createWorld({ registries: ['appacr'] });
  ports.source.fetch = async () => {
    throw new SourceError(code, says);
  };
  const run = { runId: 'ca1', createTime: '2026-01-01T00:00:00Z', registry: 'appacr' } as Run;
  return prepare(taskOf(step, token), run, ports.settings.registries[0]!, ports);
}

const unfit: [title: string, says: string][] = [
  ['too large', `${url} is larger than 64 MiB.`],
  ['of too many files', `${url} has more than 100000 files, folders and links.`],
];
for (const [title, says] of unfit)
  for (const [kind, step] of Object.entries(steps))
    test(`a context that is ${title} is built by the engine, unpinned: ${kind}`, async () => {
      const { request, pins, outputs, notes } = await prepared(step, 'TooLarge', says);
      assert.equal(request.source, url);
      assert.equal(pins, undefined);
      assert.ok(notes.join('\n').includes(says), notes.join('\n'));
      assert.ok(!/no such file|not in the context/.test(notes.join()), notes.join());
      // What a file that only the engine reads makes is known at the run's end.
      const isKnown = !/of the context|only runs/.test(kind);
      assert.deepEqual(outputs, isKnown ? ['appacr.azurecr.io/app:1'] : []);
      if (request.kind !== 'TaskFile') return;
      const sent = request.text;
      assert.ok(!sent.includes('.plinth-pinned'), sent);
      const told = notes.filter((note) => /not pinned; it builds .*only the run engine can read/.test(note));
      assert.equal(told.length, sent.match(/build:/g)?.length ?? 0);
    });

const barred: [title: string, code: SourceErrorCode, says: string, token?: string][] = [
  ['refused by policy', 'Refused', 'git.example.com is at 10.0.0.4, which this app does not reach.'],
  ['not there', 'NotFound', `${url} does not exist.`],
  ['not for us', 'Unauthorized', `${url} may not be read.`],
  ['not answered', 'Unreachable', `${url} cannot be reached.`],
  ['damaged', 'BadArchive', `${url} has a link that leads out.`],
  ['of another branch', 'RefNotFound', `${url} has no branch x.`],
  ['too large, and needs a token', 'TooLarge', `${url} is larger than 64 MiB.`, 'a-token'],
];
for (const [title, code, says, token] of barred)
  test(`a context that is ${title} goes to no engine, and each kind of step says why`, async () => {
    for (const [kind, step] of Object.entries(steps))
      await assert.rejects(
        prepared(step, code, says, token),
        (error: Error) => error.message.startsWith(says) && !/no such file/.test(error.message),
        kind,
      );
  });

test.run();
