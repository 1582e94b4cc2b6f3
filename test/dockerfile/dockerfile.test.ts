import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import {
  DockerfileError,
  type DockerfileOptions,
  findBaseImages,
  frontendWarning,
} from '../../shared/dockerfile/baseImages.ts';
import { formatImageRef, parseImageRef } from '../../shared/names/imageRef.ts';

type Case = {
  name: string;
  dockerfile: string;
  buildArgs: Record<string, string>;
  target: string | null;
  platform: string | null;
  expect?: { runtime: string[]; all: string[] };
  error?: { phase: string };
};
const file = join(import.meta.dirname, '../fixtures/dockerfiles/cases.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[];

/** BuildKit leaves a registry as it is written. */
const oneName = (image: string) => formatImageRef(parseImageRef(image));

const deviations: Record<string, string> = {
  'onbuild-external-image-stage':
    'the ONBUILD is in the configuration of an external image: no text can tell it',
};

test(`answers as BuildKit in ${cases.length - Object.keys(deviations).length} cases`, () => {
  for (const { name, dockerfile, buildArgs, target, platform, expect, error } of cases) {
    if (name in deviations) continue;
    const options: DockerfileOptions = { buildArgs };
    if (target !== null) options.target = target;
    if (platform !== null) options.platform = platform;
    if (error !== undefined && error.phase !== 'dispatch') {
      assert.throws(() => findBaseImages(dockerfile, options), DockerfileError, name);
      continue;
    }
    try {
      const { runtime, all } = findBaseImages(dockerfile, options);
      const named = expect && { runtime: expect.runtime.map(oneName), all: expect.all.map(oneName).sort() };
      assert.deepEqual({ runtime, all: all.toSorted() }, named, name);
    } catch (thrown) {
      if (!(thrown instanceof DockerfileError) || error === undefined) throw thrown;
    }
  }
});

const hub = (names: string) => names.split(' ').map((name) => `docker.io/library/${name}`);
type Found = [title: string, dockerfile: string, all: string, options?: DockerfileOptions];

const found: Found[] = [
  // Lines
  ['a name continued on the next line', 'FROM al\\\npine:1\n', 'alpine:1'],
  ['a comment inside a continuation', 'FROM \\\n# FROM x\n  a:1\n', 'a:1'],
  ['a blank line inside a continuation, which swallows', 'FROM a:1\nRUN x \\\n\nFROM b:1\n', 'a:1'],
  ['two backslashes, which do not continue', 'FROM a:1 AS a\nRUN x \\\\\nFROM b:1\n', 'b:1'],
  ['space behind a continuation', 'FROM a:1\nRUN x \\ \t\nFROM b:1\n', 'a:1'],
  ['a lone backslash before', '\\\nFROM a:1\n', 'a:1'],
  ['carriage returns', 'FROM a:1\r\nRUN x \\\r\n y\r\nFROM b:1\r\n', 'b:1'],
  ['no line ending at the end', 'FROM a:1', 'a:1'],
  ['a comment with a space before', 'FROM a:1\n \u3000# FROM b:1\n', 'a:1'],
  ['a byte order mark', '\uFEFFFROM a:1\n', 'a:1'],
  ['a line of just 65,535 bytes', `FROM a:1\n#${'é'.repeat(32_767)}\n`, 'a:1'],
  ['an instruction in small letters', 'from a:1 as b\nfrom b\n', 'a:1'],
  ['a form feed for a space', 'FROM\fa:1\vAS\tb\n', 'a:1'],
  // Directives
  ['another escape character', '# escape=`\nFROM a:1 AS a\nWORKDIR C:\\\nFROM b:1\n', 'b:1'],
  ['directives in any case and order', '# Syntax=x\n# ESCAPE = `\nFROM `\n a:1\n', 'a:1'],
  ['a comment before, which ends directives', '# hi\n# escape=`\nFROM a:1\nRUN C:\\\nFROM b:1\n', 'a:1'],
  ['an unknown directive, which ends them', '# a=b\n# escape=`\nFROM a:1\nRUN C:\\\nFROM b:1\n', 'a:1'],
  ['a blank line, which ends them', '\n# escape=`\nFROM a:1\nRUN C:\\\nFROM b:1\n', 'a:1'],
  ['options of the linter', '# check=skip=all;error=true\nFROM a:1\n', 'a:1'],
  ['ENV in its old form', 'FROM a:1\nENV A =b c=d\n', 'a:1'],
  // Heredocs
  ['a FROM in a heredoc', 'FROM a:1\nRUN <<E\nFROM b:1\nE\n', 'a:1'],
  ['tabs before the end of a heredoc', 'FROM a:1\nRUN <<-E\nFROM b:1\n\t\tE\nFROM c:1\n', 'c:1'],
  ['an end that only looks like one', 'FROM a:1\nRUN <<E\n E\nE \nFROM b:1\nE\n', 'a:1'],
  ['two heredocs, read one after the other', 'FROM a:1\nRUN <<A <<B\nB\nA\nFROM b:1\nB\n', 'a:1'],
  ['a heredoc in ONBUILD', 'FROM a:1\nONBUILD COPY <<E /x\nFROM b:1\nE\n', 'a:1'],
  ['no heredoc in CMD', 'FROM a:1 AS a\nCMD x <<E\nFROM b:1\n', 'b:1'],
  ['no heredoc in the JSON form', 'FROM a:1 AS a\nRUN ["x","<<E"]\nFROM b:1\n', 'b:1'],
  // ARG
  ['an ARG above', 'ARG V=1\nFROM a:$V\n', 'a:1'],
  ['a build argument for it', 'ARG V=1\nFROM a:$V\n', 'a:2', { buildArgs: { V: '2' } }],
  ['a build argument without an ARG, ignored', 'FROM a:${V:-1}\n', 'a:1', { buildArgs: { V: '2' } }],
  ['an empty build argument', 'ARG V=1\nFROM a${V}:1\n', 'a:1', { buildArgs: { V: '' } }],
  [
    'a build argument for an ARG that makes no sense',
    'ARG V="\nFROM a:$V\n',
    'a:2',
    { buildArgs: { V: '2' } },
  ],
  ['a build argument named like a method', 'ARG toString\nFROM a:${toString-1}\n', 'a:1'],
  ['a later ARG', 'ARG V=1\nARG V=$V.2\nFROM a:$V\n', 'a:1.2'],
  ['an ARG without a value, which keeps it', 'ARG V=1\nARG V\nFROM a:$V\n', 'a:1'],
  ['several in a line, left to right', 'ARG A=1 B=$A.2 C="x y"\nFROM a:$B\n', 'a:1.2'],
  ['an ARG of a stage, not seen by FROM', 'FROM a:1 AS a\nARG V=2\nFROM b:${V:-1}\n', 'b:1'],
  [
    'the architecture of the target',
    'FROM a:$TARGETARCH$TARGETVARIANT\n',
    'a:armv7',
    { platform: 'linux/arm' },
  ],
  ['that of the build', 'FROM a:$BUILDARCH\n', 'a:arm64', { buildPlatform: 'linux/aarch64' }],
  ['the target follows the build', 'FROM a:$TARGETARCH\n', 'a:arm64', { buildPlatform: 'linux/arm64' }],
  ['a predefined one, overridden', 'FROM a:$TARGETOS\n', 'a:x', { buildArgs: { TARGETOS: 'x' } }],
  ['the name of the last stage', 'FROM a:$TARGETSTAGE AS x\n', 'a:x'],
  ['the name of a last stage without one', 'FROM a:$TARGETSTAGE\n', 'a:default'],
  ['a version of the system', 'FROM a:$TARGETOSVERSION\n', 'a:10.0.1', { platform: 'windows(10.0.1)/amd64' }],
  // Words
  ['quotes', 'FROM "a":\'1\'\n', 'a:1'],
  // Stages
  ['only what the target needs', 'FROM a:1 AS a\nFROM b:1 AS b\nFROM c:1\nCOPY --from=a / /\n', 'a:1 c:1'],
  [
    'in the order of the file',
    'FROM c:1 AS c\nFROM a:1\nCOPY --from=b:1 / /\nRUN --mount=from=c x\n',
    'c:1 a:1 b:1',
  ],
  ['another target, in any case', 'FROM a:1 AS a\nFROM b:1\n', 'a:1', { target: 'A' }],
  ['a name in capitals, which is made small', 'FROM a:1 AS B\nFROM b\n', 'a:1'],
  ['a name that comes later, an image', 'FROM b AS x\nFROM a:1 AS b\nFROM x\n', 'b:latest'],
  ['a name given twice, the latest so far', 'FROM a:1 AS x\nFROM x AS y\nFROM b:1 AS x\nFROM x\n', 'b:1'],
  ['a name with a tag, an image', 'FROM a:1 AS b\nFROM b:latest\n', 'b:latest'],
  ['an unnamed stage, not found by its image', 'FROM a\nFROM b\nCOPY --from=a / /\n', 'b:latest a:latest'],
  ['FROM a number, an image', 'FROM a:1\nFROM 0\n', '0:latest'],
  ['a Kelvin sign in the name of a stage', 'FROM a:1 AS \u212Ax\nFROM kx\n', 'a:1'],
  ['a dotted capital I in the name of a stage', 'FROM a:1 AS xİ\nFROM xi\n', 'a:1'],
  ['a long s in AS', 'FROM a:1 aſ b\nFROM b\n', 'a:1'],
  [
    'the same image for two platforms, once',
    'FROM --platform=arm64 a:1 AS a\nFROM a:1\nCOPY --from=a / /',
    'a:1',
  ],
  // COPY --from and mounts
  ['the number of a stage', 'FROM a:1\nFROM b:1\nCOPY --from=+00 / /\n', 'a:1 b:1'],
  ['a number past the stages', 'FROM a:1\nCOPY --from=i:1 / /\nFROM b:1\nCOPY --from=2 / /\n', 'i:1 b:1'],
  [
    'the same, moved by a mount',
    'FROM a:1\nRUN --mount=type=tmpfs x\nCOPY --from=i:1 / /\nFROM b:1\nCOPY --from=3 / /',
    'i:1 b:1',
  ],
  [
    'a number too large for Go, a name',
    `FROM a:1\nCOPY --from=${'9'.repeat(20)} / /\n`,
    `a:1 ${'9'.repeat(20)}:latest`,
  ],
  ['quotes in a flag', 'FROM a:1\nCOPY --from="b:1" / /\nCOPY "--from=c:1" / /\n', 'a:1 b:1'],
  ['an empty --from, the context', 'FROM a:1\nCOPY --from= / /\n', 'a:1'],
  ['flags that end at --', 'FROM a:1\nCOPY -- --from=b:1 /\n', 'a:1'],
  [
    'flags that end at a byte which Go takes for a space',
    'FROM a:1\nRUN --mount=target=/à,from=b:1 x\n',
    'a:1',
  ],
  ['the same byte in the middle of a character', 'FROM a:1\nRUN --mount=target=/ㅤ,from=b:1 x\n', 'a:1'],
  [
    'a mount of any kind',
    'FROM a:1\nRUN --mount=type=tmpfs,from=b:1 --mount=from=c:1,TYPE=ssh x\n',
    'a:1 b:1 c:1',
  ],
  ['the last from of a mount', 'FROM a:1\nRUN --mount=from=b:1,FROM=c:1 x\n', 'a:1 c:1'],
  ['a field in quotes', `FROM a:1\nRUN --mount='"from=b:1",target=/x' y\n`, 'a:1 b:1'],
  ['a stage in capitals', 'FROM a:1 AS a\nFROM b:1\nRUN --mount=from=A x\n', 'a:1 b:1'],
  [
    'a mount from nothing, and a stage called scratch',
    'FROM a:1 AS scratch\nFROM b:1\nRUN --mount=type=ssh x\n',
    'a:1 b:1',
  ],
  // ONBUILD
  ['a trigger in the next stage', 'FROM a:1 AS a\nONBUILD COPY --from=b:1 / /\nFROM a\n', 'a:1 b:1'],
  ['no trigger in its own stage', 'FROM a:1\nONBUILD COPY --from=b:1 / /\n', 'a:1'],
  [
    'no trigger in the stage after the next',
    'FROM a:1 AS a\nONBUILD COPY --from=b:1 / /\nFROM c:1 AS c\nFROM c\n',
    'c:1',
  ],
  ['a trigger that is nonsense, and does not run', 'FROM a:1\nONBUILD FORM x\n', 'a:1'],
  ['a trigger with a mount', 'FROM a:1 AS a\nonbuild run --mount=from=b:1 x\nFROM a\n', 'a:1 b:1'],
  [
    'a trigger that needs a stage with a trigger',
    'FROM a:1 AS a\nONBUILD COPY --from=b:1 / /\nFROM a AS m\nFROM c:1 AS c\nONBUILD COPY --from=m / /\nFROM c\n',
    'a:1 b:1 c:1',
  ],
  [
    'a trigger, read with backslash whatever the file says',
    '# escape=`\nFROM a:1 AS a\nONBUILD RUN --mount=from=b:1,target=C:\\ x\nFROM a\n',
    'a:1 b:1',
  ],
  // References
  ['a reference to another registry', 'FROM r.io/a/b:1 AS a\nFROM c:1', 'c:1'],
];
for (const [title, dockerfile, all, options = {}] of found) {
  test(`finds: ${title}`, () => assert.deepEqual(findBaseImages(dockerfile, options).all, hub(all)));
}

const roots: [title: string, dockerfile: string, runtime: string[]][] = [
  ['the image at the end of a chain of stages', 'FROM a:1 AS a\nFROM a AS b\nFROM b\n', hub('a:1')],
  ['nothing for scratch', 'FROM a:1 AS a\nFROM scratch\nCOPY --from=a / /\n', []],
  ['an image called scratch with a tag', 'FROM scratch:latest\n', hub('scratch:latest')],
  ['a stage called scratch', 'FROM a:1 AS scratch\nFROM scratch\n', hub('a:1')],
];
for (const [title, dockerfile, runtime] of roots) {
  test(`runs on: ${title}`, () => assert.deepEqual(findBaseImages(dockerfile).runtime, runtime));
}

type Refused = [title: string, dockerfile: string, line: number, options?: DockerfileOptions];
const refused: Refused[] = [
  ['an empty file', '', 1],
  ['a file of comments', '# a\n\n# b', 3],
  ['a file without FROM', 'ARG A=1\n', 1],
  ['an instruction before FROM', 'ARG A=1\nRUN x\nFROM a\n', 2],
  ['an unknown instruction', 'FROM a\nFORM b\n', 2],
  ['a lone carriage return, which ends no line', 'FROM a\rFROM b', 1],
  ['a line of 65,536 bytes', `FROM a\n#${'é'.repeat(32_767)}x\n`, 2],
  ['a byte order mark further down', 'FROM a\n\uFEFFFROM b\n', 2],
  ['a directive twice', '# escape=`\n# escape=`\nFROM a\n', 2],
  ['another escape character', '# escape=x\nFROM a\n', 1],
  ['an escape character of space', '# escape= \nFROM a\n', 1],
  ['an unknown option of the linter', '# check=none\nFROM a\n', 1],
  ['a heredoc without an end', 'FROM a\nRUN <<E\nE2\n', 2],
  ['a heredoc as a destination', 'FROM a\nCOPY x <<E\nE\n', 2],
  ['a comment behind FROM', 'FROM a # b\n', 1],
  ['FROM without an image', 'FROM \n', 1],
  ['a stage named like a path', 'FROM a AS b/c\n', 1],
  ['a stage named by a number', 'FROM a AS 1\n', 1],
  ['a base that expands to nothing', 'ARG B\nFROM $B\n', 2],
  ['a platform that expands to nothing, where it is not needed', 'FROM --platform=$P a\nFROM b\n', 1],
  ['a platform that is none', 'FROM --platform=linux/a/b/c a\n', 1],
  ['a platform of the target that is none', 'FROM a\n', 1, { platform: 'linux/' }],
  ['quotes with a space', 'FROM "a b"\n', 1],
  ['a reference that is none, where it is not needed', 'FROM A AS x\nFROM b\n', 1],
  ['a stage by its name in capitals', 'FROM a AS Bc\nFROM Bc\n', 2],
  ['a default that is not closed', 'FROM a:${V:-b c}\n', 1],
  ['a fault in an ARG', "ARG V='x\nFROM a\n", 1],
  ['an ARG without a name', 'FROM a\nARG =x\n', 2],
  ['a target that is no stage', 'FROM a AS b\n', 1, { target: 'a' }],
  ['a target by its number', 'FROM a\n', 1, { target: '0' }],
  ['a target by the name BuildKit shows', 'FROM a\n', 1, { target: 'stage-0' }],
  ['a variable in --from, where it is not needed', 'FROM a AS x\nCOPY --from=$A / /\nFROM b\n', 2],
  ['a variable in a mount', 'FROM a\nRUN --mount=from=$A x\n', 2],
  ['the number of no stage', 'FROM a\nCOPY --from=1 / /\n', 2],
  ['a negative number', 'FROM a\nCOPY --from=-1 / /\n', 2],
  ['ADD --from', 'FROM a\nADD --from=b / /\n', 2],
  ['a flag in capitals', 'FROM a\nCOPY --FROM=b / /\n', 2],
  ['a no-break space behind a name', 'FROM a\nCOPY --from=b\u00a0/ / /\n', 2],
  ['a flag twice', 'FROM a\nCOPY --from=b --from=b / /\n', 2],
  ['a flag without its value', 'FROM a\nCOPY --from b / /\n', 2],
  ['an empty mount', 'FROM a\nRUN --mount= x\n', 2],
  ['a mount with an open quote', `FROM a\nRUN --mount='"from=b' x\n`, 2],
  ['a stage that copies from itself', 'FROM a AS b\nCOPY --from=b / /\n', 1],
  [
    'two stages that copy from each other',
    'FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nCOPY --from=0 / /\nFROM c\n',
    1,
  ],
  ['a stage that comes later', 'FROM a AS x\nCOPY --from=y / /\nFROM b AS y\nFROM x\n', 2],
  ['COPY without a destination', 'FROM a\nCOPY x\n', 2],
  ['numbers in the JSON form', 'FROM a\nCMD ["a", 1]\n', 2],
  ['SHELL without the JSON form', 'FROM a\nSHELL sh -c\n', 2],
  ['ENV without a name', 'FROM a\nENV A=1 =2\n', 2],
  ['ENV with one word', 'FROM a\nENV A\n', 2],
  ['ENV with a word that has no =', 'FROM a\nENV A=1 B\n', 2],
  ['ONBUILD ONBUILD', 'FROM a\nONBUILD ONBUILD RUN x\n', 2],
  ['ONBUILD FROM', 'FROM a\nONBUILD FROM b\n', 2],
  ['a trigger that is nonsense and runs', 'FROM a AS b\nONBUILD FORM x\nFROM b\n', 2],
  ['a health check of no known kind', 'FROM a\nHEALTHCHECK x\n', 2],
  ['a health check without a unit of time', 'FROM a\nHEALTHCHECK --interval=5 CMD x\n', 2],
  ['an unknown network', 'FROM a\nRUN --network=x y\n', 2],
  ['a NUL in a name', 'FROM a\0\n', 1],
  ['ARGs that double until memory is full', `ARG A=xx\n${'ARG A=$A$A\n'.repeat(40)}FROM a\n`, 21],
];
for (const [title, dockerfile, line, options = {}] of refused) {
  test(`refuses: ${title}`, () =>
    assert.throws(
      () => findBaseImages(dockerfile, options),
      (error) => error instanceof DockerfileError && error.line === line && error.reason !== '',
    ));
}

const warnings: [
  title: string,
  dockerfile: string,
  frontend: string | undefined,
  options?: DockerfileOptions,
][] = [
  ['no frontend named', 'FROM a\n', undefined],
  ["Docker's own", '# syntax=docker/dockerfile:1.7\nFROM a\n', undefined],
  ["Docker's own by its whole name", '# syntax = docker.io/docker/dockerfile\nFROM a\n', undefined],
  ['its experiments', '# syntax=docker/dockerfile:1-labs\nFROM a\n', 'docker/dockerfile:1-labs'],
  ['another', '#syntax=r.io/mine:1 more\nFROM a\n', 'r.io/mine:1'],
  ['one below another directive', '# escape=`\n# syntax=r.io/mine\nFROM a\n', 'r.io/mine'],
  ['one below a comment, which is none', '# a\n# syntax=r.io/mine\nFROM a\n', undefined],
  ['one below #!', '#!/bin/x\n# syntax=r.io/mine\nFROM a\n', 'r.io/mine'],
  ['one of another kind of file', '// syntax=r.io/mine\n', 'r.io/mine'],
  ['one in JSON', '{"syntax": "r.io/mine"}', 'r.io/mine'],
  ['what is no reference', '# syntax=?\nFROM a\n', '?'],
  ['a build argument', 'FROM a\n', 'r.io/mine', { buildArgs: { BUILDKIT_SYNTAX: 'r.io/mine' } }],
];
for (const [title, dockerfile, frontend, options = {}] of warnings) {
  test(`warns of a frontend: ${title}`, () => {
    const warning = frontendWarning(dockerfile, options);
    assert.equal(warning?.includes(` ${frontend};`), frontend === undefined ? undefined : true);
  });
}

test.run();
