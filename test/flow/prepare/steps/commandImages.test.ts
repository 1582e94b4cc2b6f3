import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import { planTaskFile } from '../../../../shared/flow/prepare/planTaskFile.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { base, digest, encodedStep, type Images, jobOf } from './jobs.ts';

const made = `${base}:1`;
const other = `${base}:2`;
const files = {
  Dockerfile: `FROM ${made}\n`,
  'other/Dockerfile': `FROM ${other}\n`,
  'hub/Dockerfile': 'FROM made:3\n',
};
const build = 'build: -t app:1 .';
const gone = { [made]: undefined };
const away = new RegistryError('Unreachable', 'it does not answer');
const barred = new RegistryError('Unauthorized', 'it may not be read');
const broken = new TypeError('broken');

/** Each: the steps, what registries answer, the tags that are pinned, the images that are left, which are asked for. */
const rows: [
  title: string,
  steps: string[],
  images: Images,
  pinned: number[],
  left: string[],
  asked: number,
][] = [
  ['that no command comes before', [build], {}, [1], [], 1],
  ['that a command before does not name', ['cmd: docker build -t reg.example/x:1 .', build], {}, [1], [], 1],
  ['that a command before builds', [`cmd: docker build -t ${made} .`, build], {}, [], [made], 0],
  [
    'that a command before builds and no registry has',
    [`cmd: docker build -t ${made} .`, build],
    gone,
    [],
    [made],
    0,
  ],
  ['that a command before tags', [`cmd: docker tag x:1 ${made}`, build], {}, [], [made], 0],
  ['that a command before commits', [`cmd: docker commit x ${made}`, build], {}, [], [made], 0],
  ['that a command before imports', [`cmd: docker import x.tar ${made}`, build], {}, [], [made], 0],
  ['that a command before loads', [`cmd: docker load -i x.tar ${made}`, build], {}, [], [made], 0],
  ['that a command before only pulls', [`cmd: docker pull ${made}`, build], {}, [1], [], 1],
  ['whose name stands before words like build', [`cmd: docker run ${made} rebuild`, build], {}, [1], [], 1],
  ['whose name stands behind words like tag', [`cmd: docker tags ${made}`, build], {}, [1], [], 1],
  ['that is named with an equals sign', [`cmd: docker build --tag=${made} .`, build], {}, [], [made], 0],
  ['that a shell builds', [`cmd: bash -c "cd x && docker build -t ${made} ."`, build], {}, [], [made], 0],
  [
    'that a shell builds beside others',
    [`cmd: bash -c "true;docker  tag x ${made}|cat"`, build],
    {},
    [],
    [made],
    0,
  ],
  [
    'of Docker Hub by its short name',
    ['cmd: docker build -t made:3 .', 'build: hub'],
    {},
    [],
    ['docker.io/library/made:3'],
    0,
  ],
  ['that a command behind it builds', [build, `cmd: docker build -t ${made} .`], {}, [1], [], 1],
  ['that is used before and after the command', [build, `cmd: docker tag x ${made}`, build], {}, [1], [], 1],
  [
    'that a command makes behind a build of another',
    ['build: other', `cmd: docker tag x ${made}`, build],
    {},
    [2],
    [made],
    1,
  ],
  ['that is not there, and a command may make', ['cmd: make', build], gone, [], [made], 1],
  ['that may not be read, and a command may make', ['cmd: make', build], { [made]: barred }, [], [made], 1],
  ['that is not there, beside one that is', ['cmd: make', build, 'build: other'], gone, [2], [made], 2],
];
for (const [title, steps, images, pinned, left, asked] of rows)
  test(`a base image is pinned unless a command before makes it: one ${title}`, async () => {
    const step = encodedStep(steps);
    const { job, asked: of } = jobOf({ step, files, images });
    const plan = await planTaskFile(step, job, { dir: '/context' });
    assert.deepEqual(
      plan.bases!.map((pin) => [pin.image, pin.digest]),
      pinned.map((tag) => [`${base}:${tag}`, digest(tag)]),
    );
    assert.deepEqual(
      plan.notes.filter((note) => note.startsWith('Warning')),
      left.map(
        (image) =>
          `Warning: base image ${image} is not tracked, nor pinned to a digest: a cmd step before makes it, or it is not there.`,
      ),
    );
    assert.equal(of.length, asked);
    // What the engine pulls besides is not known.
    assert.equal(plan.servers === undefined, left.length > 0);
  });

const refused: [title: string, steps: string[], answer: Error | undefined, error: Error | RegExp][] = [
  ['is not there, and there is no command', [build], undefined, /^Base image .*base:1 does not exist\./],
  ['is not there, and the command comes behind', [build, 'cmd: make'], undefined, /does not exist\./],
  ['may not be read, and there is no command', [build], barred, barred],
  ['is in a registry that does not answer, and there is a command', ['cmd: make', build], away, away],
  ['is asked for where Plinth fails, and there is a command', ['cmd: make', build], broken, broken],
];
for (const [title, steps, answer, error] of refused)
  test(`a file is not planned where a base image ${title}`, async () => {
    const step = encodedStep(steps);
    const { job } = jobOf({ step, files, images: { [made]: answer } });
    await assert.rejects(planTaskFile(step, job, { dir: '/context' }), (given: Error) => {
      if (error instanceof Error) assert.equal(given, error);
      else {
        assert.match(given.message, error);
        assert.ok(given instanceof BuildFault);
      }
      return true;
    });
  });

test.run();
