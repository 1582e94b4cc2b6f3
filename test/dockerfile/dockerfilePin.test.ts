import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  DockerfileError,
  type DockerfileOptions,
  findBaseImages,
  pinBaseImages,
} from '../../shared/dockerfile/baseImages.ts';

const one = `sha256:${'1'.repeat(64)}`;
const two = `sha256:${'2'.repeat(64)}`;
const pins = {
  'docker.io/library/a:1': one,
  'docker.io/library/b:latest': two,
  'r.io/c:1': one,
};
const A = `docker.io/library/a@${one}`;
const B = `docker.io/library/b@${two}`;
const C = `r.io/c@${one}`;

type Row = [title: string, before: string, after: string, options?: DockerfileOptions];
const rows: Row[] = [
  ['FROM', 'FROM a:1\n', `FROM ${A}\n`],
  [
    'FROM with all around it',
    ' FROM\t--platform=arm64  a:1  as B \r\nRUN x',
    ` FROM\t--platform=arm64  ${A}  as B \r\nRUN x`,
  ],
  ['FROM through an ARG, which stays', 'ARG V=1\nFROM "a":${V}\nARG V\n', `ARG V=1\nFROM ${A}\nARG V\n`],
  [
    'FROM through a build argument',
    'ARG I\nFROM $I\n',
    `ARG I\nFROM ${C}\n`,
    { buildArgs: { I: 'r.io/c:1' } },
  ],
  ['a stage, left alone', 'FROM a:1 AS a\nFROM a\n', `FROM ${A} AS a\nFROM a\n`],
  [
    'a stage named like its image',
    'FROM b AS b\nFROM b\nCOPY --from=B / /\n',
    `FROM ${B} AS b\nFROM b\nCOPY --from=B / /\n`,
  ],
  [
    'a later stage named like the image',
    'FROM b AS x\nFROM a:1 AS b\nFROM x\n',
    `FROM ${B} AS x\nFROM a:1 AS b\nFROM x\n`,
  ],
  ['an image that is not needed, left alone', 'FROM z AS z\nFROM a:1\n', `FROM z AS z\nFROM ${A}\n`],
  ['scratch, left alone', 'FROM scratch\nCOPY --from=b / /\n', `FROM scratch\nCOPY --from=${B} / /\n`],
  [
    'COPY --from',
    'FROM a:1\nCOPY --chown=1 --from=b --link x y\n',
    `FROM ${A}\nCOPY --chown=1 --from=${B} --link x y\n`,
  ],
  ['COPY --from in quotes', 'FROM a:1\nCOPY --from="b" x y\n', `FROM ${A}\nCOPY --from="${B}" x y\n`],
  [
    'COPY --from with quotes around it all',
    `FROM a:1\nCOPY --'from=b' x y\n`,
    `FROM ${A}\nCOPY --'from=${B}' x y\n`,
  ],
  [
    'COPY --from with quotes inside the name',
    `FROM a:1\nCOPY --from=r."io"/c\\:1 x y\n`,
    `FROM ${A}\nCOPY --from=${C} x y\n`,
  ],
  [
    'COPY --from a stage, left alone',
    'FROM a:1 AS x\nFROM b\nCOPY --from=X x y\n',
    `FROM ${A} AS x\nFROM ${B}\nCOPY --from=X x y\n`,
  ],
  [
    'COPY --from a number, left alone',
    'FROM a:1\nFROM b\nCOPY --from=0 x y\n',
    `FROM ${A}\nFROM ${B}\nCOPY --from=0 x y\n`,
  ],
  [
    'the image that a number past the stages means, where it is named',
    'FROM z\nCOPY --from=b / /\nFROM a:1\nCOPY --from=2 / /\n',
    `FROM z\nCOPY --from=${B} / /\nFROM ${A}\nCOPY --from=2 / /\n`,
  ],
  [
    'a mount',
    'FROM a:1\nRUN --mount=from=b,target=/x ls b\n',
    `FROM ${A}\nRUN --mount=from=${B},target=/x ls b\n`,
  ],
  [
    'the last from of a mount',
    'FROM a:1\nRUN --mount=from=b,from=r.io/c:1 b\n',
    `FROM ${A}\nRUN --mount=from=b,from=${C} b\n`,
  ],
  [
    'two mounts',
    'FROM a:1\nRUN --mount=from=b --mount=from=b x\n',
    `FROM ${A}\nRUN --mount=from=${B} --mount=from=${B} x\n`,
  ],
  [
    'a mount in quotes of both kinds',
    `FROM a:1\nRUN --mount='type=bind,"from=b",target=/x' y\n`,
    `FROM ${A}\nRUN --mount='type=bind,"from=${B}",target=/x' y\n`,
  ],
  [
    'a mount whose name is escaped, with a space elsewhere',
    'FROM a:1\nRUN --mount=from=\\b"",target="/x y" z\n',
    `FROM ${A}\nRUN --mount=from=${B}"",target="/x y" z\n`,
  ],
  [
    'a mount with quotes inside the name',
    'FROM a:1\nRUN --mount=from=r"."io/c:1,target="/x y" z\n',
    `FROM ${A}\nRUN --mount=from=${C},target="/x y" z\n`,
  ],
  [
    'a mount whose name ends inside quotes, written anew',
    'FROM a:1\nRUN --mount=from=r.io/"c:1,target=/x y" z\n',
    `FROM ${A}\nRUN --mount=from=${C},target=/x\\ y z\n`,
  ],
  ['a name over two lines, on the last', 'FROM r.io\\\n/c:1\nRUN x\n', `FROM \\\n${C}\nRUN x\n`],
  [
    'a name over lines with a comment between',
    'FROM a:1\nCOPY --from=r.\\\n# FROM x\nio/c\\\n:1 x y\n',
    `FROM ${A}\nCOPY --from=\\\n# FROM x\n\\\n${C} x y\n`,
  ],
  [
    'ONBUILD that runs',
    'FROM a:1 AS x\nONBUILD COPY --from=b x y\nFROM x\nFROM x\n',
    `FROM ${A} AS x\nONBUILD COPY --from=${B} x y\nFROM x\nFROM x\n`,
  ],
  [
    'ONBUILD that does not, left alone',
    'FROM a:1\nONBUILD COPY --from=b x y\n',
    `FROM ${A}\nONBUILD COPY --from=b x y\n`,
  ],
  [
    'ONBUILD over several lines',
    'FROM a:1 AS x\nONBUILD \\\n  RUN \\\n --mount=from=b \\\n ls\nFROM x\n',
    `FROM ${A} AS x\nONBUILD \\\n  RUN \\\n --mount=from=${B} \\\n ls\nFROM x\n`,
  ],
  [
    'text in heredocs and comments, left alone',
    'FROM a:1\n# FROM a:1\nRUN <<E\nFROM a:1\nE\n',
    `FROM ${A}\n# FROM a:1\nRUN <<E\nFROM a:1\nE\n`,
  ],
  [
    'a byte order mark and what is not ASCII',
    '\uFEFF# é😀\ud800\nFROM a:1\n',
    `\uFEFF# é😀\ud800\nFROM ${A}\n`,
  ],
  ['another target', 'FROM a:1 AS x\nFROM b\n', `FROM ${A} AS x\nFROM b\n`, { target: 'x' }],
  ['what is pinned already, and has no pin', `FROM r.io/d:1@${two}\n`, `FROM r.io/d:1@${two}\n`],
  ['what was pinned by us', `FROM ${A}\nCOPY --from=${B} / /\n`, `FROM ${A}\nCOPY --from=${B} / /\n`],
];
for (const [title, before, after, options = {}] of rows) {
  test(`pins: ${title}`, () => {
    assert.equal(pinBaseImages(before, { ...options, pins }), after);
    const { runtime, all } = findBaseImages(before, options);
    const names = new Map(
      [...Object.entries(pins)].map(([name, pin]) => [name, name.replace(/:\w+$/, `@${pin}`)]),
    );
    const expected = (found: string[]) => found.map((name) => names.get(name) ?? name);
    assert.deepEqual(findBaseImages(after, options), { runtime: expected(runtime), all: expected(all) });
  });
}

