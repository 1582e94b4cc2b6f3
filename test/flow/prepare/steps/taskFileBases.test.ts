import assert from 'node:assert/strict';
import { test } from 'uvu';
import { planTaskFile } from '../../../../shared/flow/prepare/planTaskFile.ts';
import { TaskFileError } from '../../../../shared/taskFile/taskFile.ts';
import { base, encodedStep, jobOf } from './jobs.ts';

/** A classic build of it needs the stage aside, BuildKit does not. */
const aside = `FROM ${base}:1 AS aside\nFROM ${base}:2\n`;
const from = (tag: number) => `FROM ${base}:${tag}\n`;
const byArgument = `ARG V=1\nFROM ${base}:$V\n`;

/** Each: a build step and what stands beside it, the context, the tags of the base images that are found. */
const found: [title: string, steps: string[], files: Record<string, string>, tags: number[]][] = [
  ['by the classic builder', ['build: .'], { Dockerfile: aside }, [1, 2]],
  ['by BuildKit', ['{build: ., env: [DOCKER_BUILDKIT=1]}'], { Dockerfile: aside }, [2]],
  ['by BuildKit, in words', ['{build: ., env: [DOCKER_BUILDKIT=true]}'], { Dockerfile: aside }, [2]],
  ['by BuildKit, beside others', ['{build: ., env: [A=0, DOCKER_BUILDKIT=1]}'], { Dockerfile: aside }, [2]],
  ['expressly not by BuildKit', ['{build: ., env: [DOCKER_BUILDKIT=0]}'], { Dockerfile: aside }, [1, 2]],
  [
    'where another variable is 1',
    ['{build: ., env: [A=1, DOCKER_BUILDKIT=0]}'],
    { Dockerfile: aside },
    [1, 2],
  ],
  ['of a target', ['build: --target aside .'], { Dockerfile: aside }, [1]],
  ['by an argument', ['build: --build-arg V=2 .'], { Dockerfile: byArgument }, [2]],
  ['by an argument without a value', ['build: --build-arg V .'], { Dockerfile: byArgument }, [1]],
  ['of another name', ['build: -f docker/D .'], { Dockerfile: from(1), 'docker/D': from(2) }, [2]],
  ['of a folder', ['build: web'], { Dockerfile: from(1), 'web/Dockerfile': from(2) }, [2]],
  ['of a folder like a host', ['build: a/github.com/b'], { 'a/github.com/b/Dockerfile': from(2) }, [2]],
  [
    'of a working directory',
    ['{build: ., workingDirectory: /workspace/web}'],
    { 'web/Dockerfile': from(2) },
    [2],
  ],
  ['of two steps', ['build: .', 'build: web'], { Dockerfile: from(1), 'web/Dockerfile': from(2) }, [1, 2]],
  ['beside a command', ['cmd: x', 'build: .'], { Dockerfile: from(1) }, [1]],
];
for (const [title, steps, files, tags] of found)
  test(`the base images of a build in a task file are found: ${title}`, async () => {
    const step = encodedStep(steps);
    const { job } = jobOf({ step, files });
    const { bases, notes } = await planTaskFile(step, job, { dir: '/context' });
    assert.deepEqual(
      bases!.map(({ image }) => image),
      tags.map((tag) => `${base}:${tag}`),
    );
    assert.deepEqual(notes.length, tags.length, 'a line for each, and no warning');
  });

const notThere = 'but there is no such file in the context';
const noContext = 'but the task has no context';
/** Each: the step, who reads the context, what the step builds; a command before may make what is not there. */
const untracked: [title: string, build: string, given: 'there' | 'engine' | 'none', what: string][] = [
  ['a file that is not there', '-f made .', 'there', `tracked; it builds made, ${notThere}`],
  ['no file by its name', '.', 'there', `tracked; it builds Dockerfile, ${notThere}`],
  ['a task without a context', '.', 'none', `tracked; it builds Dockerfile, ${noContext}`],
  ['an address', 'https://h/r.git', 'there', 'tracked; it builds its context https://h/r.git'],
  [
    'an address, without a context',
    'HTTPS://h/r.git',
    'none',
    'tracked; it builds its context HTTPS://h/r.git',
  ],
  ['an address of GitHub', 'github.com/a/b', 'there', 'tracked; it builds its context github.com/a/b'],
  ['an address by ssh', 'git@h:a/b.git', 'there', 'tracked; it builds its context git@h:a/b.git'],
  ['what is piped into it', '-', 'there', 'tracked; it builds its context -'],
  ['a Dockerfile that is piped into it', '-f - .', 'there', 'tracked; it builds its context .'],
  ['what is outside of the context', '/other', 'there', 'tracked; it builds its context /other'],
  ['what only begins like the context', '-f /workspace2/D .', 'there', 'tracked; it builds its context .'],
  [
    'what the engine reads',
    '-f docker/D .',
    'engine',
    'pinned; it builds docker/D, which only the run engine can read',
  ],
  [
    'an address that the engine reads',
    ...([
      'https://h/r.git',
      'engine',
      'pinned; it builds its context https://h/r.git, which only the run engine can read',
    ] as const),
  ],
];
for (const [title, build, given, what] of untracked)
  test(`of a build whose base images are not known it is said what it builds: ${title}`, async () => {
    const step = encodedStep(['cmd: x', `build: ${JSON.stringify(build)}`]);
    const { job, asked } = jobOf({ step });
    const plan = await planTaskFile(step, job, given === 'there' ? { dir: '/context' } : given);
    assert.deepEqual(plan.notes, [`Warning: the base images of step acb_step_1 are not ${what}.`]);
    assert.deepEqual([plan.bases, plan.replace, plan.servers, asked], [[], [], undefined, []]);
  });

