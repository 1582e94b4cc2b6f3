import assert from 'node:assert/strict';
import { test } from 'uvu';
import { prepare } from '../../../shared/flow/prepare/prepare.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Task } from '../../../shared/model/task.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { createWorld } from '../../worlds/world.ts';

function prepared(step: object, fault?: SourceError) {
  const { ports } = createWorld({ registries: ['appacr'] });
  if (fault) ports.source.fetch = () => Promise.reject(fault);
  const properties = { platform: { os: 'Linux', architecture: 'amd64' }, timeout: 600, step };
  const run = { runId: 'ca1', createTime: '2026-01-01T00:00:00Z', registry: 'appacr' } as Run;
  return prepare({ name: 'app', properties } as unknown as Task, run, ports.settings.registries[0]!, ports);
}
const encoded = (steps: string[], contextPath?: string) => ({
  type: 'EncodedTask',
  encodedTaskContent: Buffer.from(`steps:\n${steps.map((step) => `  - ${step}\n`).join('')}`).toString(
    'base64',
  ),
  values: [],
  ...(contextPath && { contextPath }),
});

const build = 'build: -t {{.Run.Registry}}/app:1 .';
const none: [title: string, step: object, refused: RegExp][] = [
  ['a build', encoded([build]), /acb_step_0 builds Dockerfile, but the task has no context\.$/],
  ['a build, said to have none', encoded([build], '/dev/null'), /but the task has no context\.$/],
  ['a Dockerfile by name', encoded([`${build} -f a/D`]), /builds a\/D, but the task has no context\.$/],
  ['a folder', encoded([build.replace(/\.$/, 'web')]), /but the task has no context\.$/],
  ['a build after a push', encoded(['push: ["a:1"]', build]), /acb_step_1 builds .* has no context\.$/],
  [
    'a Docker step',
    { type: 'Docker', dockerFilePath: 'Dockerfile', imageNames: ['a:1'], arguments: [] },
    /app has no context; a Dockerfile is read from one/,
  ],
  [
    'a task file by its path',
    { type: 'FileTask', taskFilePath: 'acr-task.yaml', values: [] },
    /app has no context; its task file is read from one/,
  ],
];
for (const [title, step, refused] of none)
  test(`a task without a context that needs a file says that it has none: ${title}`, () =>
    assert.rejects(prepared(step), (error: Error) => {
      assert.match(error.message, refused);
      return true;
    }));

test('a file that a command may make is not missed, and the log says why its base images are not tracked', async () => {
  const { notes } = await prepared(encoded(['cmd: bash make', build]));
  assert.ok(
    notes.includes(
      'Warning: the base images of step acb_step_1 are not tracked; it builds Dockerfile, but the task has no context.',
    ),
    notes.join('\n'),
  );
});

const url = 'https://git.example.com/app.git';
const steps: Record<string, object> = {
  'a Dockerfile': { type: 'Docker', dockerFilePath: 'Dockerfile', imageNames: ['a:1'], arguments: [] },
  'a task file of the context': { type: 'FileTask', taskFilePath: 'acr-task.yaml', values: [] },
  'a task file of its own': encoded([build]),
};
const limits: [limit: 'bytes' | 'entries', helps: RegExp, helpsNot: RegExp][] = [
  ['bytes', /raise PLINTH_MAX_CONTEXT_MIB/, /fewer files/],
  ['entries', /name a folder of it as the context, or put fewer files into it/, /PLINTH_MAX_CONTEXT_MIB/],
];
for (const [limit, helps, helpsNot] of limits)
  for (const [kind, step] of Object.entries(steps))
    test(`a context with a token and too many ${limit} is refused with what helps: ${kind}`, async () => {
      const options = limit === 'entries' ? { limit } : {};
      const fault = new SourceError('TooLarge', `${url} is too much.`, options);
      const given = { ...step, contextPath: url, contextAccessToken: 'a-token' };
      await assert.rejects(prepared(given, fault), (error: Error) => {
        assert.match(error.message, helps);
        assert.ok(!helpsNot.test(error.message), error.message);
        return true;
      });
    });

test.run();