test('pins: a digest by another digest, where there is a pin for it', () => {
  const before = `docker.io/library/a:1@${one}`;
  assert.equal(
    pinBaseImages(`FROM a:1@${one}`, { pins: { [before]: two } }),
    `FROM docker.io/library/a@${two}`,
  );
});

const refused: [
  title: string,
  dockerfile: string,
  pins: Record<string, string>,
  line: number,
  why: RegExp,
][] = [
  ['a missing pin', 'FROM a:1\nCOPY --from=z / /\n', pins, 2, /no pin for docker.io\/library\/z:latest/],
  ['a pin that is no digest', 'FROM q\n', { 'docker.io/library/q:latest': 'latest' }, 1, /no digest/],
  ['a pin named like a method', 'FROM r.io/x:toString\n', {}, 1, /no pin/],
  ['a file that cannot be built', 'FROM A\n', pins, 1, /lowercase/],
  [
    'a line that becomes too long',
    `FROM b\nRUN --mount=from=a:1 ${'x'.repeat(65_500)}\n`,
    pins,
    2,
    /longer than/,
  ],
];
for (const [title, dockerfile, given, line, why] of refused) {
  test(`refuses to pin: ${title}`, () =>
    assert.throws(
      () => pinBaseImages(dockerfile, { pins: given }),
      (error) => error instanceof DockerfileError && error.line === line && why.test(error.message),
    ));
}

test.run();