/** Each: a secret of the task, an argument of a build, whether its value is taken for that secret. */
const secrets: [title: string, secret: string, argument: string, isSecret: boolean][] = [
  ['the secret', 'hunter2', 'V=hunter2', true],
  ['the secret in capitals', 'hunter2', 'V=HUNTER2', true],
  ['a text that holds it', 'hunter2', 'V=x-hunter2-y', true],
  ['a text that holds a secret of three letters', 'abc', 'V=x-abc', true],
  ['a text that holds a secret of two letters', 'ab', 'V=x-abc', false],
  ['a secret of two letters', 'ab', 'V=ab', true],
  ['another text', 'hunter2', 'V=other', false],
  ['a text that is in the secret', 'hunter2', 'V=hunter', false],
  ['a text beside an empty secret', '', 'V=other', false],
];
for (const [title, secret, argument, isSecret] of secrets)
  test(`a base image that an argument names is ${isSecret ? 'left' : 'pinned'} where that is ${title}`, async () => {
    const step = encodedStep([`build: --build-arg ${argument} .`], {
      values: [{ name: 's', value: secret, isSecret: true }],
    });
    const { job, asked } = jobOf({ step, files: { Dockerfile: 'ARG V\nFROM reg.example/x:$V\n' } });
    const images = { 'reg.example': 'sha256:'.padEnd(71, 'a') };
    job.ports.registry.digestOf = async ({ registry }) => {
      asked.push(registry);
      return images[registry as keyof typeof images];
    };
    const plan = await planTaskFile(step, job, { dir: '/context' });
    assert.deepEqual([plan.bases!.length, asked.length], isSecret ? [0, 0] : [1, 1]);
    assert.equal(
      plan.notes.some((note) => /names is neither pinned nor tracked/.test(note)),
      isSecret,
    );
  });

const lower = '"Bad:1" is not an image reference: its repository must be lowercase.';
/** Each: the steps, the Dockerfile, and what is said, after the name of the file. */
const refused: [title: string, steps: string[], dockerfile: string | undefined, says: string][] = [
  [
    'a Dockerfile that cannot be read',
    ['build: .'],
    'FROM\n',
    'line 2: step acb_step_0 builds Dockerfile: Dockerfile line 1: FROM wants an image, or an image AS a name',
  ],
  [
    'a Dockerfile that is not there',
    ['push: [a:1]', 'build: -f D .'],
    undefined,
    `line 3: step acb_step_1 builds D, ${notThere}.`,
  ],
  ['a tag that is none', ['build: -t Bad:1 .'], 'FROM scratch\n', `line 2: ${lower}`],
  [
    'the second tag of the second step',
    ['build: .', 'build: -t a -t Bad:1 .'],
    'FROM scratch\n',
    `line 3: ${lower}`,
  ],
  ['a push of what is none', ['push: ["Bad:1"]'], undefined, `line 2: ${lower}`],
  ['the second name of the second push', ['push: [a]', 'push: [a, "Bad:1"]'], undefined, `line 3: ${lower}`],
  ['what runs and is no image', ['cmd: Bad:1 run'], undefined, `line 2: ${lower}`],
  [
    'a push of what is no digest',
    ['push: ["a@sha256:1"]'],
    undefined,
    'line 2: "a@sha256:1" is not an image reference: its digest is not one of sha256, sha384 or sha512.',
  ],
];
for (const [title, steps, dockerfile, says] of refused)
  test(`a task file is refused with its name and the line: ${title}`, async () => {
    const step = encodedStep(steps);
    const { job } = jobOf({ step, files: dockerfile === undefined ? {} : { Dockerfile: dockerfile } });
    await assert.rejects(planTaskFile(step, job, { dir: '/context' }), (error) => {
      assert.ok(error instanceof TaskFileError);
      assert.equal(error.message, `The task file, ${says}`);
      return true;
    });
  });

test.run();
